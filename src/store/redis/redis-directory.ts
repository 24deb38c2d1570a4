import type { DeviceView, IndexBatch, SessionDirectoryStore } from '../directory.port.js';
import { HEAD, type StoreKey } from '../store.port.js';
import type { RedisKeys } from './redis-keys.js';
import type { RedisClient } from './redis.client.js';

const FIRST_CURSOR = '0';
/** Members that one ZREM removes: well below a millisecond of Redis. */
const REMOVE_CHUNK = 500;

/** The indexes, each a sorted set, and what can be read of a session without its cookie. */
export class RedisDirectory implements Omit<SessionDirectoryStore, 'endMany'> {
  constructor(
    private readonly client: RedisClient,
    private readonly keys: RedisKeys,
  ) {}

  async scanIndex(index: string, cursor: string | undefined, count: number): Promise<IndexBatch> {
    const key = this.keys.index(index);
    const [next, found] = await this.client.read((redis) =>
      redis.zscan(key, cursor ?? FIRST_CURSOR, 'COUNT', count),
    );
    // Each member is followed by its score.
    const members = found.filter((_, at) => at % 2 === 0);
    return { members, next: next === FIRST_CURSOR ? undefined : next };
  }

  async removeFromIndex(index: string, members: readonly StoreKey[]): Promise<void> {
    const key = this.keys.index(index);
    for (let at = 0; at < members.length; at += REMOVE_CHUNK) {
      const chunk = members.slice(at, at + REMOVE_CHUNK);
      await this.client.write((redis) => redis.zrem(key, ...chunk));
    }
  }

  async readDevice(key: StoreKey): Promise<DeviceView | undefined> {
    const { identity, device } = this.keys.session(key);
    const found = await this.client.read((redis) =>
      redis.vReadDeviceBuffer([identity, device], [HEAD.identityBytes]),
    );
    return found === null ? undefined : { head: found[0], device: found[1] };
  }
}
