import { systemClock } from '../../src/domain/clock.js';
import type { SessionSignal } from '../../src/store/directory.port.js';
import { RedisStore } from '../../src/store/redis/redis.store.js';
import { RecordedEvents } from '../support/recorded-events.js';
import { redisConfig } from '../support/redis-config.js';
import { RedisHost, freePort } from '../support/redis-host.js';
import { newSession, storeKey } from '../support/store-records.js';

const LONG = 60_000;

/** A listener whose gaps and signals can be awaited. */
class Ear {
  readonly heard: SessionSignal[] = [];
  gaps = 0;
  private waiting: (() => void)[] = [];

  onSignal(signal: SessionSignal): void {
    this.heard.push(signal);
    this.notice();
  }

  onGap(): void {
    this.gaps += 1;
    this.notice();
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  private notice(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function startRedis(options: Parameters<typeof RedisHost.start>[0] = {}): Promise<RedisHost> {
  const redis = await RedisHost.start(options);
  cleanups.push(() => redis.stop());
  return redis;
}

async function connectedStore(url: string) {
  const log = new RecordedEvents();
  const config = redisConfig(url, { commandTimeoutMs: 300 });
  const store = new RedisStore(config, systemClock, log);
  cleanups.push(() => store.close());
  await log.next('store.connected');
  return { store, log };
}

async function listening(store: RedisStore) {
  const ear = new Ear();
  const stop = store.listen(ear);
  await ear.until(() => ear.gaps === 1);
  return { ear, stop };
}

describe('signals through Redis', () => {
  const subscribers = async (redis: RedisHost): Promise<number> => {
    const clients = await redis.command('CLIENT', 'LIST');
    return clients.split('\n').filter((line) => line.includes('name=vestibule-signals')).length;
  };

  it('cost no connection before somebody listens, and one however many do (K-29)', async () => {
    const redis = await startRedis();
    const { store } = await connectedStore(redis.url);
    await store.end(storeKey(), 'logout', LONG);
    expect(await subscribers(redis)).toBe(0);
    await listening(store);
    store.listen(new Ear());
    await store.publishRenewed(storeKey());
    expect(await subscribers(redis)).toBe(1);
  });

  it('reach the other replicas', async () => {
    const redis = await startRedis();
    const { store: one } = await connectedStore(redis.url);
    const { store: other } = await connectedStore(redis.url);
    const { ear } = await listening(other);
    const key = storeKey();
    await one.create(key, newSession());
    await one.end(key, 'backchannel', LONG);
    await ear.until(() => ear.heard.length > 0);
    expect(ear.heard).toEqual([{ kind: 'ended', key, reason: 'backchannel' }]);
  });

  it('keep applications with other prefixes apart', async () => {
    const redis = await startRedis();
    const { store } = await connectedStore(redis.url);
    const { ear } = await listening(store);
    await redis.command('PUBLISH', 'other:signals', 'renewed key');
    await redis.command('PUBLISH', 'v:signals', 'renewed key');
    await ear.until(() => ear.heard.length > 0);
    expect(ear.heard).toHaveLength(1);
  });

  it('are not made of what else comes over the channel', async () => {
    const redis = await startRedis();
    const { store } = await connectedStore(redis.url);
    const { ear } = await listening(store);
    for (const text of ['', '{}', 'ended key', 'shutdown now please']) {
      await redis.command('PUBLISH', 'v:signals', text);
    }
    await store.publishRenewed('key');
    await ear.until(() => ear.heard.length > 0);
    expect(ear.heard).toEqual([{ kind: 'renewed', key: 'key' }]);
  });

  it('come again after the subscription was lost, and the gap is told to everybody', async () => {
    const redis = await startRedis();
    const { store } = await connectedStore(redis.url);
    const { ear } = await listening(store);
    const late = new Ear();
    store.listen(late);
    await redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await ear.until(() => ear.gaps === 2);
    expect(late.gaps).toBe(1);
    await store.publishRenewed('key');
    await ear.until(() => ear.heard.length === 1);
  });

  it('tell of the gap within seconds when Redis falls silent with its connections open', async () => {
    const redis = await startRedis();
    const { store, log } = await connectedStore(redis.url);
    const { ear } = await listening(store);
    // Nothing but the heartbeat can notice: no command is under way.
    const noticed = log.next('store.error');
    redis.pause();
    await noticed;
    redis.resume();
    await ear.until(() => ear.gaps >= 2);
    await store.publishRenewed('key');
    await ear.until(() => ear.heard.length > 0);
  });

  it('are listened for before Redis is there', async () => {
    const port = await freePort();
    const store = new RedisStore(
      redisConfig(`redis://127.0.0.1:${port}`),
      systemClock,
      new RecordedEvents(),
    );
    cleanups.push(() => store.close());
    const ear = new Ear();
    store.listen(ear);
    await startRedis({ port });
    await ear.until(() => ear.gaps > 0);
  });

  it('say why they cannot be listened for', async () => {
    const redis = await startRedis();
    await redis.command('ACL', 'SETUSER', 'app', 'on', '>pw', '~*', '+@all', 'resetchannels');
    const { store, log } = await connectedStore(redis.url.replace('redis://', 'redis://app:pw@'));
    const refused = log.next('store.error');
    store.listen(new Ear());
    await refused;
    expect(log.events.at(-1)).toEqual({ name: 'store.error', fields: { reason: 'NOPERM' } });

    const key = storeKey();
    await store.create(key, newSession());
    expect(await store.end(key, 'logout', LONG)).toBe(true);
  });
});

describe('an end that Redis forgot', () => {
  /** Ends a session through `store`, then lets it be there again, as after a fail-over to a lagging replica. */
  async function forgottenEnd(redis: RedisHost, store: RedisStore, key: string): Promise<void> {
    const { store: other } = await connectedStore(redis.url);
    await store.create(key, newSession());
    await store.end(key, 'revoked', LONG);
    await redis.command('DEL', `v:s:{${key}}:x`);
    expect(await other.create(key, newSession())).toBe('created');
    await other.close();
  }

  /** The connection of the store that was opened first: what else listens must not be disturbed. */
  async function oldestClient(redis: RedisHost): Promise<string> {
    const clients = await redis.command('CLIENT', 'LIST');
    const ids = [...clients.matchAll(/id=(\d+) .*name=vestibule /g)].map(([, id]) => Number(id));
    return String(Math.min(...ids));
  }

  it('is told again with the next connection, before any other command, and to everybody (K-17)', async () => {
    const redis = await startRedis();
    const { store, log } = await connectedStore(redis.url);
    const { store: other } = await connectedStore(redis.url);
    const { ear } = await listening(other);
    const key = storeKey();
    await forgottenEnd(redis, store, key);
    await ear.until(() => ear.heard.length === 1);

    const connected = log.next('store.connected');
    await redis.command('CLIENT', 'KILL', 'ID', await oldestClient(redis));
    await connected;
    expect(await store.readIdentity(key)).toBeUndefined();
    expect(await store.readTombstone(key)).toBe('revoked');
    await ear.until(() => ear.heard.length === 2);
    expect(ear.heard.at(-1)).toEqual({ kind: 'ended', key, reason: 'revoked' });
  });

  it('is told again when a replica that took no writes takes them (K-14, K-17)', async () => {
    const redis = await startRedis();
    const { store, log } = await connectedStore(redis.url);
    const key = storeKey();
    await forgottenEnd(redis, store, key);
    // Its primary is not there, so that it keeps what it has.
    await redis.command('REPLICAOF', '127.0.0.1', String(await freePort()));
    const connected = log.next('store.connected');
    await expect(store.end(storeKey(), 'logout', LONG)).rejects.toMatchObject({
      detail: 'READONLY',
    });
    await connected;
    await redis.command('REPLICAOF', 'NO', 'ONE');
    const { store: other } = await connectedStore(redis.url);
    const { ear } = await listening(other);
    await ear.until(() => ear.heard.some((signal) => signal.key === key));
    expect(await store.readIdentity(key)).toBeUndefined();
  });
});
