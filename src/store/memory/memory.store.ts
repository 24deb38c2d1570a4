import type { Clock } from '../../domain/clock.js';
import { endOfTurn } from '../../domain/end-of-turn.js';
import type { Counted } from '../counter.port.js';
import type { DeviceView, IndexBatch, SignalListener } from '../directory.port.js';
import type {
  IdleLimit,
  NewSession,
  NewTransaction,
  Store,
  StoreKey,
  WriteOutcome,
} from '../store.port.js';
import { MemoryCounters } from './memory-counters.js';
import { MemoryLocks } from './memory-locks.js';
import { MemoryMarks } from './memory-marks.js';
import { MemorySessions } from './memory-sessions.js';
import { MemorySignals } from './memory-signals.js';
import { MemoryTransactions } from './memory-transactions.js';

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
 * never gives up a live one.
 */
export class MemoryStore implements Store {
  readonly kind = 'memory';
  private readonly signals = new MemorySignals();
  private readonly sessions: MemorySessions;
  private readonly locks: MemoryLocks;
  private readonly marks: MemoryMarks;
  private readonly counters: MemoryCounters;
  private readonly transactions: MemoryTransactions;
  private readonly sweeper: NodeJS.Timeout;

  constructor(clock: Clock, limits: MemoryLimits = DEFAULT_LIMITS) {
    this.sessions = new MemorySessions(clock, limits.maxSessions, this.signals);
    this.locks = new MemoryLocks(clock);
    this.marks = new MemoryMarks(clock);
    this.counters = new MemoryCounters(clock);
    this.transactions = new MemoryTransactions(clock, limits.maxBrowsers);
    this.sweeper = setInterval(() => this.sweep(), SWEEP_MS);
    this.sweeper.unref();
  }

  async create(key: StoreKey, session: NewSession): Promise<'created' | 'exists'> {
    return this.sessions.create(key, session);
  }

  async readIdentity(key: StoreKey): Promise<Buffer | undefined> {
    await endOfTurn();
    return this.sessions.readIdentity(key);
  }

  async readBoth(
    key: StoreKey,
  ): Promise<{ identity: Buffer | undefined; tokens: Buffer | undefined }> {
    await endOfTurn();
    return this.sessions.readBoth(key);
  }

  async readDevice(key: StoreKey): Promise<DeviceView | undefined> {
    return this.sessions.readDevice(key);
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
    return this.sessions.writeTokens(key, expected, tokens, accessExpiry);
  }

  async writeIdentity(
    key: StoreKey,
    expected: Buffer,
    identity: Buffer,
    latest: IdleLimit,
  ): Promise<WriteOutcome> {
    return this.sessions.writeIdentity(key, expected, identity, latest);
  }

  async extendIdle(key: StoreKey, idleDeadline: Buffer, ttlMs: number): Promise<boolean> {
    return this.sessions.extendIdle(key, idleDeadline, ttlMs);
  }

  async end(key: StoreKey, reason: string, tombstoneMs: number): Promise<boolean> {
    return this.sessions.end(key, reason, tombstoneMs);
  }

  async endMany(keys: readonly StoreKey[], reason: string, tombstoneMs: number): Promise<number> {
    return this.sessions.endMany(keys, reason, tombstoneMs);
  }

  async readTombstone(key: StoreKey): Promise<string | undefined> {
    return this.sessions.readTombstone(key);
  }

  async scanIndex(index: string, cursor: string | undefined, count: number): Promise<IndexBatch> {
    return this.sessions.scanIndex(index, cursor, count);
  }

  async removeFromIndex(index: string, members: readonly StoreKey[]): Promise<void> {
    await this.sessions.removeFromIndex(index, members);
  }

  async markLogout(names: readonly string[], instant: number, lifeMs: number): Promise<void> {
    await this.marks.markLogout(names, instant, lifeMs);
  }

  async readLogoutMarks(names: readonly string[]): Promise<readonly (number | undefined)[]> {
    return this.marks.readLogoutMarks(names);
  }

  async isRemembered(name: string): Promise<boolean> {
    return this.marks.isRemembered(name);
  }

  async remember(name: string, lifeMs: number): Promise<void> {
    await this.marks.remember(name, lifeMs);
  }

  async count(name: string, windowMs: number): Promise<Counted> {
    return this.counters.count(name, windowMs);
  }

  async publishRenewed(key: StoreKey): Promise<void> {
    await this.signals.publishRenewed(key);
  }

  listen(listener: SignalListener): () => void {
    return this.signals.listen(listener);
  }

  async putTransaction(browser: string, entry: NewTransaction, limit: number): Promise<void> {
    await this.transactions.putTransaction(browser, entry, limit);
  }

  async boundBrowsers(browser: string, lifeMs: number, most: number): Promise<void> {
    await this.transactions.boundBrowsers(browser, lifeMs, most);
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
    return this.locks.acquireLock(key, owner, ttlMs);
  }

  async renewLock(key: StoreKey, owner: string, ttlMs: number): Promise<boolean> {
    return this.locks.renewLock(key, owner, ttlMs);
  }

  async releaseLock(key: StoreKey, owner: string): Promise<void> {
    await this.locks.releaseLock(key, owner);
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
    this.locks.sweep();
    this.marks.sweep();
    this.transactions.sweep();
  }
}
