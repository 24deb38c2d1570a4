import { systemClock } from '../../src/domain/clock.js';
import { RedisStore } from '../../src/store/redis/redis.store.js';
import { RecordedEvents } from '../support/recorded-events.js';
import { RedisHost } from '../support/redis-host.js';
import { describeStoreContract } from './store.contract.js';

describeStoreContract('the Redis driver', async () => {
  const redis = await RedisHost.start({ password: 'only-for-this-test' });
  const log = new RecordedEvents();
  const config = { url: redis.url, prefix: 'v:', commandTimeoutMs: 2_000 };
  const store = new RedisStore({ kind: 'redis', ...config }, systemClock, log);
  await log.next('store.connected');
  return {
    store,
    // Redis has its own clock: its time can only be waited for.
    advance: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    close: async () => {
      await store.close();
      await redis.stop();
    },
  };
});
