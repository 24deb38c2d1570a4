import { readFileSync } from 'node:fs';
import { RedisStore } from '../../src/store/redis/redis.store.js';
import { FixedClock } from '../support/fixed-clock.js';
import { RecordedEvents } from '../support/recorded-events.js';
import { redisConfig } from '../support/redis-config.js';
import { RedisHost } from '../support/redis-host.js';
import { newSession, newTransaction, storeKey } from '../support/store-records.js';

const LONG = 60_000;

describe('the Redis driver', () => {
  let redis: RedisHost;
  let store: RedisStore;
  let log: RecordedEvents;
  let clock: FixedClock;

  beforeAll(async () => {
    redis = await RedisHost.start();
  });
  beforeEach(async () => {
    await redis.flush();
    clock = new FixedClock();
    log = new RecordedEvents();
    store = new RedisStore(redisConfig(redis.url), clock, log);
    await log.next('store.connected');
  });
  afterEach(async () => {
    await store.close();
  });
  afterAll(async () => {
    await redis.stop();
  });

  const integer = async (...words: string[]): Promise<number> =>
    Number((await redis.command(...words)).slice(1));
  const keys = async (): Promise<string[]> =>
    (await redis.command('KEYS', '*')).split('\r\n').filter((line) => line.startsWith('v:'));

  it('sends the commands of one turn of the event loop in few writes', async () => {
    const writes = (): number =>
      Number(/^syscw: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);
    const key = storeKey();
    await store.create(key, newSession());
    const READS = 200;
    const before = writes();
    await Promise.all(Array.from({ length: READS }, () => store.readIdentity(key)));
    // What else this process writes meanwhile is some wake-ups of its threads.
    expect(writes() - before).toBeLessThan(READS / 4);
  });

  it('reads the identity with one command, and both records with one', async () => {
    const key = storeKey();
    await store.create(key, newSession());
    await store.warnings();
    await redis.command('CONFIG', 'RESETSTAT');
    await store.readIdentity(key);
    await store.readBoth(key);
    const stats = await redis.command('INFO', 'commandstats');
    const counted = [...stats.matchAll(/cmdstat_([^:]+):calls=(\d+)/g)].map(([, name, calls]) => [
      name,
      calls,
    ]);
    expect(counted.filter(([name]) => name !== 'config|resetstat')).toEqual(
      expect.arrayContaining([
        ['get', '1'],
        ['mget', '1'],
      ]),
    );
    expect(counted.filter(([name]) => name !== 'config|resetstat')).toHaveLength(2);
  });

  it('keeps all keys of a session, and those of a browser, under one hash tag (K-23, K-27)', async () => {
    await store.create('key', newSession());
    await store.acquireLock('key', 'owner', LONG);
    await store.end('other', 'logout', LONG);
    await store.putTransaction('browser', newTransaction(), 3);
    expect((await keys()).sort()).toEqual([
      'v:l:{browser}',
      'v:s:{key}:d',
      'v:s:{key}:i',
      'v:s:{key}:l',
      'v:s:{key}:t',
      'v:s:{other}:x',
    ]);
  });

  it('gives every key an end', async () => {
    const indexes = [{ index: 'sub', score: clock.now() + LONG }];
    await store.create('key', newSession({ indexes }));
    await store.extendIdle('key', Buffer.alloc(8, 1), LONG);
    await store.acquireLock('key', 'owner', LONG);
    await store.end('other', 'logout', LONG);
    await store.putTransaction('browser', newTransaction(), 3);
    const lives = await Promise.all((await keys()).map((key) => integer('PTTL', key)));
    expect(lives).toHaveLength(7);
    for (const life of lives) expect(life).toBeGreaterThan(0);
  });

  it('has the session in its indexes for as long as they score it', async () => {
    const score = clock.now() + LONG;
    await store.create(
      'key',
      newSession({ indexes: ['sub', 'sid'].map((index) => ({ index, score })) }),
    );
    for (const index of ['v:x:sub', 'v:x:sid']) {
      expect(await redis.command('ZSCORE', index, 'key')).toContain(String(score));
    }
  });

  it('has the session in its indexes before it is there', async () => {
    await redis.command('SET', 'v:x:broken', 'not a sorted set');
    const indexes = [{ index: 'broken', score: clock.now() + LONG }];
    await expect(store.create('key', newSession({ indexes }))).rejects.toMatchObject({
      code: 'store_unavailable',
      detail: 'WRONGTYPE',
    });
    expect(await store.readIdentity('key')).toBeUndefined();
  });

  it('lets an index live as long as its longest member, and never shortens it', async () => {
    const add = (key: string, life: number): Promise<unknown> =>
      store.create(
        key,
        newSession({ ttlMs: 1_000, indexes: [{ index: 'sub', score: clock.now() + life }] }),
      );
    await add('long', 10 * LONG);
    await add('short', LONG);
    expect(await integer('PTTL', 'v:x:sub')).toBeGreaterThan(9 * LONG);
    await add('longest', 20 * LONG);
    expect(await integer('PTTL', 'v:x:sub')).toBeGreaterThan(19 * LONG);
  });

  it('prunes expired members of an index when it writes to it, a bounded number at a time (R-51)', async () => {
    for (let at = 0; at < 40; at += 1) {
      await redis.command('ZADD', 'v:x:sub', String(clock.now() - 1), `expired${at}`);
    }
    await redis.command('ZADD', 'v:x:sub', String(clock.now()), 'just');
    const indexes = [{ index: 'sub', score: clock.now() + LONG }];
    await store.create('a', newSession({ indexes }));
    expect(await integer('ZCARD', 'v:x:sub')).toBe(40 - 32 + 2);
    await store.create('b', newSession({ indexes }));
    expect(await integer('ZCARD', 'v:x:sub')).toBe(3);
  });

  it('prunes them once where two instances do so at the same time, and none that lives (P-26)', async () => {
    const events = new RecordedEvents();
    const second = new RedisStore(redisConfig(redis.url), clock, events);
    await events.next('store.connected');
    try {
      for (let at = 0; at < 40; at += 1)
        await redis.command('ZADD', 'v:x:sub', String(clock.now() - 1), `expired${at}`);
      const indexes = [{ index: 'sub', score: clock.now() + LONG }];
      const made = await Promise.all(
        [store, second].flatMap((each, at) => [
          each.create(`a${at}`, newSession({ indexes })),
          each.create(`b${at}`, newSession({ indexes })),
        ]),
      );
      expect(made).toEqual(['created', 'created', 'created', 'created']);
      const members = await redis.command('ZRANGE', 'v:x:sub', '0', '-1');
      const names = members.split('\r\n').filter((line) => /^\w/.test(line));
      expect(names.toSorted()).toEqual(['a0', 'a1', 'b0', 'b1']);
    } finally {
      await second.close();
    }
  });

  it('lets the transactions of a browser end with the longest of them', async () => {
    await store.putTransaction('browser', newTransaction({ state: 'a', lifeMs: LONG }), 3);
    await store.putTransaction('browser', newTransaction({ state: 'b', lifeMs: 1_000 }), 3);
    expect(await integer('PTTL', 'v:l:{browser}')).toBeGreaterThan(LONG / 2);
  });

  it('warns of settings that lose sessions, with the remedy, and is silent when they are right (K-13)', async () => {
    await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    const [eviction, persistence] = await store.warnings();
    expect(eviction).toContain('Set maxmemory-policy noeviction');
    expect(persistence).toContain('Set appendonly yes');

    await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    await redis.command('CONFIG', 'SET', 'appendonly', 'yes');
    expect(await store.warnings()).toEqual([]);
    await redis.command('CONFIG', 'SET', 'appendonly', 'no');
  });

  it('says so when Redis withholds its settings', async () => {
    const rules = ['on', '>pw', '~*', '+@all', '-config'];
    await redis.command('ACL', 'SETUSER', 'app', ...rules);
    const url = redis.url.replace('redis://', 'redis://app:pw@');
    const events = new RecordedEvents();
    const limited = new RedisStore(redisConfig(url), clock, events);
    await events.next('store.connected');
    const warnings = await limited.warnings();
    expect(warnings).toHaveLength(2);
    for (const warning of warnings) expect(warning).toContain('does not tell');
    await limited.close();
  });

  it('logs its findings when it connects', async () => {
    const events = new RecordedEvents();
    const second = new RedisStore(redisConfig(redis.url), clock, events);
    await events.next('store.warning');
    expect(String(events.events.at(-1)?.fields['finding'])).toContain('appendonly');
    await second.close();
  });

  it('lets a command under way be answered before it closes', async () => {
    await store.create('key', newSession());
    const underWay = store.end('key', 'logout', LONG);
    await store.close();
    expect(await underWay).toBe(true);
  });
});
