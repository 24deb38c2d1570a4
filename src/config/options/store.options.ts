import { optional, withDefault } from '../option.js';
import { text } from '../values/basic-values.js';
import { duration } from '../values/duration.js';
import { redisUrl } from '../values/network-values.js';

/** Section `store`: where sessions live. */
export const storeOptions = {
  redisUrl: optional({
    key: 'redisUrl',
    env: 'REDIS_URL',
    type: redisUrl,
    otherwise: 'memory when `PUBLIC_URL` is on this machine, else the start is refused',
    doc: 'Redis that keeps the sessions, `redis://` or `rediss://` (TLS), with credentials and database number. Run it with AOF and `noeviction`.',
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
};
