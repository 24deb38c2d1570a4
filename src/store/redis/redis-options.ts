import { randomInt } from 'node:crypto';
import type { ClusterOptions, RedisOptions } from 'ioredis';
import type { RedisConnection, RedisTls, StoreConfig } from '../../config/config.types.js';
import { isReadOnlyReply } from './redis-failure.js';
import { SCRIPTS } from './redis.scripts.js';

export type RedisConfig = Extract<StoreConfig, { kind: 'redis' }>;
export type ConnectionOptions = RedisOptions & { readonly replyMapping: 'legacy' };
/** What may be added to or changed in the options of a connection. */
export type ExtraOptions = Omit<RedisOptions, 'replyMapping'>;
export type SentinelConnection = Extract<RedisConnection, { kind: 'sentinel' }>;

export const BACK_OFF_MAX_MS = 1_000;
export const BACK_OFF_FIRST_MS = 50;
const SENTINEL_ANSWER_MS = 1_000;
const CLUSTER_REDIRECTIONS = 8;

/** Milliseconds before attempt number `times` (from 1): doubling from 50, at most a second, a random half of it off. */
export function backOff(times: number): number {
  const ceiling = Math.min(BACK_OFF_FIRST_MS * 2 ** (times - 1), BACK_OFF_MAX_MS);
  return randomInt(Math.ceil(ceiling / 2), ceiling + 1);
}

/**
 * One connection to one server, whichever way it is found: fails fast, queues nothing, sends nothing twice. How long a
 * command may take is for TimedRedis to know.
 */
export function connectionOptions({
  connection,
  commandTimeoutMs,
}: RedisConfig): ConnectionOptions {
  return {
    connectionName: 'vestibule',
    // Nothing of RESP3 is used; RESP2 needs no negotiation and puts no password into HELLO.
    protocol: 2,
    replyMapping: 'legacy',
    disableClientInfo: true,
    ...connection.credentials,
    ...(connection.tls !== undefined && { tls: tlsOptions(connection.tls) }),
    // Commands given while Redis is away fail in a millisecond instead of piling up without limit (K-01, K-04,
    // K-09), and are not replayed after the state they were meant for is gone (K-08).
    enableOfflineQueue: false,
    // A command whose answer was lost has an unknown outcome: it is given back to the caller as a failure,
    // never sent a second time (K-08, K-28). 0 rejects it with the connection, not retries later (K-02, K-05).
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    // A silent peer does not answer our FIN either: its socket is destroyed soon, so that a new one is tried.
    disconnectTimeout: commandTimeoutMs,
    connectTimeout: 2_000,
    keepAlive: 10_000,
    // Full jitter on the upper half: hundreds of replicas do not come back in step (K-11), and each is back
    // within a second of Redis (K-10).
    retryStrategy: backOff,
    // A restarted Redis may estimate minutes for loading; ask again each second (K-21).
    maxLoadingRetryTime: 1_000,
    reconnectOnError: reconnectWhenDemoted(),
    scripts: SCRIPTS,
  };
}

/**
 * 1 reconnects, so that the name is resolved again and leads to the new primary (K-14), and rejects the command.
 * 2 would send it again (K-15), a blind retry, and cannot without an offline queue. Not more than once a second:
 * while there is no new primary, every write would lead to the same place.
 */
function reconnectWhenDemoted(): (error: Error) => 1 | false {
  let last = Number.NEGATIVE_INFINITY;
  return (error) => {
    if (!isReadOnlyReply(error) || performance.now() - last < BACK_OFF_MAX_MS) return false;
    last = performance.now();
    return 1;
  };
}

/** What a connection through Sentinels adds: they are asked at every attempt to connect, one after the other. */
export function sentinelOptions({
  sentinels,
  name,
  sentinelCredentials,
  tls,
}: SentinelConnection): ExtraOptions {
  return {
    sentinels: sentinels.map(({ host, port }) => ({ host, port })),
    name,
    ...(sentinelCredentials?.username !== undefined && {
      sentinelUsername: sentinelCredentials.username,
    }),
    ...(sentinelCredentials !== undefined && { sentinelPassword: sentinelCredentials.password }),
    ...(tls !== undefined && { enableTLSForSentinelMode: true, sentinelTLS: tlsOptions(tls) }),
    // A Sentinel that is paused must not hold up the one that knows (K-16).
    sentinelCommandTimeout: SENTINEL_ANSWER_MS,
    sentinelRetryStrategy: backOff,
  };
}

/**
 * What a Cluster adds. Its nodes queue commands while they connect (for `commandTimeout` at most), because a node
 * is connected to when its first command comes. Without any node nothing is queued: RedisClient sees to it.
 */
export function clusterOptions(config: RedisConfig) {
  const {
    scripts: _scripts,
    retryStrategy: _retry,
    enableOfflineQueue: _queue,
    ...node
  } = connectionOptions(config);
  return {
    scripts: SCRIPTS,
    redisOptions: {
      ...node,
      // A Cluster makes its connections itself, so these are what TimedRedis is to one server (K-03, K-06, K-09).
      commandTimeout: config.commandTimeoutMs,
      socketTimeout: config.commandTimeoutMs * 2,
    },
    // What was written must be there for the next read: replicas lag (K-26).
    scaleReads: 'master' as const,
    // MOVED, ASK and a few TRYAGAIN (two keys of a slot under way, K-24) within the time of a command.
    maxRedirections: CLUSTER_REDIRECTIONS,
    retryDelayOnTryAgain: 50,
    // Both would send again what may have been applied, or wait for a fail-over longer than a request may (K-24).
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    clusterRetryStrategy: backOff,
    // A TLS handshake and a name to resolve go into it (K-25); redirections refresh the table at once anyway.
    slotsRefreshTimeout: 2_000,
    slotsRefreshInterval: 5_000,
    // Names stay names: a certificate is for a name, and addresses change behind it (K-25).
    dnsLookup: (name, callback) => callback(null, name),
  } satisfies ClusterOptions;
}

/** Node verifies chain and name by default; nothing here may loosen it. */
function tlsOptions({ ca }: RedisTls): { ca?: string } {
  return ca === undefined ? {} : { ca };
}
