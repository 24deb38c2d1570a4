import type { Counted, CounterStore } from '../counter.port.js';
import type { RedisKeys } from './redis-keys.js';
import type { RedisClient } from './redis.client.js';

/** Counters in Redis: one key each, which ends with its window. */
export class RedisCounters implements CounterStore {
  constructor(
    private readonly client: RedisClient,
    private readonly keys: RedisKeys,
  ) {}

  async count(name: string, windowMs: number): Promise<Counted> {
    const key = this.keys.counter(name);
    const [count, remainingMs] = await this.client.write((redis) =>
      redis.vCount([key], [windowMs]),
    );
    return { count, remainingMs };
  }
}
