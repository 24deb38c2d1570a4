import type { CounterStore } from './counter.port.js';
import type { LogoutMarkStore, SessionDirectoryStore, SessionSignals } from './directory.port.js';
import type { StoreKey as Key } from './store-key.js';

/**
 * The store as the product sees it: bytes under keys, every step atomic, every write conditional.
 * It knows nothing of cookies, identities, tokens or keys of encryption. Both drivers pass one contract
 * suite (test/contract/store.contract.ts). A driver that cannot answer throws `store_unavailable`.
 *
 * Durations are milliseconds.
 */

/** SHA-256 of a session's handle. Declared in a file of its own, which keeps the two ports out of a circle. */
export type StoreKey = Key;

/**
 * The clear head of an identity record, before the sealed part (session/record-codec.ts):
 * version (1 byte), write counter (8), idle deadline (8), access token expiry (8; 0 is unknown), big-endian.
 * The head of a token record: version (1), write counter (8).
 * Drivers compare the counter and overwrite the two instants in place, nothing else.
 */
export const HEAD = {
  counterAt: 1,
  idleDeadlineAt: 9,
  accessExpiryAt: 17,
  identityBytes: 25,
  tokensBytes: 9,
} as const;

/** One of the head's instants, in epoch milliseconds: what a BigInt would tell, without making one for every request. */
export function instantIn(record: Buffer, at: number): number {
  return record.readUInt32BE(at) * 2 ** 32 + record.readUInt32BE(at + 4);
}

export interface NewSession {
  readonly identity: Buffer;
  readonly tokens: Buffer;
  /** Sealed by the server key alone, so that lists work without the cookie. */
  readonly device: Buffer;
  /** Life of the three records: until the deadline, plus the time of a tombstone. */
  readonly ttlMs: number;
  readonly indexes: readonly IndexEntry[];
}

/** A member of an index; `score` is the instant (epoch milliseconds) after which it may be pruned. */
export interface IndexEntry {
  readonly index: string;
  readonly score: number;
}

/** The latest that an idle deadline may be (8 bytes), and how long the records live when they end then. */
export interface IdleLimit {
  readonly deadline: Buffer;
  readonly ttlMs: number;
}

export type WriteOutcome = 'written' | 'conflict' | 'gone';

export interface SessionStore {
  /**
   * Index first, then session: no live session is missing from its index. 'exists' leaves the session as it is;
   * it is also the answer while a tombstone stands, so that an end which overtook its session wins.
   */
  create(key: StoreKey, session: NewSession): Promise<'created' | 'exists'>;
  /** One command. */
  readIdentity(key: StoreKey): Promise<Buffer | undefined>;
  /** One command for both records. */
  readBoth(key: StoreKey): Promise<{ identity: Buffer | undefined; tokens: Buffer | undefined }>;
  /** Remaining life of the records by the store's own clock; undefined when there are none. */
  remainingMs(key: StoreKey): Promise<number | undefined>;
  /** Replaces the token record if its counter is `expected`; sets `accessExpiry` (8 bytes) in the identity's head. */
  writeTokens(
    key: StoreKey,
    expected: Buffer,
    tokens: Buffer,
    accessExpiry: Buffer,
  ): Promise<WriteOutcome>;
  /**
   * Replaces the identity record if its counter is `expected`. The two instants of the stored head stay, but an idle
   * deadline that is later than `latest` moves back to that, with the life of all records.
   */
  writeIdentity(
    key: StoreKey,
    expected: Buffer,
    identity: Buffer,
    latest: IdleLimit,
  ): Promise<WriteOutcome>;
  /**
   * Moves the idle deadline (8 bytes) and the life of the records together, also when the store is full. A
   * deadline that would move back changes neither: it came late, behind one that is newer. False when the
   * session is not there.
   */
  extendIdle(key: StoreKey, idleDeadline: Buffer, ttlMs: number): Promise<boolean>;
  /**
   * Deletes first, then leaves a tombstone as best it can, also for a key that is not there; the reason of a
   * tombstone that stands stays. Tells all replicas (`SessionSignals`) when the session was there, and answers
   * true then. Never to be called for a key that a client merely names: the tombstone would stand in the way
   * of a session to come, and cost room.
   */
  end(key: StoreKey, reason: string, tombstoneMs: number): Promise<boolean>;
  /** The reason on the tombstone, if there is one. */
  readTombstone(key: StoreKey): Promise<string | undefined>;
}

/** Login transactions of one browser: few, bounded, each taken once. */
export interface TransactionStore {
  /** Adds one; above `limit` the oldest goes. `life` covers transaction and stub. */
  putTransaction(browser: string, entry: NewTransaction, limit: number): Promise<void>;
  /**
   * Notes that this browser has logins under way for so long. Above `most` browsers those lose theirs who began their
   * last one the longest ago: a flood of logins fills no store, and locks nobody out who is quicker than it.
   */
  boundBrowsers(browser: string, lifeMs: number, most: number): Promise<void>;
  /** Takes the transaction and leaves its stub; the second taker gets the stub. */
  takeTransaction(
    browser: string,
    state: string,
  ): Promise<{ kind: 'taken' | 'consumed'; value: Buffer } | undefined>;
  /** Looks without taking (an error answer with a wrong `iss` must consume nothing). */
  peekTransaction(browser: string, state: string): Promise<Buffer | undefined>;
}

export interface NewTransaction {
  /** SHA-256 of the state. */
  readonly state: string;
  readonly transaction: Buffer;
  readonly stub: Buffer;
  readonly createdAt: number;
  readonly lifeMs: number;
}

/** A lock with an owner: only the owner renews or releases it. */
export interface LockStore {
  acquireLock(key: StoreKey, owner: string, ttlMs: number): Promise<boolean>;
  renewLock(key: StoreKey, owner: string, ttlMs: number): Promise<boolean>;
  releaseLock(key: StoreKey, owner: string): Promise<void>;
}

export interface Store
  extends
    SessionStore,
    TransactionStore,
    LockStore,
    SessionDirectoryStore,
    LogoutMarkStore,
    CounterStore,
    SessionSignals {
  readonly kind: 'redis' | 'memory';
  /** Resolves when the store answers; throws `store_unavailable` otherwise. */
  ping(): Promise<void>;
  /** Findings about the store's own settings that an operator should know (persistence, eviction). */
  warnings(): Promise<readonly string[]>;
  close(): Promise<void>;
}
export const Store = Symbol('Store');
