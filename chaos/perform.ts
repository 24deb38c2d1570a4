import { setTimeout as delay } from 'node:timers/promises';
import type { Drill, Rounds } from './drill.ts';
import type { Load } from './load.ts';
import type { ProviderLink } from './provider-link.ts';
import { until } from './processes.ts';
import { waitedForCpu } from './starvation.ts';
import type { Tally } from './tally.ts';

export interface Result extends Tally {
  readonly drill: Drill;
  readonly recoverMs: number;
  /** Whose loss guarantee 4 names: refresh tokens that were in flight. */
  readonly mayBeLost: number;
  /** The part of the time that the most starved process was ready to run and got no CPU. */
  readonly starved: number;
}

const LAST_SECOND_MS = 1_000;

/** One drill under load: calm, broken, repaired, calm again; then everybody is looked at. */
export async function perform(drill: Drill, load: Load, calmMs: number): Promise<Result> {
  const { provider, pids } = load.stage;
  await delay(calmMs);
  const starved = starvationOf([process.pid, ...pids]);
  const started = performance.now();
  const rounds = (await drill.breaks()) ?? undefined;
  const byItself =
    drill.repairs === undefined && rounds === undefined
      ? recovery(drill, load, started)
      : undefined;
  await delay(drill.forMs);
  const repaired = performance.now();
  // A Redis that reads its file back is not back yet; what it takes counts.
  const back = drill.repairs === undefined ? byItself : recovery(drill, load, repaired);
  await drill.repairs?.();
  const recoverMs = (await back) ?? rounds?.recoverMs ?? 0;
  await delay(calmMs);
  await load.settle();
  const mayBeLost = inFlight(drill, provider, { started, repaired, rounds });
  return { drill, recoverMs, mayBeLost, starved: starved(), ...load.take() };
}

function inFlight(
  { allows }: Drill,
  provider: ProviderLink,
  {
    started,
    repaired,
    rounds,
  }: { readonly started: number; readonly repaired: number; readonly rounds: Rounds | undefined },
): number {
  const from = started - LAST_SECOND_MS;
  switch (allows?.losses) {
    case 'in flight':
      return rounds?.inFlight ?? provider.refreshesBetween(from, repaired);
    case 'last second':
      return provider.refreshesBetween(from, started + LAST_SECOND_MS);
    case 'everybody':
      return Number.POSITIVE_INFINITY;
    case undefined:
      return 0;
  }
}

/** Milliseconds until it is well again. */
async function recovery({ until: what }: Drill, load: Load, from: number): Promise<number> {
  await until('recovery', () => (what === 'admitted' ? load.admitted() : load.answered()));
  return performance.now() - from;
}

function starvationOf(pids: readonly number[]): () => number {
  const [started, before] = [performance.now(), pids.map(waitedForCpu)];
  return () => {
    const elapsed = performance.now() - started;
    const parts = pids.map((pid, at) => (waitedForCpu(pid) - (before[at] ?? 0)) / elapsed);
    return Math.max(...parts, 0);
  };
}
