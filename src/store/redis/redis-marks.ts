import type { LogoutMarkStore } from '../directory.port.js';
import type { RedisKeys } from './redis-keys.js';
import type { RedisClient } from './redis.client.js';

/** Marks in Redis: one key each, because two names of one logout lie in two Cluster slots. */
export class RedisMarks implements LogoutMarkStore {
  constructor(
    private readonly client: RedisClient,
    private readonly keys: RedisKeys,
  ) {}

  async markLogout(names: readonly string[], instant: number, lifeMs: number): Promise<void> {
    const at = Math.trunc(instant);
    await Promise.all(names.map((name) => this.mark(this.keys.logoutMark(name), at, lifeMs)));
  }

  async readLogoutMarks(names: readonly string[]): Promise<readonly (number | undefined)[]> {
    const marks = await Promise.all(
      names.map((name) => this.client.read((redis) => redis.get(this.keys.logoutMark(name)))),
    );
    return marks.map((mark) => (mark === null ? undefined : Number(mark)));
  }

  async isRemembered(name: string): Promise<boolean> {
    return (await this.client.read((redis) => redis.exists(this.keys.remembered(name)))) === 1;
  }

  async remember(name: string, lifeMs: number): Promise<void> {
    await this.mark(this.keys.remembered(name), 1, lifeMs);
  }

  private async mark(key: string, value: number, lifeMs: number): Promise<void> {
    await this.client.write((redis) => redis.vMark([key], [value, lifeMs]));
  }
}
