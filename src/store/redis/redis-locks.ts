import type { LockStore, StoreKey } from '../store.port.js';
import type { RedisKeys } from './redis-keys.js';
import type { RedisClient } from './redis.client.js';

/** Locks in Redis: a key with the owner as its value. */
export class RedisLocks implements LockStore {
  constructor(
    private readonly client: RedisClient,
    private readonly keys: RedisKeys,
  ) {}

  async acquireLock(key: StoreKey, owner: string, ttlMs: number): Promise<boolean> {
    const { lock } = this.keys.session(key);
    try {
      const set = await this.client.write((redis) => redis.set(lock, owner, 'PX', ttlMs, 'NX'));
      return set === 'OK';
    } catch (error) {
      // Best effort, after the late command on the same connection: else the lock stays until its time is up.
      this.releaseLock(key, owner).catch(() => undefined);
      throw error;
    }
  }

  async renewLock(key: StoreKey, owner: string, ttlMs: number): Promise<boolean> {
    const { lock } = this.keys.session(key);
    return (await this.client.write((redis) => redis.vRenewLock([lock], [owner, ttlMs]))) === 1;
  }

  async releaseLock(key: StoreKey, owner: string): Promise<void> {
    const { lock } = this.keys.session(key);
    await this.client.write((redis) => redis.vReleaseLock([lock], [owner]));
  }
}
