import type { RedisConnection, RedisCredentials, StoreConfig } from './config.types.js';
import type { Values } from './option.js';
import type { storeOptions } from './options/store.options.js';
import { complete, type FoundConfig } from './sections.js';

type StoreSection = Values<typeof storeOptions>;

/** Where sessions live: the rules have seen to it that at most one kind of Redis is named. */
export function assembleStore(section: FoundConfig['store']): StoreConfig {
  const values = complete(section);
  const connection = connectionOf(values);
  if (connection === undefined) return { kind: 'memory' };
  const { prefix, commandTimeoutMs, nearCacheMs } = values;
  return {
    kind: 'redis',
    connection,
    prefix,
    commandTimeoutMs,
    ...(nearCacheMs !== undefined && { nearCacheMs }),
  };
}

function connectionOf(values: StoreSection): RedisConnection | undefined {
  const { redisUrl, sentinels, cluster, sentinelName, tls, tlsCa } = values;
  const credentials = credentialsOf(values.username, values.password);
  const common = {
    ...(credentials !== undefined && { credentials }),
    ...((tls === true || tlsCa !== undefined) && { tls: tlsCa === undefined ? {} : { ca: tlsCa } }),
  };
  if (redisUrl !== undefined) return { ...common, kind: 'standalone', url: redisUrl };
  if (cluster !== undefined) return { ...common, kind: 'cluster', nodes: cluster };
  if (sentinels === undefined) return undefined;
  const sentinelCredentials = credentialsOf(values.sentinelUsername, values.sentinelPassword);
  return {
    ...common,
    kind: 'sentinel',
    sentinels,
    name: sentinelName,
    ...(sentinelCredentials !== undefined && { sentinelCredentials }),
  };
}

function credentialsOf(
  username: string | undefined,
  password: string | undefined,
): RedisCredentials | undefined {
  if (password === undefined) return undefined;
  return { ...(username !== undefined && { username }), password };
}
