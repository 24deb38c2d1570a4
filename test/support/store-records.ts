import { randomBytes } from 'node:crypto';
import {
  HEAD,
  type IdleLimit,
  type NewSession,
  type NewTransaction,
} from '../../src/store/store.port.js';

/** Eight bytes, big-endian: a counter, a deadline, an expiry. */
export function eight(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

/** No test gets there by waiting. */
const FAR_AWAY = Date.UTC(2100, 0, 1);

/** As late as can be. */
export const UNLIMITED: IdleLimit = { deadline: eight(Number.MAX_SAFE_INTEGER), ttlMs: 60_000 };

interface IdentityHead {
  readonly counter?: number;
  readonly idleDeadline?: number;
  readonly accessExpiry?: number;
}

export function identityRecord(
  { counter = 1, idleDeadline = FAR_AWAY, accessExpiry = 0 }: IdentityHead = {},
  sealed: Buffer = randomBytes(40),
): Buffer {
  return Buffer.concat([
    Buffer.of(1),
    eight(counter),
    eight(idleDeadline),
    eight(accessExpiry),
    sealed,
  ]);
}

export function tokensRecord(counter = 1, sealed: Buffer = randomBytes(40)): Buffer {
  return Buffer.concat([Buffer.of(1), eight(counter), sealed]);
}

export function newSession(more: Partial<NewSession> = {}): NewSession {
  return {
    identity: identityRecord(),
    tokens: tokensRecord(),
    device: randomBytes(20),
    ttlMs: 60_000,
    indexes: [],
    ...more,
  };
}

export function newTransaction(more: Partial<NewTransaction> = {}): NewTransaction {
  return {
    state: 'state',
    transaction: Buffer.from('transaction'),
    stub: Buffer.from('stub'),
    createdAt: 1_000,
    lifeMs: 60_000,
    ...more,
  };
}

export const storeKey = (): string => randomBytes(32).toString('base64url');

/** What stands in the clear head of an identity record. */
export function headOf(record: Buffer): Required<IdentityHead> {
  const read = (at: number): number => Number(record.readBigUInt64BE(at));
  return {
    counter: read(HEAD.counterAt),
    idleDeadline: read(HEAD.idleDeadlineAt),
    accessExpiry: read(HEAD.accessExpiryAt),
  };
}
