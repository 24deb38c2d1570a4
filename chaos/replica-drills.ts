import { setTimeout as delay } from 'node:timers/promises';
import type { Drill, Rounds } from './drill.ts';
import { until } from './processes.ts';
import type { Grant, Relay } from './relay.ts';
import type { Replica } from './replica.ts';
import type { Stage } from './stage.ts';

/** Within this time after the provider was asked it comes: before, while and after the answer is read. */
const MIDDLE_MS = 25;
/** Longer than SHUTDOWN_DELAY: what is in the middle is still there when the listeners close. */
const SLOW_MS = 1_800;
const CALM_MS = 400;
/** How long before a kill a refresh may have been sent that is not written yet. */
const UNWRITTEN_MS = 250;
/** The lock of a replica that is gone (vestibule.yaml) runs out. */
const LOCK_MS = 5_500;
/** Longer than a command to Redis may take. */
const STILL_MS = 1_500;

const MIDDLES: readonly (readonly [Grant, string])[] = [
  ['authorization_code', 'a callback'],
  ['refresh_token', 'a refresh'],
];

interface Target {
  readonly replica: Replica;
  readonly relay: Relay;
}

/** What may happen to one replica while others go on. */
export function replicaDrills(stage: Stage, rounds: number, repetitions: number): readonly Drill[] {
  const each = (count: number, round: (target: Target) => Promise<Rounds>) => async () => {
    let [recoverMs, inFlight] = [0, 0];
    for (let at = 0; at < count; at += 1) {
      const replica = stage.replicas[at % stage.replicas.length];
      const relay = stage.provider.tokens[at % stage.replicas.length];
      if (replica === undefined || relay === undefined) throw new Error('no replica');
      const done = await round({ replica, relay });
      recoverMs = Math.max(recoverMs, done.recoverMs);
      inFlight += done.inFlight;
      await delay(CALM_MS);
    }
    return { recoverMs, inFlight };
  };
  const killed = MIDDLES.map(([grant, what]): Drill => ({
    name: `replica killed in the middle of ${what}, ${rounds} times`,
    breaks: each(rounds, async ({ replica, relay }) => {
      await relay.next(grant);
      await delay(Math.random() * MIDDLE_MS);
      const killed = performance.now();
      const recoverMs = await restart(replica, 'SIGKILL');
      return { recoverMs, inFlight: relay.refreshesBetween(killed - UNWRITTEN_MS, killed) };
    }),
    forMs: LOCK_MS,
    // A call waits for the refresh of a replica that is gone, as it would for a slow provider.
    allows: { cuts: true, refusedLogins: true, waits: true, losses: 'in flight' },
  }));
  const stopped = MIDDLES.map(([grant, what]): Drill => ({
    name: `replica stopped in the middle of ${what}, ${rounds} times`,
    breaks: each(rounds, async ({ replica, relay }) => {
      relay.delayMs = SLOW_MS;
      await relay.next(grant);
      const recovery = restart(replica, 'SIGTERM');
      await delay(SLOW_MS);
      relay.delayMs = 0;
      return { recoverMs: await recovery, inFlight: 0 };
    }),
    forMs: 0,
    allows: { waits: true },
  }));
  const still = (forMs: number, times: number): Drill => ({
    name: `replica stands still for ${forMs / 1000} s in the middle of a refresh, ${times} times`,
    breaks: each(times, async ({ replica, relay }) => {
      await relay.next('refresh_token');
      await delay(Math.random() * MIDDLE_MS);
      const paused = performance.now();
      replica.pause();
      await delay(forMs);
      replica.resume();
      const resumed = performance.now();
      await until('a replica that stood still', () => replica.isReady());
      return {
        recoverMs: performance.now() - resumed,
        inFlight: relay.refreshesBetween(paused - UNWRITTEN_MS, paused),
      };
    }),
    forMs: 0,
    allows: { refusedLogins: true, waits: true, stillMs: forMs, losses: 'in flight' },
  });
  return [
    ...killed,
    still(STILL_MS, rounds),
    still(LOCK_MS, rounds),
    ...stopped,
    {
      name: `replica stopped (SIGTERM), ${repetitions} times`,
      breaks: each(repetitions, async ({ replica }) => ({
        recoverMs: await restart(replica, 'SIGTERM'),
        inFlight: 0,
      })),
      forMs: 0,
    },
  ];
}

/** Milliseconds from the signal until it is ready again. */
async function restart(replica: Replica, signal: 'SIGTERM' | 'SIGKILL'): Promise<number> {
  const started = performance.now();
  const code = await replica.end(signal);
  if (signal === 'SIGTERM' && code !== 0) throw new Error(`a replica ended with ${code}`);
  await replica.start();
  return performance.now() - started;
}
