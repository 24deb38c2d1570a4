import { optional, withDefault } from '../option.js';
import { choice } from '../values/basic-values.js';
import { duration } from '../values/duration.js';
import { privateKeys } from '../values/private-keys.js';

/** Section `assertion`: the signed word by which APIs learn who calls. */
export const assertionOptions = {
  lifetimeMs: withDefault({
    key: 'lifetime',
    env: 'ASSERTION_LIFETIME',
    type: duration('60s', '5m'),
    default: '2m',
    doc: 'How long an identity assertion is good. An API that only looks at it believes a session that has ended for so long; one that asks `/introspect` does not.',
  }),
  algorithm: withDefault({
    key: 'algorithm',
    env: 'ASSERTION_ALGORITHM',
    type: choice('EdDSA', 'ES256'),
    default: 'EdDSA',
    doc: 'How it is signed. EdDSA is Ed25519; ES256 is for APIs whose libraries do not know it.',
  }),
  keys: optional({
    key: 'keys',
    env: 'ASSERTION_KEYS',
    type: privateKeys,
    otherwise: 'derived from `SESSION_KEYS`, the same on every replica',
    doc: 'Private keys that sign, in PEM or as a JWK Set. The first one signs, all are published: put a new one second, then first, and take the old one out after the lifetime.',
  }),
};
