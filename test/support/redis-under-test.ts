import type { RedisConnection } from '../../src/config/config.types.js';
import { systemClock } from '../../src/domain/clock.js';
import { RedisStore } from '../../src/store/redis/redis.store.js';
import type { StoreUnderTest } from '../contract/store.contract.js';
import { RecordedEvents } from './recorded-events.js';
import { redisConfig, type MoreRedisConfig } from './redis-config.js';
import { newSession, storeKey } from './store-records.js';

/** The Redis driver for the contract suite, connected; `stop` ends what it is connected to. */
export async function redisUnderTest(
  way: string | RedisConnection,
  stop: () => Promise<void>,
  more: MoreRedisConfig = {},
): Promise<StoreUnderTest> {
  const log = new RecordedEvents();
  const store = new RedisStore(redisConfig(way, more), systemClock, log);
  await log.next('store.connected');
  return {
    store,
    // Redis has its own clock: its time can only be waited for.
    advance: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    // Each write to an index prunes it.
    prune: async (index) => {
      const indexes = [{ index, score: Date.now() + 60_000 }];
      await store.create(storeKey(), newSession({ indexes }));
    },
    close: async () => {
      await store.close();
      await stop();
    },
  };
}
