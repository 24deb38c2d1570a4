import { unmetered } from '../../src/store/store-meter.port.js';
import { setImmediate } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { systemClock } from '../../src/domain/clock.js';
import { VestibuleError } from '../../src/errors/vestibule.error.js';
import { RedisClient } from '../../src/store/redis/redis.client.js';
import { RedisStore } from '../../src/store/redis/redis.store.js';
import { RecordedEvents } from '../support/recorded-events.js';
import { redisConfig } from '../support/redis-config.js';
import { RedisHost, freePort } from '../support/redis-host.js';
import {
  eight,
  headOf,
  identityRecord,
  newSession,
  newTransaction,
  storeKey,
  tokensRecord,
  UNLIMITED,
} from '../support/store-records.js';
import { TcpGate } from '../support/tcp-gate.js';

const COMMAND_TIMEOUT_MS = 300;
const LONG = 60_000;

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function startRedis(options: Parameters<typeof RedisHost.start>[0] = {}): Promise<RedisHost> {
  const redis = await RedisHost.start(options);
  cleanups.push(() => redis.stop());
  return redis;
}

function openStore(url: string, commandTimeoutMs = COMMAND_TIMEOUT_MS) {
  const log = new RecordedEvents();
  const store = new RedisStore(redisConfig(url, { commandTimeoutMs }), systemClock, log);
  cleanups.push(() => store.close());
  return { store, log };
}

async function connectedStore(url: string, commandTimeoutMs?: number) {
  const opened = openStore(url, commandTimeoutMs);
  await opened.log.next('store.connected');
  return opened;
}

/** The error's code and detail, and how long it took to come. */
async function failureOf(
  attempt: Promise<unknown>,
): Promise<{ code: string; detail?: string; ms: number }> {
  const started = performance.now();
  try {
    await attempt;
  } catch (error) {
    if (!(error instanceof VestibuleError)) throw error;
    const detail = error.detail === undefined ? {} : { detail: error.detail };
    return { code: error.code, ...detail, ms: performance.now() - started };
  }
  throw new Error('nothing failed');
}

const isAnswered = (store: RedisStore): Promise<boolean> =>
  store.ping().then(
    () => true,
    () => false,
  );

/** Every kind of command that the store sends. */
function everyCommand(store: RedisStore): Promise<unknown>[] {
  const key = storeKey();
  return [
    store.ping(),
    store.readIdentity(key),
    store.readBoth(key),
    store.remainingMs(key),
    store.create(key, newSession({ indexes: [{ index: 'i', score: Date.now() + LONG }] })),
    store.writeTokens(key, eight(1), tokensRecord(2), eight(0)),
    store.writeIdentity(key, eight(1), identityRecord(), UNLIMITED),
    store.extendIdle(key, eight(1), LONG),
    store.end(key, 'logout', LONG),
    store.endMany([key], 'logout', LONG),
    store.readTombstone(key),
    store.scanIndex('i', undefined, 10),
    store.removeFromIndex('i', [key]),
    store.readDevice(key),
    store.markLogout(['name'], 1, LONG),
    store.readLogoutMarks(['name']),
    store.remember('name', LONG),
    store.isRemembered('name'),
    store.publishRenewed(key),
    store.putTransaction(key, newTransaction(), 3),
    store.takeTransaction(key, 'state'),
    store.peekTransaction(key, 'state'),
    store.acquireLock(key, 'owner', LONG),
    store.renewLock(key, 'owner', LONG),
    store.releaseLock(key, 'owner'),
    store.warnings(),
  ];
}

async function expectAllToFailFast(attempts: readonly Promise<unknown>[]): Promise<void> {
  for (const failure of await Promise.all(attempts.map(failureOf))) {
    expect(failure.code).toBe('store_unavailable');
    expect(failure.ms).toBeLessThan(1_000);
  }
}

describe('a Redis that was killed', () => {
  it('makes every command fail within a second, and is used again without a restart (K-01, K-04, K-10, R-02)', async () => {
    const redis = await startRedis({ settings: { appendonly: 'yes' } });
    const { store, log } = await connectedStore(redis.url);
    const key = storeKey();
    await store.create(key, newSession());

    const disconnected = log.next('store.disconnected');
    await redis.kill();
    await expectAllToFailFast(everyCommand(store));
    await disconnected;
    await expectAllToFailFast(everyCommand(store));
    expect(log.count('store.disconnected')).toBe(1);

    const connected = log.next('store.connected');
    await redis.run();
    const back = performance.now();
    await connected;
    expect(performance.now() - back).toBeLessThan(2_500);
    expect(await store.readIdentity(key)).toBeDefined();
  });

  it('makes a command under way fail at once, and does not send it again (K-02, K-08, K-28)', async () => {
    const redis = await startRedis({ settings: { appendonly: 'yes' } });
    const { store, log } = await connectedStore(redis.url, 5_000);
    redis.pause();
    const underWay = failureOf(store.create('lost', newSession()));
    await redis.kill();
    expect(await underWay).toMatchObject({ code: 'store_unavailable' });
    expect((await underWay).ms).toBeLessThan(1_000);

    const connected = log.next('store.connected');
    await redis.run();
    await connected;
    await store.ping();
    expect(await store.readIdentity('lost')).toBeUndefined();
  });
});

describe('a Redis that is paused', () => {
  it('makes every command fail within a second, soon without waiting, and is used again (K-03, K-06, R-03)', async () => {
    const redis = await startRedis();
    const { store, log } = await connectedStore(redis.url);
    const key = storeKey();
    await store.create(key, newSession());

    redis.pause();
    const disconnected = log.next('store.disconnected');
    await expectAllToFailFast(everyCommand(store));
    await disconnected;
    expect((await failureOf(store.readIdentity(key))).ms).toBeLessThan(COMMAND_TIMEOUT_MS / 2);

    const connected = log.next('store.connected');
    redis.resume();
    await connected;
    expect(await store.readIdentity(key)).toBeDefined();
  });

  it('keeps its connection when it goes on before as long a silence again (K-06)', async () => {
    const redis = await startRedis();
    const { store, log } = await connectedStore(redis.url);
    redis.pause();
    const gone = performance.now() + COMMAND_TIMEOUT_MS * 2;
    expect((await failureOf(store.readIdentity('k'))).code).toBe('store_unavailable');
    redis.resume();
    while (performance.now() < gone + 100) await store.ping();
    expect(log.count('store.disconnected')).toBe(0);
  });

  it('does not run what piled up against a session that was ended meanwhile (K-07, K-08, R-03)', async () => {
    const redis = await startRedis();
    const { store } = await connectedStore(redis.url);
    const other = await connectedStore(redis.url, 10_000);
    const key = storeKey();
    await store.create(key, newSession());

    redis.pause();
    const late = [
      store.writeTokens(key, eight(1), tokensRecord(2), eight(0)),
      store.writeIdentity(key, eight(1), identityRecord({ counter: 2 }), UNLIMITED),
      store.extendIdle(key, eight(9_999), LONG),
    ].map(failureOf);
    await Promise.all(late);
    const ended = other.store.end(key, 'logout', LONG);
    redis.resume();
    expect(await ended).toBe(true);
    await other.store.ping();
    expect(await other.store.readBoth(key)).toEqual({ identity: undefined, tokens: undefined });
  });
});

describe('a process that stands still', () => {
  /** As a paused container or a virtual machine that moves: no timer fires, and nothing is read. */
  function standStill(ms: number): void {
    const end = performance.now() + ms;
    while (performance.now() < end);
  }

  it('takes the answers that came meanwhile, and keeps its connection', async () => {
    const redis = await startRedis();
    const { store, log } = await connectedStore(redis.url);
    const key = storeKey();
    await store.create(key, newSession());
    for (const limits of [1.1, 2.5]) {
      const read = store.readIdentity(key);
      await setImmediate();
      standStill(COMMAND_TIMEOUT_MS * limits);
      expect(await read).toBeDefined();
    }
    expect(log.count('store.disconnected')).toBe(0);
  });

  it('hears what came before it leaves a connection that was silent', async () => {
    const redis = await startRedis();
    const { store, log } = await connectedStore(redis.url);
    redis.pause();
    expect((await failureOf(store.readIdentity('k'))).code).toBe('store_unavailable');
    redis.resume();
    standStill(COMMAND_TIMEOUT_MS * 1.5);
    await store.ping();
    expect(log.count('store.disconnected')).toBe(0);
  });

  it('gives Redis its whole time again, and no more', async () => {
    const redis = await startRedis();
    const { store } = await connectedStore(redis.url);
    redis.pause();
    const read = failureOf(store.readIdentity('k'));
    await setImmediate();
    standStill(COMMAND_TIMEOUT_MS * 2);
    const { code, ms } = await read;
    expect(code).toBe('store_unavailable');
    expect(ms).toBeGreaterThanOrEqual(COMMAND_TIMEOUT_MS * 3 - 1);
  });
});

describe('a write that arrives after its caller gave up', () => {
  /** Runs `write` against a held connection until it fails, then `meanwhile` on another, then delivers the write. */
  async function deliverLate(
    write: (store: RedisStore) => Promise<unknown>,
    meanwhile: (store: RedisStore) => Promise<unknown>,
    prepare: (store: RedisStore) => Promise<unknown> = async () => undefined,
  ): Promise<RedisStore> {
    const redis = await startRedis();
    const gate = await TcpGate.open(redis.port);
    cleanups.push(() => gate.close());
    const slow = await connectedStore(`redis://127.0.0.1:${gate.port}`);
    const { store: direct } = await connectedStore(redis.url);
    await prepare(direct);
    await redis.command('CONFIG', 'RESETSTAT');

    gate.hold();
    const disconnected = slow.log.next('store.disconnected');
    expect((await failureOf(write(slow.store))).code).toBe('store_unavailable');
    await disconnected;
    await meanwhile(direct);
    const before = await scriptCalls(redis);
    gate.release();
    while ((await scriptCalls(redis)) === before) await direct.ping();
    return direct;
  }

  const scriptCalls = async (redis: RedisHost): Promise<number> =>
    (await redis.calls('eval')) + (await redis.calls('evalsha'));

  const end = (key: string) => (store: RedisStore) => store.end(key, 'logout', LONG);
  const create = (key: string) => (store: RedisStore) =>
    store.create(key, newSession({ identity: identityRecord({ idleDeadline: 1 }) }));

  it.each([
    ['tokens', (s: RedisStore) => s.writeTokens('k', eight(1), tokensRecord(2), eight(0))],
    ['identity', (s: RedisStore) => s.writeIdentity('k', eight(1), identityRecord(), UNLIMITED)],
    ['idle deadline', (s: RedisStore) => s.extendIdle('k', eight(9_999), LONG)],
    ['session', (s: RedisStore) => s.create('k', newSession())],
  ])('does not bring back an ended session (%s) (K-07, K-08)', async (_name, write) => {
    const direct = await deliverLate(write, end('k'), create('k'));
    expect(await direct.readBoth('k')).toEqual({ identity: undefined, tokens: undefined });
    expect(await direct.readTombstone('k')).toBe('logout');
  });

  it('does not roll newer tokens back (K-07, R-03)', async () => {
    const newer = tokensRecord(2);
    const direct = await deliverLate(
      (store) => store.writeTokens('k', eight(1), tokensRecord(2), eight(5)),
      (store) => store.writeTokens('k', eight(1), newer, eight(7)),
      create('k'),
    );
    const read = await direct.readBoth('k');
    expect(read.tokens).toEqual(newer);
    expect(headOf(read.identity!).accessExpiry).toBe(7);
  });

  it('does not move the idle deadline back (K-07, R-03)', async () => {
    const direct = await deliverLate(
      (store) => store.extendIdle('k', eight(5_000), LONG),
      (store) => store.extendIdle('k', eight(6_000), LONG),
      create('k'),
    );
    expect(headOf((await direct.readIdentity('k'))!).idleDeadline).toBe(6_000);
  });

  it('leaves no session behind whose creation was given up, nor a lock (K-07)', async () => {
    const redis = await startRedis();
    const gate = await TcpGate.open(redis.port);
    cleanups.push(() => gate.close());
    const { store: slow } = await connectedStore(`redis://127.0.0.1:${gate.port}`);
    const { store: direct } = await connectedStore(redis.url);

    gate.hold();
    const attempts = [slow.create('k', newSession()), slow.acquireLock('k', 'slow', LONG)];
    await Promise.all(attempts.map(failureOf));
    const before = await scriptCalls(redis);
    gate.release();
    while ((await scriptCalls(redis)) < before + attempts.length) await direct.ping();
    expect(await direct.readIdentity('k')).toBeUndefined();
    expect(await direct.acquireLock('k', 'next', LONG)).toBe(true);
  });
});

describe('a Redis that is full', () => {
  const refused = { code: 'store_unavailable', detail: 'OOM' };

  async function fullStore(prepare: (store: RedisStore) => Promise<unknown>) {
    const redis = await startRedis();
    const { store } = await connectedStore(redis.url);
    await prepare(store);
    await redis.command('CONFIG', 'SET', 'maxmemory', '1');
    return { redis, store };
  }

  it('goes on reading, extending and ending sessions (K-12, R-05)', async () => {
    const identity = identityRecord({ idleDeadline: 10 });
    const { store } = await fullStore((store) =>
      store.create('k', newSession({ identity, ttlMs: 5_000 })),
    );
    expect(await store.readBoth('k')).toMatchObject({ identity });
    expect(await store.extendIdle('k', eight(20), LONG)).toBe(true);
    expect(await store.remainingMs('k')).toBeGreaterThan(5_000);
    expect(headOf((await store.readIdentity('k'))!).idleDeadline).toBe(20);
    expect(await store.end('k', 'logout', LONG)).toBe(true);
    expect(await store.readIdentity('k')).toBeUndefined();
    expect(await store.readTombstone('k')).toBe('logout');
  });

  it('goes on taking logins that were begun (K-12)', async () => {
    const { store } = await fullStore((store) =>
      store.putTransaction('browser', newTransaction(), 3),
    );
    expect((await store.peekTransaction('browser', 'state'))?.toString()).toBe('transaction');
    expect((await store.takeTransaction('browser', 'state'))?.kind).toBe('taken');
    expect((await store.takeTransaction('browser', 'state'))?.kind).toBe('consumed');
  });

  it('loses no tokens that the provider has just replaced (K-12)', async () => {
    const { store } = await fullStore((store) => store.create('k', newSession()));
    const tokens = tokensRecord(2, Buffer.alloc(2_000, 7));
    expect(await store.writeTokens('k', eight(1), tokens, eight(9))).toBe('written');
    expect((await store.readBoth('k')).tokens).toEqual(tokens);
  });

  it('refuses new sessions, logins and locks, leaves nothing half done, and recovers (K-12, R-05)', async () => {
    const { redis, store } = await fullStore((store) =>
      store.putTransaction('browser', newTransaction(), 1),
    );
    const more = newTransaction({ state: 'more', createdAt: 2_000 });
    expect(await failureOf(store.create('k', newSession()))).toMatchObject(refused);
    expect(await failureOf(store.putTransaction('browser', more, 1))).toMatchObject(refused);
    expect(await failureOf(store.acquireLock('k', 'owner', LONG))).toMatchObject(refused);
    expect(await store.readBoth('k')).toEqual({ identity: undefined, tokens: undefined });
    expect(await store.peekTransaction('browser', 'state')).toBeDefined();

    await redis.command('CONFIG', 'SET', 'maxmemory', '0');
    expect(await store.create(storeKey(), newSession())).toBe('created');
  });
});

describe('a Redis that is not there at the start', () => {
  it('fails fast, says so once, and is used when it comes up (K-10, K-22)', async () => {
    const port = await freePort();
    const { store, log } = openStore(`redis://127.0.0.1:${port}`);
    await expectAllToFailFast(everyCommand(store));
    await log.next('store.error');
    await expectAllToFailFast(everyCommand(store));

    const connected = log.next('store.connected');
    await startRedis({ port });
    await connected;
    await store.ping();
    const reasons = log.events.filter((event) => event.name === 'store.error');
    expect(reasons).toEqual([{ name: 'store.error', fields: { reason: 'ECONNREFUSED' } }]);
  });

  it('closes while nobody answers', async () => {
    const { store, log } = openStore(`redis://127.0.0.1:${await freePort()}`);
    await log.next('store.error');
    await store.close();
    expect((await failureOf(store.ping())).code).toBe('store_unavailable');
  });
});

describe('a client library that gave up', () => {
  it('is made to try again', async () => {
    const redis = await startRedis();
    const log = new RecordedEvents();
    const config = redisConfig(redis.url, { commandTimeoutMs: COMMAND_TIMEOUT_MS });
    const client = new RedisClient(config, log, unmetered);
    cleanups.push(() => client.close());
    await log.next('store.connected');

    const connected = log.next('store.connected');
    await client.read(async (library) => library.disconnect());
    await connected;
    expect(await client.read((library) => library.ping())).toBe('PONG');
  });
});

describe('a Redis that refuses', () => {
  it('names a wrong password once, and by its code only (K-19, P-40)', async () => {
    const redis = await startRedis({ password: 'right-password' });
    const { store, log } = openStore(`redis://:wrong-password@127.0.0.1:${redis.port}`);
    await log.next('store.error');
    expect((await failureOf(store.ping())).code).toBe('store_unavailable');
    const refusals = async (): Promise<number> => {
      const stats = await redis.command('INFO', 'commandstats');
      return Number(/cmdstat_auth:.*failed_calls=(\d+)/.exec(stats)?.[1] ?? 0);
    };
    while ((await refusals()) < 3) await setImmediate();
    expect(log.events).toEqual([{ name: 'store.error', fields: { reason: 'WRONGPASS' } }]);
    expect(JSON.stringify(log.events)).not.toContain('password');
  });

  it('is used under a password that changes: the old one for as long as it holds, and again when it holds again (ATK-93, K-19)', async () => {
    const redis = await startRedis({ password: 'old-password' });
    const { store, log } = await connectedStore(redis.url);
    // Redis knows both for a while: instances are started with the new one, one after the other.
    await redis.command('ACL', 'SETUSER', 'default', '>new-password');
    const next = await connectedStore(`redis://:new-password@127.0.0.1:${redis.port}`);
    for (const one of [store, next.store]) await expect(one.ping()).resolves.toBeUndefined();

    const operator = new Redis(`redis://:new-password@127.0.0.1:${redis.port}`);
    cleanups.push(() => Promise.resolve(operator.disconnect()));
    await operator.acl('SETUSER', 'default', '<old-password');
    // Who is in stays in until the connection ends.
    await expect(store.ping()).resolves.toBeUndefined();
    const refused = log.next('store.error');
    await operator.call('CLIENT', 'KILL', 'TYPE', 'NORMAL', 'SKIPME', 'YES');
    await refused;
    expect(log.events.at(-1)).toEqual({ name: 'store.error', fields: { reason: 'WRONGPASS' } });
    expect((await failureOf(store.ping())).code).toBe('store_unavailable');
    while (!(await isAnswered(next.store))) await setImmediate();

    const back = log.next('store.connected');
    await operator.acl('SETUSER', 'default', '>old-password');
    await back;
    await expect(store.ping()).resolves.toBeUndefined();
    expect(JSON.stringify(log.events)).not.toContain('password');
  });

  it('is left for a new connection when it was demoted (K-14, ATK-93)', async () => {
    const primary = await startRedis();
    const redis = await startRedis();
    const { store, log } = await connectedStore(redis.url);
    await redis.command('REPLICAOF', '127.0.0.1', String(primary.port));
    const connected = log.next('store.connected');
    expect(await failureOf(store.create(storeKey(), newSession()))).toMatchObject({
      code: 'store_unavailable',
      detail: 'READONLY',
    });
    await connected;

    await redis.command('REPLICAOF', 'NO', 'ONE');
    expect(await store.create(storeKey(), newSession())).toBe('created');
  });

  it('finds its scripts again after they were flushed', async () => {
    const redis = await startRedis();
    const { store } = await connectedStore(redis.url);
    await store.create(storeKey(), newSession());
    await store.create(storeKey(), newSession());
    await redis.command('SCRIPT', 'FLUSH');
    expect(await store.create(storeKey(), newSession())).toBe('created');
  });
});
