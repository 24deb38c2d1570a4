import { FixedClock } from '../../../test/support/fixed-clock.js';
import { newSession, newTransaction } from '../../../test/support/store-records.js';
import { MemoryStore } from './memory.store.js';

const LONG = 60_000;

describe('the memory driver', () => {
  let clock: FixedClock;
  let store: MemoryStore;

  beforeEach(() => {
    clock = new FixedClock();
    store = new MemoryStore(clock, { maxSessions: 2, maxBrowsers: 2 });
  });
  afterEach(() => store.close());

  it('answers at the end of the turn, with all that was asked for in it', async () => {
    const session = newSession();
    await store.create('one', session);
    const answers: string[] = [];
    const reads = [
      store.readIdentity('one').then(() => answers.push('identity')),
      store.readBoth('one').then(() => answers.push('both')),
    ];
    process.nextTick(() => answers.push('what was read meanwhile'));
    await Promise.all(reads);
    expect(answers).toEqual(['what was read meanwhile', 'identity', 'both']);
  });

  it('refuses a new session when it is full, and keeps those it has', async () => {
    await store.create('a', newSession());
    await store.create('b', newSession());
    await expect(store.create('c', newSession())).rejects.toMatchObject({
      code: 'store_unavailable',
      detail: 'memory_full',
    });
    expect(await store.readIdentity('a')).toBeDefined();
    expect(await store.readIdentity('b')).toBeDefined();
  });

  it('has room again once a session ended or expired', async () => {
    await store.create('a', newSession());
    await store.create('b', newSession({ ttlMs: 1_000 }));
    await store.end('a', 'logout', LONG);
    expect(await store.create('c', newSession())).toBe('created');
    clock.advance(1_000);
    expect(await store.create('d', newSession())).toBe('created');
  });

  it('lets the browser with the oldest login go when too many log in (ATK-100, J-25, E-55)', async () => {
    for (const browser of ['a', 'b', 'c']) await store.putTransaction(browser, newTransaction(), 3);
    expect(await store.takeTransaction('a', 'state')).toBeUndefined();
    expect((await store.takeTransaction('b', 'state'))?.kind).toBe('taken');
    expect((await store.takeTransaction('c', 'state'))?.kind).toBe('taken');
  });

  it('prefers expired logins when it makes room', async () => {
    await store.putTransaction('a', newTransaction({ lifeMs: LONG }), 3);
    await store.putTransaction('b', newTransaction({ lifeMs: 1_000 }), 3);
    clock.advance(1_000);
    await store.putTransaction('c', newTransaction(), 3);
    expect((await store.takeTransaction('a', 'state'))?.kind).toBe('taken');
  });

  it('bounds its tombstones', async () => {
    for (const key of ['a', 'b', 'c']) await store.end(key, 'logout', LONG);
    expect(await store.readTombstone('a')).toBeUndefined();
    expect(await store.readTombstone('c')).toBe('logout');
  });

  it('keeps what is alive when it sweeps', async () => {
    await store.create('a', newSession({ ttlMs: LONG }));
    await store.putTransaction('browser', newTransaction({ lifeMs: LONG }), 3);
    await store.acquireLock('a', 'owner', LONG);
    clock.advance(LONG - 1);
    store.sweep();
    expect(await store.readIdentity('a')).toBeDefined();
    expect(await store.peekTransaction('browser', 'state')).toBeDefined();
    expect(await store.renewLock('a', 'owner', LONG)).toBe(true);
  });

  it('tells the operator what a restart costs', async () => {
    const [warning] = await store.warnings();
    expect(warning).toContain('Set REDIS_URL');
  });
});
