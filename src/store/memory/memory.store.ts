import type { Clock } from '../../domain/clock.js';
import { VestibuleError } from '../../errors/vestibule.error.js';
import {
  HEAD,
  type NewSession,
  type NewTransaction,
  type Store,
  type StoreKey,
  type WriteOutcome,
} from '../store.port.js';
import { ExpiringMap } from './expiring-map.js';
import { MemoryTransactions } from './memory-transactions.js';

interface Records {
  readonly identity: Buffer;
  readonly tokens: Buffer;
  readonly device: Buffer;
}

/** Bounds of the memory driver: a session takes some kilobytes. */
export interface MemoryLimits {
  readonly maxSessions: number;
  readonly maxBrowsers: number;
}

const DEFAULT_LIMITS: MemoryLimits = { maxSessions: 10_000, maxBrowsers: 10_000 };
const SWEEP_MS = 30_000;

/**
 * The store in the memory of one process. Each step is atomic because nothing in it waits. What expired is
 * unseen at once and swept every half minute. When full it refuses new sessions, as a full Redis does, and
 * never gives up a live one. Indexes are not kept: nothing reads them here yet.
 */
export class MemoryStore implements Store {
  readonly kind = 'memory';
  private readonly sessions: ExpiringMap<Records>;
  private readonly tombstones: ExpiringMap<string>;
  private readonly locks: ExpiringMap<string>;
  private readonly transactions: MemoryTransactions;
  private readonly sweeper: NodeJS.Timeout;

  constructor(
    clock: Clock,
    private readonly limits: MemoryLimits = DEFAULT_LIMITS,
  ) {
    this.sessions = new ExpiringMap(clock);
    this.tombstones = new ExpiringMap(clock);
    this.locks = new ExpiringMap(clock);
    this.transactions = new MemoryTransactions(clock, limits.maxBrowsers);
    this.sweeper = setInterval(() => this.sweep(), SWEEP_MS);
    this.sweeper.unref();
  }

  async create(key: StoreKey, session: NewSession): Promise<'created' | 'exists'> {
    if (this.sessions.get(key) !== undefined || this.tombstones.get(key) !== undefined) {
      return 'exists';
    }
    this.requireRoom();
    const { identity, tokens, device, ttlMs } = session;
    const records = { identity: copy(identity), tokens: copy(tokens), device: copy(device) };
    this.sessions.set(key, records, ttlMs);
    return 'created';
  }

  async readIdentity(key: StoreKey): Promise<Buffer | undefined> {
    const records = this.sessions.get(key);
    return records && copy(records.identity);
  }

  async readBoth(
    key: StoreKey,
  ): Promise<{ identity: Buffer | undefined; tokens: Buffer | undefined }> {
    const records = this.sessions.get(key);
    return { identity: records && copy(records.identity), tokens: records && copy(records.tokens) };
  }

  async remainingMs(key: StoreKey): Promise<number | undefined> {
    return this.sessions.remainingMs(key);
  }

  async writeTokens(
    key: StoreKey,
    expected: Buffer,
    tokens: Buffer,
    accessExpiry: Buffer,
  ): Promise<WriteOutcome> {
    const records = this.sessions.get(key);
    if (records === undefined) return 'gone';
    if (!counterOf(records.tokens).equals(expected)) return 'conflict';
    const identity = copy(records.identity);
    accessExpiry.copy(identity, HEAD.accessExpiryAt);
    this.sessions.replace(key, { ...records, identity, tokens: copy(tokens) });
    return 'written';
  }

  async writeIdentity(key: StoreKey, expected: Buffer, identity: Buffer): Promise<WriteOutcome> {
    const records = this.sessions.get(key);
    if (records === undefined) return 'gone';
    if (!counterOf(records.identity).equals(expected)) return 'conflict';
    const next = copy(identity);
    // The two instants may have moved since the caller read: the stored ones stay.
    records.identity.copy(next, HEAD.idleDeadlineAt, HEAD.idleDeadlineAt, HEAD.identityBytes);
    this.sessions.replace(key, { ...records, identity: next });
    return 'written';
  }

  async extendIdle(key: StoreKey, idleDeadline: Buffer, ttlMs: number): Promise<boolean> {
    const records = this.sessions.get(key);
    if (records === undefined) return false;
    const { identity } = records;
    const stored = identity.subarray(HEAD.idleDeadlineAt, HEAD.accessExpiryAt);
    if (stored.compare(idleDeadline) > 0) return true;
    const next = copy(identity);
    idleDeadline.copy(next, HEAD.idleDeadlineAt);
    this.sessions.set(key, { ...records, identity: next }, ttlMs);
    return true;
  }

  async end(key: StoreKey, reason: string, tombstoneMs: number): Promise<boolean> {
    const there = this.sessions.delete(key);
    this.leaveTombstone(key, reason, tombstoneMs);
    return there;
  }

  async readTombstone(key: StoreKey): Promise<string | undefined> {
    return this.tombstones.get(key);
  }

  async putTransaction(browser: string, entry: NewTransaction, limit: number): Promise<void> {
    await this.transactions.putTransaction(browser, entry, limit);
  }

  async takeTransaction(
    browser: string,
    state: string,
  ): Promise<{ kind: 'taken' | 'consumed'; value: Buffer } | undefined> {
    return this.transactions.takeTransaction(browser, state);
  }

  async peekTransaction(browser: string, state: string): Promise<Buffer | undefined> {
    return this.transactions.peekTransaction(browser, state);
  }

  async acquireLock(key: StoreKey, owner: string, ttlMs: number): Promise<boolean> {
    if (this.locks.get(key) !== undefined) return false;
    this.locks.set(key, owner, ttlMs);
    return true;
  }

  async renewLock(key: StoreKey, owner: string, ttlMs: number): Promise<boolean> {
    if (this.locks.get(key) !== owner) return false;
    this.locks.set(key, owner, ttlMs);
    return true;
  }

  async releaseLock(key: StoreKey, owner: string): Promise<void> {
    if (this.locks.get(key) === owner) this.locks.delete(key);
  }

  async ping(): Promise<void> {}

  async warnings(): Promise<readonly string[]> {
    return [
      'Sessions are kept in the memory of this process: a restart logs everybody out, and a second instance knows nothing of them. Set REDIS_URL.',
    ];
  }

  async close(): Promise<void> {
    clearInterval(this.sweeper);
  }

  /** Forgets what has expired; the timer calls it. */
  sweep(): void {
    this.sessions.sweep();
    this.tombstones.sweep();
    this.locks.sweep();
    this.transactions.sweep();
  }

  private requireRoom(): void {
    if (this.sessions.size < this.limits.maxSessions) return;
    this.sessions.sweep();
    if (this.sessions.size < this.limits.maxSessions) return;
    throw new VestibuleError('store_unavailable', { detail: 'memory_full' });
  }

  /** The first reason stays. Tombstones are a courtesy: beyond the bound the oldest goes. */
  private leaveTombstone(key: StoreKey, reason: string, lifeMs: number): void {
    if (this.tombstones.get(key) !== undefined) return;
    this.tombstones.set(key, reason, lifeMs);
    const oldest = this.tombstones.oldestKey();
    if (this.tombstones.size > this.limits.maxSessions && oldest !== undefined) {
      this.tombstones.delete(oldest);
    }
  }
}

function copy(record: Buffer): Buffer {
  return Buffer.from(record);
}

function counterOf(record: Buffer): Buffer {
  return record.subarray(HEAD.counterAt, HEAD.idleDeadlineAt);
}
