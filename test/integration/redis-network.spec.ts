import { setImmediate } from 'node:timers/promises';
import { EventEmitter, once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import type { RedisConnection } from '../../src/config/config.types.js';
import { systemClock } from '../../src/domain/clock.js';
import { VestibuleError } from '../../src/errors/vestibule.error.js';
import { clusterOptions } from '../../src/store/redis/redis-options.js';
import { RedisStore } from '../../src/store/redis/redis.store.js';
import { BadNetwork } from '../support/bad-network.js';
import { RecordedEvents } from '../support/recorded-events.js';
import { redisConfig } from '../support/redis-config.js';
import { freePort, RedisHost, type RedisHostOptions } from '../support/redis-host.js';
import { Stage } from '../support/stage.js';
import { newSession, storeKey } from '../support/store-records.js';

const COMMAND_TIMEOUT_MS = 300;
const BOUND_MS = 1_000;

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function startRedis(options: RedisHostOptions = {}): Promise<RedisHost> {
  const redis = await RedisHost.start(options);
  cleanups.push(() => redis.stop());
  return redis;
}

function openStore(way: string | RedisConnection) {
  const log = new RecordedEvents();
  const config = redisConfig(way, { commandTimeoutMs: COMMAND_TIMEOUT_MS });
  const store = new RedisStore(config, systemClock, log);
  cleanups.push(() => store.close());
  return { store, log };
}

async function overNetwork() {
  const redis = await startRedis();
  const network = await BadNetwork.open(redis.port);
  cleanups.push(() => network.close());
  const { store, log } = openStore(`redis://127.0.0.1:${network.port}`);
  await log.next('store.connected');
  await store.warnings();
  return { redis, network, store, log };
}

/** How the store failed, within the bound; throws when it did not. */
async function failureOf(attempt: Promise<unknown>): Promise<VestibuleError> {
  const started = performance.now();
  const error: unknown = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(performance.now() - started).toBeLessThan(BOUND_MS);
  if (!(error instanceof VestibuleError)) throw new Error('nothing failed', { cause: error });
  expect(error.code).toBe('store_unavailable');
  return error;
}

async function msOf(attempt: Promise<unknown>): Promise<number> {
  const started = performance.now();
  await attempt;
  return performance.now() - started;
}

describe('a Redis that is away', () => {
  it('keeps none of a hundred thousand commands waiting (K-09)', async () => {
    const redis = await startRedis();
    const { store, log } = openStore(redis.url);
    await log.next('store.connected');
    const gone = log.next('store.disconnected');
    await redis.kill();
    await gone;
    let refused = 0;
    for (let batch = 1; batch <= 100; batch += 1) {
      for (let at = 0; at < 1_000; at += 1)
        void store.readIdentity('k').catch(() => (refused += 1));
      // At once: before any timer could run out, or an attempt to connect could fail.
      for (let turn = 0; turn < 5; turn += 1)
        await new Promise<void>((resolve) => process.nextTick(resolve));
      expect(refused).toBe(batch * 1_000);
      await setImmediate();
    }
  });
});

describe('a Redis that wants a password', () => {
  it('refuses who has none at once, with its own code and nothing else (K-20)', async () => {
    const redis = await startRedis({ password: 'right-password' });
    const { store, log } = openStore(`redis://127.0.0.1:${redis.port}`);
    await log.next('store.error');
    await failureOf(store.ping());
    expect(log.count('store.connected')).toBe(0);
    expect(log.events).toEqual([{ name: 'store.error', fields: { reason: 'NOAUTH' } }]);
  });
});

describe('a Redis that loads its data', () => {
  it('is not used before it has them, answers nobody late, and is used then (K-21)', async () => {
    const port = await freePort();
    const redis = await startRedis({
      port,
      settings: { 'key-load-delay': '30000', 'loading-process-events-interval-bytes': '1024' },
    });
    for (let at = 0; at < 60; at += 1) {
      await redis.command('SET', `v:filler:${at}`, `${at}`.padEnd(1_000, 'x'));
    }
    await redis.command('SAVE');
    const { store, log } = openStore(redis.url);
    await log.next('store.connected');
    const gone = log.next('store.disconnected');
    await redis.kill();
    await gone;
    const connected = log.next('store.connected');
    const running = redis.run();
    let loading = 0;
    for (let reply = ''; !reply.startsWith('+PONG');) {
      reply = await redis.command('PING').catch(() => '');
      if (!reply.startsWith('-LOADING')) continue;
      await failureOf(store.readIdentity('k'));
      loading += 1;
    }
    await running;
    await connected;
    expect(loading).toBeGreaterThan(0);
    await store.ping();
  });
});

describe('a Cluster of which no node answers', () => {
  it('fails fast, is asked again and again, and lets the process close (K-25)', async () => {
    let attempts = 0;
    const asked = new EventEmitter();
    const node = createServer((socket) => {
      attempts += 1;
      socket.destroy();
      asked.emit(String(attempts));
    }).listen(0, '127.0.0.1');
    cleanups.push(async () => void node.close());
    await once(node, 'listening');
    const { port } = node.address() as AddressInfo;
    const third = once(asked, '3');
    const { store, log } = openStore({ kind: 'cluster', nodes: [{ host: '127.0.0.1', port }] });
    await log.next('store.error');
    await failureOf(store.ping());
    await third;
    await failureOf(store.ping());
    expect(log.count('store.connected')).toBe(0);
    await store.close();
  });

  it('is given the time of a TLS handshake for its table, and its names stay names (K-25)', () => {
    const connection = { kind: 'cluster', nodes: [] } as const;
    const { slotsRefreshTimeout, dnsLookup } = clusterOptions(redisConfig(connection));
    expect(slotsRefreshTimeout).toBeGreaterThanOrEqual(2_000);
    const resolved: unknown[] = [];
    dnsLookup('redis.internal', (...answer: unknown[]) => resolved.push(answer));
    expect(resolved).toEqual([[null, 'redis.internal']]);
  });
});

describe('a network that is slow', () => {
  it('costs one way there and back for each command, however many are under way (K-30)', async () => {
    const { network, store } = await overNetwork();
    for (const delayMs of [50, 200]) {
      network.delayMs = delayMs;
      const times = await Promise.all(
        Array.from({ length: 100 }, () => msOf(store.readIdentity('k'))),
      );
      for (const time of times) {
        expect(time).toBeGreaterThanOrEqual(delayMs - 1);
        expect(time).toBeLessThan(delayMs + 1_000);
      }
    }
  });

  it('beyond the limit of a command fails within it, and then at once (K-30)', async () => {
    const { network, store, log } = await overNetwork();
    network.delayMs = 1_000;
    const disconnected = log.next('store.disconnected');
    await failureOf(store.readIdentity('k'));
    await disconnected;
    expect(await msOf(failureOf(store.readIdentity('k')))).toBeLessThan(COMMAND_TIMEOUT_MS / 2);
    const connected = log.next('store.connected');
    network.heal();
    await connected;
    await store.ping();
  });

  it('makes a request slower by at most two of its delays (R-06)', async () => {
    const redis = await startRedis();
    const network = await BadNetwork.open(redis.port);
    cleanups.push(() => network.close());
    await using stage = await Stage.open({
      env: { REDIS_URL: `redis://127.0.0.1:${network.port}` },
    });
    const person = await stage.member();
    await stage.call(person);
    network.delayMs = 1_000;
    for (const ask of [() => stage.session(person), () => stage.call(person)]) {
      const took = await msOf(ask());
      expect(took).toBeGreaterThanOrEqual(999);
      expect(took).toBeLessThan(3_000);
    }
    network.heal();
  });
});

describe('a network that tears answers apart', () => {
  it('into single bytes: each record arrives whole (K-31)', async () => {
    const { network, store } = await overNetwork();
    const [key, session] = [storeKey(), newSession()];
    await store.create(key, session);
    network.sliceBytes = 1;
    const read = await store.readBoth(key);
    expect(read).toEqual({ identity: session.identity, tokens: session.tokens });
  });

  it('too slowly: the command fails in time, and no half of a record is taken for one (K-31)', async () => {
    const { network, store, log } = await overNetwork();
    const [key, session] = [storeKey(), newSession()];
    await store.create(key, session);
    network.sliceBytes = 1;
    network.sliceMs = 100;
    await failureOf(store.readBoth(key));
    const lost = log.count('store.connected');
    network.heal();
    await untilRead(store, key, session.identity);
    expect(log.count('store.connected')).toBeGreaterThanOrEqual(lost);
  });

  it.each(['end', 'reset', 'silent'] as const)(
    'in the middle of one (%s): the command fails in time, and no half of a record is taken for one (K-28, K-31)',
    async (ending) => {
      const { network, store, log } = await overNetwork();
      const [key, session] = [storeKey(), newSession()];
      await store.create(key, session);
      network.ending = ending;
      network.cutAfterBytes = 20;
      const gone = log.next('store.disconnected');
      await failureOf(store.readBoth(key));
      network.heal();
      await gone;
      await untilRead(store, key, session.identity);
    },
  );
});

/** A store that was cut off finds its way back by itself. */
async function untilRead(store: RedisStore, key: string, identity: Buffer): Promise<void> {
  const deadline = performance.now() + 5_000;
  for (;;) {
    const read = await store.readIdentity(key).catch(() => undefined);
    if (read !== undefined || performance.now() > deadline) {
      expect(read).toEqual(identity);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
