import type { Clock } from '../../domain/clock.js';
import { VestibuleError } from '../../errors/vestibule.error.js';
import type { DeviceView, IndexBatch, SessionDirectoryStore } from '../directory.port.js';
import { ownCopy } from '../own-copy.js';
import {
  HEAD,
  type IdleLimit,
  type NewSession,
  type SessionStore,
  type StoreKey,
  type WriteOutcome,
} from '../store.port.js';
import { ExpiringMap } from './expiring-map.js';
import { MemoryIndexes } from './memory-indexes.js';
import type { MemorySignals } from './memory-signals.js';

interface Records {
  readonly identity: Buffer;
  readonly tokens: Buffer;
  readonly device: Buffer;
  /** The indexes that it is in. */
  readonly indexes: readonly string[];
}

/** Sessions, their tombstones and their indexes in memory. */
export class MemorySessions implements SessionStore, SessionDirectoryStore {
  private readonly sessions: ExpiringMap<Records>;
  private readonly tombstones: ExpiringMap<string>;
  private readonly indexes: MemoryIndexes;

  constructor(
    clock: Clock,
    private readonly maxSessions: number,
    private readonly signals: MemorySignals,
  ) {
    this.sessions = new ExpiringMap(clock);
    this.tombstones = new ExpiringMap(clock);
    this.indexes = new MemoryIndexes(clock);
  }

  async create(key: StoreKey, session: NewSession): Promise<'created' | 'exists'> {
    if (this.sessions.get(key) !== undefined || this.tombstones.get(key) !== undefined) {
      return 'exists';
    }
    this.requireRoom();
    for (const entry of session.indexes) this.indexes.add(entry, key);
    const records = {
      identity: ownCopy(session.identity),
      tokens: ownCopy(session.tokens),
      device: ownCopy(session.device),
      indexes: session.indexes.map(({ index }) => index),
    };
    this.sessions.set(key, records, session.ttlMs);
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

  async readDevice(key: StoreKey): Promise<DeviceView | undefined> {
    const records = this.sessions.get(key);
    if (records === undefined) return undefined;
    const head = copy(records.identity.subarray(0, HEAD.identityBytes));
    return { device: copy(records.device), head };
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
    const identity = ownCopy(records.identity);
    accessExpiry.copy(identity, HEAD.accessExpiryAt);
    this.sessions.replace(key, { ...records, identity, tokens: ownCopy(tokens) });
    return 'written';
  }

  async writeIdentity(
    key: StoreKey,
    expected: Buffer,
    identity: Buffer,
    latest: IdleLimit,
  ): Promise<WriteOutcome> {
    const records = this.sessions.get(key);
    if (records === undefined) return 'gone';
    if (!counterOf(records.identity).equals(expected)) return 'conflict';
    const next = ownCopy(identity);
    // The two instants may have moved since the caller read: the stored ones stay.
    records.identity.copy(next, HEAD.idleDeadlineAt, HEAD.idleDeadlineAt, HEAD.identityBytes);
    const stored = next.subarray(HEAD.idleDeadlineAt, HEAD.accessExpiryAt);
    if (stored.compare(latest.deadline) <= 0) {
      this.sessions.replace(key, { ...records, identity: next });
      return 'written';
    }
    latest.deadline.copy(next, HEAD.idleDeadlineAt);
    this.sessions.set(key, { ...records, identity: next }, latest.ttlMs);
    return 'written';
  }

  async extendIdle(key: StoreKey, idleDeadline: Buffer, ttlMs: number): Promise<boolean> {
    const records = this.sessions.get(key);
    if (records === undefined) return false;
    const { identity } = records;
    const stored = identity.subarray(HEAD.idleDeadlineAt, HEAD.accessExpiryAt);
    if (stored.compare(idleDeadline) > 0) return true;
    const next = ownCopy(identity);
    idleDeadline.copy(next, HEAD.idleDeadlineAt);
    this.sessions.set(key, { ...records, identity: next }, ttlMs);
    return true;
  }

  async end(key: StoreKey, reason: string, tombstoneMs: number): Promise<boolean> {
    const records = this.sessions.get(key);
    this.sessions.delete(key);
    this.leaveTombstone(key, reason, tombstoneMs);
    if (records === undefined) return false;
    // Only here can it be done in the same step; elsewhere orphans wait until they are pruned.
    for (const index of records.indexes) this.indexes.remove(index, [key]);
    this.signals.publish({ kind: 'ended', key, reason });
    return true;
  }

  async endMany(keys: readonly StoreKey[], reason: string, tombstoneMs: number): Promise<number> {
    let ended = 0;
    for (const key of keys) if (await this.end(key, reason, tombstoneMs)) ended += 1;
    return ended;
  }

  async readTombstone(key: StoreKey): Promise<string | undefined> {
    return this.tombstones.get(key);
  }

  async scanIndex(index: string, cursor: string | undefined, count: number): Promise<IndexBatch> {
    return this.indexes.scan(index, cursor, count);
  }

  async removeFromIndex(index: string, members: readonly StoreKey[]): Promise<void> {
    this.indexes.remove(index, members);
  }

  sweep(): void {
    this.sessions.sweep();
    this.tombstones.sweep();
    this.indexes.sweep();
  }

  private requireRoom(): void {
    if (this.sessions.size < this.maxSessions) return;
    this.sessions.sweep();
    if (this.sessions.size < this.maxSessions) return;
    throw new VestibuleError('store_unavailable', { detail: 'memory_full' });
  }

  /** The first reason stays. Tombstones are a courtesy: beyond the bound the oldest goes. */
  private leaveTombstone(key: StoreKey, reason: string, lifeMs: number): void {
    if (this.tombstones.get(key) !== undefined) return;
    this.tombstones.set(key, reason, lifeMs);
    const oldest = this.tombstones.oldestKey();
    if (this.tombstones.size > this.maxSessions && oldest !== undefined) {
      this.tombstones.delete(oldest);
    }
  }
}

/** For whoever asked: nobody else's bytes change with theirs. */
function copy(record: Buffer): Buffer {
  return Buffer.from(record);
}

function counterOf(record: Buffer): Buffer {
  return record.subarray(HEAD.counterAt, HEAD.idleDeadlineAt);
}
