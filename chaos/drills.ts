import { setTimeout as delay } from 'node:timers/promises';
import type { RedisServer, SentinelSet } from './redis.ts';
import type { Relay } from './relay.ts';

/** Something that breaks, for a while. */
export interface Drill {
  readonly name: string;
  /** Breaks it. */
  readonly breaks: () => Promise<void>;
  /** Repairs it; from the end of this the time to recover counts. Absent: it has to repair itself. */
  readonly repairs?: () => Promise<void>;
  /** How long it stays broken. */
  readonly forMs: number;
}

const LATENCY_MS = 200;

/** What may happen to one Redis. */
export function redisDrills(redis: RedisServer, relay: Relay, forMs: number): readonly Drill[] {
  return [
    {
      name: `Redis killed, back after ${forMs / 1000} s`,
      breaks: () => redis.kill(),
      repairs: () => redis.start(),
      forMs,
    },
    {
      name: `Redis paused for ${forMs / 1000} s`,
      breaks: async () => redis.pause(),
      repairs: async () => redis.resume(),
      forMs,
    },
    {
      name: 'Redis full (`noeviction`)',
      breaks: async () => void (await redis.command('CONFIG', 'SET', 'maxmemory', '1')),
      repairs: async () => void (await redis.command('CONFIG', 'SET', 'maxmemory', '0')),
      forMs,
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

/** The primary is gone for good; the Sentinels have to find another. */
export function failOver(set: SentinelSet, forMs: number): Drill {
  return { name: 'Redis failed over (Sentinel)', breaks: () => set.primary.kill(), forMs };
}
