import { setTimeout as delay } from 'node:timers/promises';
import type { Drill } from './drill.ts';
import type { RedisServer, SentinelSet } from './redis.ts';
import type { Relay } from './relay.ts';

const LATENCY_MS = 200;
/** New logins wait for the store, and so do the tokens of a refresh that was under way. */
const AWAY = { refusedLogins: true, waits: true } as const;

/** What may happen to one Redis. */
export function redisDrills(redis: RedisServer, relay: Relay, forMs: number): readonly Drill[] {
  return [
    {
      name: `Redis killed, back after ${forMs / 1000} s`,
      breaks: () => redis.kill(),
      repairs: () => redis.start(),
      forMs,
      // An append-only file that is synced every second may lack that second.
      allows: { ...AWAY, losses: 'last second' },
    },
    {
      name: `Redis paused for ${forMs / 1000} s`,
      breaks: async () => redis.pause(),
      repairs: async () => redis.resume(),
      forMs,
      allows: AWAY,
    },
    {
      name: 'Redis full (`noeviction`)',
      breaks: async () => void (await redis.command('CONFIG', 'SET', 'maxmemory', '1')),
      repairs: async () => void (await redis.command('CONFIG', 'SET', 'maxmemory', '0')),
      forMs,
      allows: AWAY,
    },
    {
      name: `Redis slow (+${LATENCY_MS} ms)`,
      breaks: async () => {
        relay.delayMs = LATENCY_MS;
      },
      repairs: async () => {
        relay.delayMs = 0;
        await delay(LATENCY_MS);
      },
      forMs,
    },
  ];
}

/** Everything in it is gone, and so is everybody's session. The last of a stage: all have to log in again. */
export function emptied(redis: RedisServer, forMs: number): Drill {
  return {
    name: 'Redis emptied',
    breaks: async () => void (await redis.command('FLUSHALL')),
    forMs,
    until: 'admitted',
    // A login whose state was in there starts again.
    allows: { refusedLogins: true, losses: 'everybody' },
  };
}

export const FAIL_OVER = 'Redis failed over (Sentinel)';

/** The primary is gone for good; the Sentinels have to find another. */
export function failOver(set: SentinelSet, forMs: number): Drill {
  return {
    name: FAIL_OVER,
    breaks: () => set.primary.kill(),
    forMs,
    allows: { ...AWAY, losses: 'last second' },
  };
}
