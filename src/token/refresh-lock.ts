import { randomToken } from '../crypto/random.js';
import type { LockStore, StoreKey } from '../store/store.port.js';

export type Locked<T> = { readonly kind: 'done'; readonly result: T } | { readonly kind: 'taken' };

/**
 * Runs `work` as the only one, on all replicas, that refreshes this session. The lock is renewed while the work
 * lasts, however slow the provider is, and runs out by itself when its holder is gone.
 * @throws VestibuleError `store_unavailable`; what `work` throws
 */
export async function underLock<T>(
  store: LockStore,
  key: StoreKey,
  lockMs: number,
  work: () => Promise<T>,
): Promise<Locked<T>> {
  const owner = randomToken();
  if (!(await store.acquireLock(key, owner, lockMs))) return { kind: 'taken' };
  const renewal = setInterval(() => {
    store.renewLock(key, owner, lockMs).catch(() => undefined);
  }, lockMs / 3);
  try {
    return { kind: 'done', result: await work() };
  } finally {
    clearInterval(renewal);
    // A lock that cannot be released runs out by itself.
    await store.releaseLock(key, owner).catch(() => undefined);
  }
}
