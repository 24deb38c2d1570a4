import { expand } from '../crypto/kdf.js';
import type { KeyRing } from '../crypto/key-ring.js';
import type { Identity } from '../domain/identity.js';

/** Whom an index is about: all sessions of a user, those of a provider's session, or of a user in one. */
export interface IndexSubject {
  readonly issuer: string;
  readonly subject?: string;
  readonly providerSessionId?: string;
}

/** Names of the indexes: keyed hashes, so that a reader of the store learns no issuer, subject or sid from them. */
export class SessionIndexNames {
  constructor(private readonly ring: KeyRing) {}

  /** The name under which a new session is entered. */
  current(subject: IndexSubject): string {
    return this.name(this.ring.sealingKid, subject);
  }

  /** Every name under which sessions may have been entered: one for each key of the ring. */
  all(subject: IndexSubject): string[] {
    return this.ring.kids.map((kid) => this.name(kid, subject));
  }

  private name(kid: string, { issuer, subject, providerSessionId }: IndexSubject): string {
    const key = this.ring.derive(kid, 'index');
    if (key === undefined) throw new RangeError('the key is not in the ring');
    const kind = `${subject === undefined ? '' : 'sub'}${providerSessionId === undefined ? '' : 'sid'}`;
    return expand(key, kind, issuer, subject ?? '', providerSessionId ?? '').toString('base64url');
  }
}

/**
 * The indexes that a session of this identity is in. A logout token may name the subject, the provider's
 * session, or both (Back-Channel Logout §2.4): each is one look-up.
 */
export function subjectsOf(identity: Identity): [IndexSubject, ...IndexSubject[]] {
  const { issuer, subject, providerSessionId } = identity;
  const user = { issuer, subject };
  if (providerSessionId === undefined) return [user];
  return [user, { issuer, providerSessionId }, { issuer, subject, providerSessionId }];
}
