import { optional, withDefault } from '../option.js';
import { flag, line, list, text } from '../values/basic-values.js';
import { certificates } from '../values/certificates.js';
import { duration } from '../values/duration.js';
import { hostAndPort, redisUrl } from '../values/network-values.js';
import { secretOf } from '../values/value-type.js';
import { REDIS_RIGHTS } from './redis-rights.js';

/** Section `store`: where sessions live. */
export const storeOptions = {
  redisUrl: optional({
    key: 'redisUrl',
    env: 'REDIS_URL',
    type: redisUrl,
    otherwise: 'memory when `PUBLIC_URL` is on this machine, else the start is refused',
    doc: 'Redis that keeps the sessions, `redis://` or `rediss://` (TLS), with credentials and database number. Run it with AOF and `noeviction`.',
  }),
  sentinels: optional({
    key: 'sentinels',
    env: 'REDIS_SENTINELS',
    type: list('hosts and ports', hostAndPort),
    otherwise: 'no Sentinel',
    doc: 'Instead of `REDIS_URL`: the Sentinels that know which Redis is the primary; all of them, so that any may be down.',
  }),
  sentinelName: withDefault({
    key: 'sentinelName',
    env: 'REDIS_SENTINEL_NAME',
    type: text(
      'a name of letters, digits, dots, dashes and underscores',
      /^[\w.-]{1,100}$/,
      "write the name that stands in 'sentinel monitor'",
    ),
    default: 'mymaster',
    doc: 'What the Sentinels call the primary. The default is the one of their sample configuration.',
  }),
  sentinelUsername: optional({
    key: 'sentinelUsername',
    env: 'REDIS_SENTINEL_USERNAME',
    type: line,
    otherwise: 'the user `default`',
    doc: 'User at the Sentinels, where they have users.',
  }),
  sentinelPassword: optional({
    key: 'sentinelPassword',
    env: 'REDIS_SENTINEL_PASSWORD',
    type: secretOf(line),
    otherwise: 'none is sent',
    doc: 'Password at the Sentinels, which is not that of the Redis behind them.',
  }),
  cluster: optional({
    key: 'cluster',
    env: 'REDIS_CLUSTER',
    type: list('hosts and ports', hostAndPort),
    otherwise: 'no Cluster',
    doc: 'Instead of `REDIS_URL`: some nodes of a Redis Cluster, which tell the others. Nodes are reached under the addresses that they announce.',
  }),
  username: optional({
    key: 'username',
    env: 'REDIS_USERNAME',
    type: line,
    otherwise: 'the user in `REDIS_URL`, else `default`',
    doc: `User at Redis. Rights that suffice, with your own prefix: \`~vestibule:* &vestibule:* ${REDIS_RIGHTS}\`.`,
  }),
  password: optional({
    key: 'password',
    env: 'REDIS_PASSWORD',
    type: secretOf(line),
    otherwise: 'the one in `REDIS_URL`, else none',
    doc: 'Password at Redis.',
  }),
  tls: optional({
    key: 'tls',
    env: 'REDIS_TLS',
    type: flag,
    otherwise: '`true` for `rediss://`, else `false`',
    doc: 'TLS to Sentinels and nodes, and to the Redis that they name. Certificates are verified, names included.',
  }),
  tlsCa: optional({
    key: 'tlsCa',
    env: 'REDIS_TLS_CA',
    type: certificates,
    otherwise: 'the authorities that Node.js knows',
    doc: 'Certificate authority of Redis and Sentinels, for one of your own; only its certificates are taken then. Usually named by `REDIS_TLS_CA_FILE`.',
  }),
  prefix: withDefault({
    key: 'prefix',
    env: 'REDIS_PREFIX',
    // Braces would name a Cluster slot, and ours do.
    type: text(
      'up to 64 visible characters without braces',
      /^[\x21-\x7a|~]{1,64}$/,
      'remove braces and spaces',
    ),
    default: 'vestibule:',
    doc: 'What every key begins with, so that several applications can share one Redis.',
  }),
  commandTimeoutMs: withDefault({
    key: 'commandTimeout',
    env: 'REDIS_COMMAND_TIMEOUT',
    type: duration('10ms', '1m'),
    default: '500ms',
    doc: 'How long one command may take before the request is answered 503. Twice the default is the promised bound of one second.',
  }),
  nearCacheMs: optional({
    key: 'nearCache',
    env: 'NEAR_CACHE',
    type: duration('100ms', '1m'),
    otherwise: 'off: every request asks Redis',
    doc: 'How long each process may answer for a session without asking Redis again (e.g. `5s`). Ends and changes are told at once; should a message be lost, this is how long a session that was ended elsewhere may still be answered for. Not with a Cluster.',
  }),
};
