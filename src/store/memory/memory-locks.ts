import type { Clock } from '../../domain/clock.js';
import type { LockStore, StoreKey } from '../store.port.js';
import { ExpiringMap } from './expiring-map.js';

/** Locks in memory: who holds each, until when. */
export class MemoryLocks implements LockStore {
  private readonly locks: ExpiringMap<string>;

  constructor(clock: Clock) {
    this.locks = new ExpiringMap(clock);
  }

  async acquireLock(key: StoreKey, owner: string, ttlMs: number): Promise<boolean> {
    if (this.locks.get(key) !== undefined) return false;
    this.locks.set(key, owner, ttlMs);
    return true;
  }

  async renewLock(key: StoreKey, owner: string, ttlMs: number): Promise<boolean> {
    if (this.locks.get(key) !== owner) return false;
    this.locks.set(key, owner, ttlMs);
    return true;
  }

  async releaseLock(key: StoreKey, owner: string): Promise<void> {
    if (this.locks.get(key) === owner) this.locks.delete(key);
  }

  sweep(): void {
    this.locks.sweep();
  }
}
