import { RedisHost } from '../support/redis-host.js';
import { redisUnderTest } from '../support/redis-under-test.js';
import { describeStoreContract } from './store.contract.js';

describeStoreContract('the Redis driver', async () => {
  const redis = await RedisHost.start({ password: 'only-for-this-test' });
  return redisUnderTest(redis.url, () => redis.stop());
});

// For a shorter time than any life in the contract: the records of the product outlive their deadlines.
describeStoreContract('the Redis driver with a near cache', async () => {
  const redis = await RedisHost.start();
  return redisUnderTest(redis.url, () => redis.stop(), { nearCacheMs: 40 });
});
