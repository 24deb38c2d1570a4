import { REDIS_RIGHTS } from '../../src/config/options/redis-rights.js';
import { describeStoreContract } from '../contract/store.contract.js';
import { makeCertificates } from '../support/certificates.js';
import { RedisClusterHost } from '../support/redis-cluster-host.js';
import { RedisHost } from '../support/redis-host.js';
import { RedisSentinelHost } from '../support/redis-sentinel-host.js';
import { redisUnderTest } from '../support/redis-under-test.js';

const RULES = `on >app-password resetkeys resetchannels ~v:* &v:* -@all ${REDIS_RIGHTS}`.split(' ');
const credentials = { username: 'app', password: 'app-password' };

describeStoreContract('the Redis driver behind Sentinels with a password, over TLS', async () => {
  const certificates = await makeCertificates();
  const password = 'sentinel-password';
  const host = await RedisSentinelHost.start({ tls: certificates, password });
  const way = {
    ...host.connection,
    tls: { ca: certificates.ca },
    sentinelCredentials: { password },
  };
  return redisUnderTest(way, async () => {
    await host.stop();
    await certificates.remove();
  });
});

describeStoreContract('the Redis driver on a Cluster, with an ACL user of few rights', async () => {
  const host = await RedisClusterHost.start();
  for (const node of host.nodes) await node.command('ACL', 'SETUSER', 'app', ...RULES);
  return redisUnderTest({ ...host.connection, credentials }, () => host.stop());
});

describeStoreContract('the Redis driver over TLS, with an ACL user of few rights', async () => {
  const certificates = await makeCertificates();
  const host = await RedisHost.start({ tls: certificates });
  await host.command('ACL', 'SETUSER', 'app', ...RULES);
  await host.command('ACL', 'SETUSER', 'default', 'off');
  const tls = { ca: certificates.ca };
  return redisUnderTest({ kind: 'standalone', url: host.url, credentials, tls }, async () => {
    await host.stop();
    await certificates.remove();
  });
});
