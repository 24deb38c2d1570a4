import { required, withDefault } from '../option.js';
import { integer } from '../values/basic-values.js';
import { duration } from '../values/duration.js';
import { sessionKeys } from '../values/session-keys.js';

/** Section `session`: keys and limits. */
export const sessionOptions = {
  keys: required({
    key: 'keys',
    env: 'SESSION_KEYS',
    type: sessionKeys,
    remedy: 'run `vestibule keys generate` and set what it prints',
    doc: 'Server keys, `kid:base64url` of 32 bytes each, comma-separated: the first one seals, all of them open. Rotate by putting a new one in front. No default, because a known key is none.',
  }),
  idleMs: withDefault({
    key: 'idle',
    env: 'SESSION_IDLE',
    type: duration('1s', '400d'),
    default: '30m',
    doc: 'A session ends after this time without a request. The default follows the usual limit for ordinary risk (NIST SP 800-63B §4.2.3).',
  }),
  absoluteMs: withDefault({
    key: 'absolute',
    env: 'SESSION_ABSOLUTE',
    type: duration('1s', '400d'),
    default: '8h',
    doc: 'A session ends this long after the login, whatever happens. The default is a working day.',
  }),
  maxPerUser: withDefault({
    key: 'maxPerUser',
    env: 'SESSION_MAX_PER_USER',
    type: integer(0, 1000),
    default: '0',
    doc: 'Live sessions that one user may have; a login beyond that ends the oldest one. 0, the default, is any number.',
  }),
};
