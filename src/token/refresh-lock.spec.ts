import { FixedClock } from '../../test/support/fixed-clock.js';
import { storeKey } from '../../test/support/store-records.js';
import { MemoryStore } from '../store/memory/memory.store.js';
import type { LockStore, StoreKey } from '../store/store.port.js';
import { underLock } from './refresh-lock.js';

let store: MemoryStore;
let key: StoreKey;
beforeEach(() => {
  store = new MemoryStore(new FixedClock());
  key = storeKey();
});
afterEach(() => store.close());

const isFree = async (): Promise<boolean> => {
  const free = await store.acquireLock(key, 'me', 1_000);
  if (free) await store.releaseLock(key, 'me');
  return free;
};

it('keeps others out while the work lasts, and no longer', async () => {
  const during = Promise.withResolvers<boolean>();
  const outcome = await underLock(store, key, 1_000, async () => {
    during.resolve(await isFree());
    return 'result';
  });
  expect(outcome).toEqual({ kind: 'done', result: 'result' });
  expect([await during.promise, await isFree()]).toEqual([false, true]);
});

it('does nothing where another has it', async () => {
  await store.acquireLock(key, 'other', 1_000);
  let worked = false;
  const outcome = await underLock(store, key, 1_000, async () => {
    worked = true;
  });
  expect([outcome, worked]).toEqual([{ kind: 'taken' }, false]);
});

it('is free again after work that fails', async () => {
  const work = () => Promise.reject(new Error('no'));
  await expect(underLock(store, key, 1_000, work)).rejects.toThrow('no');
  expect(await isFree()).toBe(true);
});

it('is one per session', async () => {
  await underLock(store, key, 1_000, async () => {
    const other = await underLock(store, storeKey(), 1_000, async () => undefined);
    expect(other.kind).toBe('done');
  });
});

/** A store that renews when told to. */
const renewing = (renew: () => Promise<boolean>): LockStore => ({
  acquireLock: async () => true,
  renewLock: renew,
  releaseLock: () => Promise.reject(new Error('the store is away')),
});

it('is renewed three times in its life, also while the store fails, and its result counts', async () => {
  let renewals = 0;
  const thrice = Promise.withResolvers<void>();
  const failing = renewing(() => {
    renewals += 1;
    if (renewals === 3) thrice.resolve();
    return renewals === 1 ? Promise.reject(new Error('the store is away')) : Promise.resolve(true);
  });
  const started = performance.now();
  const outcome = await underLock(failing, key, 60, () => thrice.promise.then(() => 'result'));
  expect(outcome).toEqual({ kind: 'done', result: 'result' });
  expect(performance.now() - started).toBeGreaterThanOrEqual(3 * 19);
});
