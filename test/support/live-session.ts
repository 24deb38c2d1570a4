import type { Identity } from '../../src/domain/identity.js';
import type { LiveSession } from '../../src/domain/session.js';

/** A session that lives, of somebody about whom only this is known. */
export function liveSession(known: Partial<Identity> = {}): LiveSession {
  const identity: Identity = {
    provider: 'generic',
    issuer: 'https://login.example',
    subject: 'user-1',
    claims: {},
    ...known,
  };
  return {
    counter: 1n,
    handle: 'the-handle',
    record: { identity, createdAt: 0, absoluteDeadline: 1e12, limitedBy: 'absolute' },
    idleDeadline: 1e12,
  };
}
