import { LRUCache } from 'lru-cache';
import type { SessionRecord } from '../domain/session.js';
import type { TokenSet } from '../domain/token-set.js';
import type { KeyRing } from '../crypto/key-ring.js';
import { open, seal } from '../crypto/sealed-box.js';
import { ownCopy } from '../store/own-copy.js';
import { HEAD, instantIn, type StoreKey } from '../store/store.port.js';
import {
  aadOf,
  RECORD_FORMAT,
  type RecordPurpose,
  type SessionCredential,
} from './session-credential.js';

export interface IdentityRecord {
  readonly counter: bigint;
  readonly idleDeadline: number;
  /** 0 is unknown. */
  readonly accessExpiry: number;
  readonly record: SessionRecord;
}

export interface TokenRecord {
  readonly counter: bigint;
  readonly tokens: TokenSet;
}

/** Records whose opened body is remembered: a few kilobytes each. */
const REMEMBERED = 2_000;

interface Opened {
  readonly box: Buffer;
  readonly body: object;
}

/**
 * Seals and opens the two records of a session: a clear head (store.port.ts `HEAD`) and a sealed body. A body that
 * was opened is remembered beside its bytes: as long as the store answers with the same bytes, they need not be
 * decrypted and parsed again. Whether a session lives is never answered from here.
 */
export class RecordCodec {
  private readonly opened = new LRUCache<string, Opened>({ max: REMEMBERED });

  constructor(private readonly ring: KeyRing) {}

  encodeIdentity(credential: SessionCredential, value: IdentityRecord): Buffer {
    const head = Buffer.alloc(HEAD.identityBytes);
    head.writeUInt8(RECORD_FORMAT, 0);
    head.writeBigUInt64BE(value.counter, HEAD.counterAt);
    head.writeBigUInt64BE(BigInt(value.idleDeadline), HEAD.idleDeadlineAt);
    head.writeBigUInt64BE(BigInt(value.accessExpiry), HEAD.accessExpiryAt);
    return Buffer.concat([head, this.sealBody(credential, 'identity', value.record)]);
  }

  /** Undefined for whatever is not a record of this session in this format. */
  decodeIdentity(credential: SessionCredential, bytes: Buffer): IdentityRecord | undefined {
    if (bytes.length <= HEAD.identityBytes || bytes[0] !== RECORD_FORMAT) return undefined;
    const record = this.openBody<SessionRecord>(
      credential,
      'identity',
      bytes.subarray(HEAD.identityBytes),
    );
    if (record === undefined) return undefined;
    return {
      counter: bytes.readBigUInt64BE(HEAD.counterAt),
      idleDeadline: instantIn(bytes, HEAD.idleDeadlineAt),
      accessExpiry: instantIn(bytes, HEAD.accessExpiryAt),
      record,
    };
  }

  encodeTokens(credential: SessionCredential, value: TokenRecord): Buffer {
    const head = Buffer.alloc(HEAD.tokensBytes);
    head.writeUInt8(RECORD_FORMAT, 0);
    head.writeBigUInt64BE(value.counter, HEAD.counterAt);
    return Buffer.concat([head, this.sealBody(credential, 'tokens', value.tokens)]);
  }

  decodeTokens(credential: SessionCredential, bytes: Buffer): TokenRecord | undefined {
    if (bytes.length <= HEAD.tokensBytes || bytes[0] !== RECORD_FORMAT) return undefined;
    const tokens = this.openBody<TokenSet>(credential, 'tokens', bytes.subarray(HEAD.tokensBytes));
    return tokens === undefined
      ? undefined
      : { counter: bytes.readBigUInt64BE(HEAD.counterAt), tokens };
  }

  /** What was opened of a session that has ended is not kept: its tokens must not outlive it here. */
  forget(key: StoreKey): void {
    this.opened.delete(aadOf('identity', key));
    this.opened.delete(aadOf('tokens', key));
  }

  private sealBody(credential: SessionCredential, purpose: RecordPurpose, body: object): Buffer {
    const kid = this.ring.sealingKid;
    const key = credential.key(purpose, kid);
    if (key === undefined) throw new RangeError('the sealing key is not in the ring');
    return seal(kid, key, credential.aad[purpose], JSON.stringify(body));
  }

  private openBody<T extends object>(
    credential: SessionCredential,
    purpose: RecordPurpose,
    box: Buffer,
  ): T | undefined {
    const name = credential.aad[purpose];
    const known = this.opened.get(name);
    if (known?.box.equals(box) === true) return known.body as T;
    const plain = open((kid) => credential.key(purpose, kid), name, box);
    if (plain === undefined) return undefined;
    const body = JSON.parse(plain.toString('utf8')) as T & object;
    this.opened.set(name, { box: ownCopy(box), body });
    return body;
  }
}

/** A number as the eight bytes of a head. */
export function headBytes(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}
