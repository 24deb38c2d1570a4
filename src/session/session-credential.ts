import type { KeyObject } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { expand, sha256 } from '../crypto/kdf.js';
import type { KeyRing } from '../crypto/key-ring.js';
import type { StoreKey } from '../store/store.port.js';

/** Version of both record formats; a record of another version is not read. */
export const RECORD_FORMAT = 1;

/** The records of a session that are sealed, each with a key of its own. */
export type RecordPurpose = 'identity' | 'tokens';

/** What follows from a session id: its public handle, its place in the store and the keys of its records. */
export interface SessionCredential {
  readonly id: string;
  readonly handle: string;
  readonly storeKey: StoreKey;
  /** What binds each record to its place, purpose and format: moved or swapped it does not open. */
  readonly aad: Readonly<Record<RecordPurpose, string>>;
  /** The key of one record for a kid of the ring; needs the id *and* the server key. */
  key(purpose: RecordPurpose, kid: string): KeyObject | undefined;
  /** A value that only this session's holder and we can know, good for one purpose (logout by GET). */
  token(purpose: string): string;
}

/** Derives and keeps credentials: deriving costs a handful of HMACs, and the same session asks many times a second. */
export class SessionCredentials {
  private readonly ids = new Map<StoreKey, string>();
  private readonly cache = new LRUCache<string, SessionCredential>({
    max: 10_000,
    dispose: ({ storeKey }) => this.ids.delete(storeKey),
  });

  constructor(private readonly ring: KeyRing) {}

  /** `id` must have the shape of `randomToken`. */
  of(id: string): SessionCredential {
    const known = this.cache.get(id);
    if (known !== undefined) return known;
    const credential = derive(id, this.ring);
    this.cache.set(id, credential);
    this.ids.set(credential.storeKey, id);
    return credential;
  }

  /** The keys of a session that has ended are not kept: nothing is left that they could open. */
  forget(key: StoreKey): void {
    const id = this.ids.get(key);
    if (id !== undefined) this.cache.delete(id);
  }
}

function derive(id: string, ring: KeyRing): SessionCredential {
  // Made anew where it is needed: kept, it would keep the pool of Node alive that it lies in.
  const secret = (): Buffer => Buffer.from(id, 'base64url');
  const handle = expand(secret(), 'handle').toString('base64url');
  const keys = new Map<string, KeyObject | undefined>();
  const tokens = new Map<string, string>();
  const storeKey = storeKeyOf(handle);
  return {
    id,
    handle,
    storeKey,
    aad: { identity: aadOf('identity', storeKey), tokens: aadOf('tokens', storeKey) },
    key(purpose, kid) {
      const name = `${purpose}:${kid}`;
      if (!keys.has(name)) keys.set(name, ring.derive(kid, 'session', purpose, id));
      return keys.get(name);
    },
    token(purpose) {
      const known = tokens.get(purpose);
      if (known !== undefined) return known;
      const token = expand(secret(), 'token', purpose).toString('base64url');
      tokens.set(purpose, token);
      return token;
    },
  };
}

/** @see SessionCredential.aad */
export function aadOf(purpose: RecordPurpose, key: StoreKey): string {
  return `${RECORD_FORMAT}:${purpose}:${key}`;
}

/** Where a session with this handle lies; the handle cannot be had back from it. */
export function storeKeyOf(handle: string): StoreKey {
  return sha256(handle);
}
