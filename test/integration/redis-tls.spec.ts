import { readFile } from 'node:fs/promises';
import type { RedisTls } from '../../src/config/config.types.js';
import { systemClock } from '../../src/domain/clock.js';
import { RedisStore } from '../../src/store/redis/redis.store.js';
import { makeCertificates, type Certificates } from '../support/certificates.js';
import { RecordedEvents } from '../support/recorded-events.js';
import { redisConfig } from '../support/redis-config.js';
import { RedisHost } from '../support/redis-host.js';

describe('Redis over TLS', () => {
  let certificates: Certificates;
  let redis: RedisHost;
  const stores: RedisStore[] = [];

  beforeAll(async () => {
    certificates = await makeCertificates();
    redis = await RedisHost.start({
      tls: certificates,
      settings: { bind: '127.0.0.1 127.0.0.2' },
    });
  });
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close();
  });
  afterAll(async () => {
    await redis.stop();
    await certificates.remove();
  });

  function open(url: string, tls?: RedisTls): RecordedEvents {
    const log = new RecordedEvents();
    const config = redisConfig({ kind: 'standalone', url, ...(tls !== undefined && { tls }) });
    stores.push(new RedisStore(config, systemClock, log));
    return log;
  }

  async function refusalOf(log: RecordedEvents): Promise<unknown> {
    await log.next('store.error');
    expect(log.count('store.connected')).toBe(0);
    await expect(stores.at(-1)!.ping()).rejects.toMatchObject({ code: 'store_unavailable' });
    return log.events.at(-1)?.fields['reason'];
  }

  it('is used when its authority is the configured one', async () => {
    await open(redis.url, { ca: certificates.ca }).next('store.connected');
    await expect(stores.at(-1)!.ping()).resolves.toBeUndefined();
  });

  it('is used again when it comes back with a new certificate of that authority (ATK-93)', async () => {
    const log = open(redis.url, { ca: certificates.ca });
    await log.next('store.connected');
    const store = stores.at(-1)!;
    const before = await readFile(certificates.certFile, 'utf8');
    await certificates.renew();
    expect(await readFile(certificates.certFile, 'utf8')).not.toBe(before);
    const gone = log.next('store.disconnected');
    await redis.kill();
    await gone;
    const back = log.next('store.connected');
    await redis.run();
    await back;
    await expect(store.ping()).resolves.toBeUndefined();
  });

  it('is refused under another authority (P-42)', async () => {
    const other = await makeCertificates();
    await other.remove();
    expect(await refusalOf(open(redis.url, { ca: other.ca }))).toBe('SELF_SIGNED_CERT_IN_CHAIN');
  });

  it('is refused when nobody vouches for its authority (P-42)', async () => {
    expect(await refusalOf(open(redis.url))).toBe('SELF_SIGNED_CERT_IN_CHAIN');
  });

  it('is refused under a name that its certificate does not have (P-42, R-49)', async () => {
    // The certificate names localhost and 127.0.0.1; this is the same machine under a third name.
    const url = redis.url.replace('127.0.0.1', '127.0.0.2');
    const log = open(url, { ca: certificates.ca });
    expect(await refusalOf(log)).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
  });

  it('is not connected to in the clear', async () => {
    const log = open(redis.url.replace('rediss:', 'redis:'));
    await log.next('store.error');
    expect(log.count('store.connected')).toBe(0);
  });
});
