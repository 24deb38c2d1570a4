import type { Clock } from '../../domain/clock.js';
import { VestibuleError } from '../../errors/vestibule.error.js';
import type { EventLog } from '../../logging/event-log.js';
import { unmetered, type StoreMeter } from '../store-meter.port.js';
import type {
  IdleLimit,
  NewSession,
  NewTransaction,
  Store,
  StoreKey,
  WriteOutcome,
} from '../store.port.js';
import type { Counted } from '../counter.port.js';
import type { DeviceView, IndexBatch, SignalListener } from '../directory.port.js';
import { formatSignal } from '../session-signal.js';
import { NearCache } from './near-cache.js';
import { RedisCounters } from './redis-counters.js';
import { RedisDirectory } from './redis-directory.js';
import { RedisEnds } from './redis-ends.js';
import { redisFindings } from './redis-findings.js';
import { RedisKeys } from './redis-keys.js';
import { RedisLocks } from './redis-locks.js';
import { RedisMarks } from './redis-marks.js';
import type { RedisConfig } from './redis-options.js';
import { RedisSignals } from './redis-signals.js';
import { RedisTransactions } from './redis-transactions.js';
import type { ScriptedRedis } from './redis-link.js';
import { RedisClient } from './redis.client.js';

/** How many expired members one write to an index removes at most. */
const PRUNE_LIMIT = 32;

/**
 * The store on Redis 6.2 or later. Every command may be applied after this process gave up on it (K-07), so
 * each is safe when late: writes compare the counter and never revive, an idle deadline never moves back, a
 * create is refused by the tombstone of an end. What a late create or lock could leave behind is taken back
 * by a command sent after it on the same connection, which Redis runs in order.
 *
 * Redis' clock measures lives; the process' clock is only compared with scores that came from such a clock.
 */
export class RedisStore implements Store {
  readonly kind = 'redis';
  private readonly client: RedisClient;
  private readonly keys: RedisKeys;
  private readonly ends: RedisEnds;
  private readonly transactions: RedisTransactions;
  private readonly locks: RedisLocks;
  private readonly directory: RedisDirectory;
  private readonly marks: RedisMarks;
  private readonly counters: RedisCounters;
  private readonly signals: RedisSignals;
  private readonly near: NearCache | undefined;

  constructor(
    config: RedisConfig,
    private readonly clock: Clock,
    private readonly log: EventLog,
    meter: StoreMeter = unmetered,
  ) {
    this.client = new RedisClient(config, log, meter);
    this.keys = new RedisKeys(config.prefix);
    const { client, keys } = this;
    this.ends = new RedisEnds(client, keys, clock);
    this.transactions = new RedisTransactions(client, keys);
    this.locks = new RedisLocks(client, keys);
    this.directory = new RedisDirectory(client, keys);
    this.marks = new RedisMarks(client, keys);
    this.counters = new RedisCounters(client, keys);
    this.near =
      config.nearCacheMs === undefined ? undefined : new NearCache(config.nearCacheMs, clock);
    this.signals = new RedisSignals(client, keys.channel, this.near);
    this.client.onConnected(() => void this.reportFindings());
  }

  async create(key: StoreKey, session: NewSession): Promise<'created' | 'exists'> {
    const { identity, tokens, device, tombstone } = this.keys.session(key);
    await this.addToIndexes(key, session);
    const created = this.client.write((redis) =>
      redis.vCreate(
        [identity, tokens, device, tombstone],
        [session.identity, session.tokens, session.device, session.ttlMs],
      ),
    );
    try {
      return (await created) === 1 ? 'created' : 'exists';
    } catch (error) {
      this.ends.takeBack(key);
      throw error;
    }
  }

  readIdentity(key: StoreKey): Promise<Buffer | undefined> {
    // While Redis is away nobody is let in by what was true before.
    return this.near !== undefined && this.client.isReady()
      ? this.near.read(key, () => this.askForIdentity(key))
      : this.askForIdentity(key);
  }

  async readBoth(
    key: StoreKey,
  ): Promise<{ identity: Buffer | undefined; tokens: Buffer | undefined }> {
    const { identity, tokens } = this.keys.session(key);
    const values = await this.client.read((redis) => redis.mgetBuffer(identity, tokens));
    return { identity: values[0] ?? undefined, tokens: values[1] ?? undefined };
  }

  async remainingMs(key: StoreKey): Promise<number | undefined> {
    const { identity } = this.keys.session(key);
    const life = await this.client.read((redis) => redis.pttl(identity));
    return life < 0 ? undefined : life;
  }

  async writeTokens(
    key: StoreKey,
    expected: Buffer,
    tokens: Buffer,
    accessExpiry: Buffer,
  ): Promise<WriteOutcome> {
    const keys = this.keys.session(key);
    const written = this.changing(key, (redis, told) =>
      redis.vWriteTokens([keys.tokens, keys.identity], [expected, tokens, accessExpiry, ...told]),
    );
    return outcome(await written);
  }

  async writeIdentity(
    key: StoreKey,
    expected: Buffer,
    identity: Buffer,
    { deadline, ttlMs }: IdleLimit,
  ): Promise<WriteOutcome> {
    const keys = this.keys.session(key);
    const written = this.changing(key, (redis, told) =>
      redis.vWriteIdentity(
        [keys.identity, keys.tokens, keys.device],
        [expected, identity, deadline, ttlMs, ...told],
      ),
    );
    return outcome(await written);
  }

  async extendIdle(key: StoreKey, idleDeadline: Buffer, ttlMs: number): Promise<boolean> {
    const { identity, tokens, device } = this.keys.session(key);
    const extended = this.changing(key, (redis, told) =>
      redis.vExtendIdle([identity, tokens, device], [idleDeadline, ttlMs, ...told]),
    );
    return (await extended) === 1;
  }

  async end(key: StoreKey, reason: string, tombstoneMs: number): Promise<boolean> {
    return this.dropping([key], () => this.ends.end(key, reason, tombstoneMs));
  }

  async endMany(keys: readonly StoreKey[], reason: string, tombstoneMs: number): Promise<number> {
    return this.dropping(keys, () => this.ends.endMany(keys, reason, tombstoneMs));
  }

  async readTombstone(key: StoreKey): Promise<string | undefined> {
    const { tombstone } = this.keys.session(key);
    return (await this.client.read((redis) => redis.get(tombstone))) ?? undefined;
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

  async scanIndex(index: string, cursor: string | undefined, count: number): Promise<IndexBatch> {
    return this.directory.scanIndex(index, cursor, count);
  }

  async removeFromIndex(index: string, members: readonly StoreKey[]): Promise<void> {
    await this.directory.removeFromIndex(index, members);
  }

  async readDevice(key: StoreKey): Promise<DeviceView | undefined> {
    return this.directory.readDevice(key);
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

  async ping(): Promise<void> {
    // A key, not PING: that would be answered by a Cluster that is down and to a user who may see no key of ours.
    await this.client.read((redis) => redis.exists(this.keys.probe));
  }

  async warnings(): Promise<readonly string[]> {
    return redisFindings(this.client);
  }

  async close(): Promise<void> {
    this.signals.close();
    this.ends.close();
    await this.client.close();
  }

  private async askForIdentity(key: StoreKey): Promise<Buffer | undefined> {
    const name = this.keys.identity(key);
    return (await this.client.read((redis) => redis.getBuffer(name))) ?? undefined;
  }

  /** A write to a record, which tells the other processes of it in the same step. */
  private changing(
    key: StoreKey,
    command: (redis: ScriptedRedis, told: readonly [string, string]) => Promise<number>,
  ): Promise<number> {
    const told = [this.keys.channel, formatSignal({ kind: 'changed', key })] as const;
    return this.dropping([key], () => this.client.write((redis) => command(redis, told)));
  }

  /** This process does not wait for the message: before, for who reads now, and after, for who read meanwhile. */
  private async dropping<T>(keys: readonly StoreKey[], write: () => Promise<T>): Promise<T> {
    for (const key of keys) this.near?.drop(key);
    try {
      return await write();
    } finally {
      for (const key of keys) this.near?.drop(key);
    }
  }

  /** Awaited before the session is written: an index may name a session that is not there, never the reverse. */
  private async addToIndexes(key: StoreKey, { indexes, ttlMs }: NewSession): Promise<void> {
    const now = this.clock.now();
    await Promise.all(
      indexes.map(({ index, score }) => {
        const life = Math.max(Math.ceil(score - now), ttlMs);
        return this.client.write((redis) =>
          redis.vAddToIndex([this.keys.index(index)], [key, score, now, life, PRUNE_LIMIT]),
        );
      }),
    );
  }

  private async reportFindings(): Promise<void> {
    try {
      for (const finding of await this.warnings()) this.log.event('store.warning', { finding });
    } catch (error) {
      if (!(error instanceof VestibuleError)) throw error;
      // The connection went again; the next one asks anew.
    }
  }
}

function outcome(code: number): WriteOutcome {
  if (code === 1) return 'written';
  return code === 0 ? 'conflict' : 'gone';
}
