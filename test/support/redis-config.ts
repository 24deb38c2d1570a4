import type { RedisConnection } from '../../src/config/config.types.js';
import type { RedisConfig } from '../../src/store/redis/redis-options.js';

export type MoreRedisConfig = Partial<Omit<RedisConfig, 'kind' | 'connection'>>;

/** The store's configuration for a way to Redis, or for the URL of one server. */
export function redisConfig(
  way: string | RedisConnection,
  more: MoreRedisConfig = {},
): RedisConfig {
  const connection = typeof way === 'string' ? ({ kind: 'standalone', url: way } as const) : way;
  return { kind: 'redis', connection, prefix: 'v:', commandTimeoutMs: 2_000, ...more };
}
