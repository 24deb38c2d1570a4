import type { Clock } from '../../domain/clock.js';
import { VestibuleError } from '../../errors/vestibule.error.js';
import type { EventLog } from '../../logging/event-log.js';
import type { NewSession, NewTransaction, Store, StoreKey, WriteOutcome } from '../store.port.js';
import { redisFindings } from './redis-findings.js';
import { RedisKeys } from './redis-keys.js';
import { RedisClient, type RedisConfig } from './redis.client.js';

/** How many expired members one write to an index removes at most. */
const PRUNE_LIMIT = 32;
/** How long the tombstone of a session lives whose creation was given up: longer than a late write can come. */
const ABANDONED_MS = 60_000;

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

  constructor(
    config: RedisConfig,
    private readonly clock: Clock,
    private readonly log: EventLog,
  ) {
    this.client = new RedisClient(config, log);
    this.keys = new RedisKeys(config.prefix);
    this.client.onConnected(() => void this.reportFindings());
  }

  async create(key: StoreKey, session: NewSession): Promise<'created' | 'exists'> {
    const { identity, tokens, device, tombstone } = this.keys.session(key);
    await this.addToIndexes(key, session);
    const created = this.client.run((redis) =>
      redis.vCreate(
        [identity, tokens, device, tombstone],
        [session.identity, session.tokens, session.device, session.ttlMs],
      ),
    );
    try {
      return (await created) === 1 ? 'created' : 'exists';
    } catch (error) {
      this.takeBack(this.end(key, 'revoked', ABANDONED_MS));
      throw error;
    }
  }

  async readIdentity(key: StoreKey): Promise<Buffer | undefined> {
    const { identity } = this.keys.session(key);
    return (await this.client.run((redis) => redis.getBuffer(identity))) ?? undefined;
  }

  async readBoth(
    key: StoreKey,
  ): Promise<{ identity: Buffer | undefined; tokens: Buffer | undefined }> {
    const { identity, tokens } = this.keys.session(key);
    const values = await this.client.run((redis) => redis.mgetBuffer(identity, tokens));
    return { identity: values[0] ?? undefined, tokens: values[1] ?? undefined };
  }

  async remainingMs(key: StoreKey): Promise<number | undefined> {
    const { identity } = this.keys.session(key);
    const life = await this.client.run((redis) => redis.pttl(identity));
    return life < 0 ? undefined : life;
  }

  async writeTokens(
    key: StoreKey,
    expected: Buffer,
    tokens: Buffer,
    accessExpiry: Buffer,
  ): Promise<WriteOutcome> {
    const keys = this.keys.session(key);
    return outcome(
      await this.client.run((redis) =>
        redis.vWriteTokens([keys.tokens, keys.identity], [expected, tokens, accessExpiry]),
      ),
    );
  }

  async writeIdentity(key: StoreKey, expected: Buffer, identity: Buffer): Promise<WriteOutcome> {
    const keys = this.keys.session(key);
    return outcome(
      await this.client.run((redis) => redis.vWriteIdentity([keys.identity], [expected, identity])),
    );
  }

  async extendIdle(key: StoreKey, idleDeadline: Buffer, ttlMs: number): Promise<boolean> {
    const { identity, tokens, device } = this.keys.session(key);
    return this.holds((redis) =>
      redis.vExtendIdle([identity, tokens, device], [idleDeadline, ttlMs]),
    );
  }

  async end(key: StoreKey, reason: string, tombstoneMs: number): Promise<boolean> {
    const { identity, tokens, device, tombstone } = this.keys.session(key);
    return this.holds((redis) =>
      redis.vEnd([identity, tokens, device, tombstone], [reason, tombstoneMs]),
    );
  }

  async readTombstone(key: StoreKey): Promise<string | undefined> {
    const { tombstone } = this.keys.session(key);
    return (await this.client.run((redis) => redis.get(tombstone))) ?? undefined;
  }

  async putTransaction(browser: string, entry: NewTransaction, limit: number): Promise<void> {
    const createdAt = String(Math.trunc(entry.createdAt)).padStart(14, '0');
    await this.client.run((redis) =>
      redis.vPutTransaction(
        [this.keys.transactions(browser)],
        [entry.state, createdAt, entry.lifeMs, limit, entry.transaction, entry.stub],
      ),
    );
  }

  async takeTransaction(
    browser: string,
    state: string,
  ): Promise<{ kind: 'taken' | 'consumed'; value: Buffer } | undefined> {
    const key = this.keys.transactions(browser);
    const found = await this.client.run((redis) => redis.vTakeTransactionBuffer([key], [state]));
    if (found === null) return undefined;
    const [taken, value] = found;
    return { kind: taken === 1 ? 'taken' : 'consumed', value };
  }

  async peekTransaction(browser: string, state: string): Promise<Buffer | undefined> {
    const key = this.keys.transactions(browser);
    return (
      (await this.client.run((redis) => redis.vPeekTransactionBuffer([key], [state]))) ?? undefined
    );
  }

  async acquireLock(key: StoreKey, owner: string, ttlMs: number): Promise<boolean> {
    const { lock } = this.keys.session(key);
    try {
      const set = await this.client.run((redis) => redis.set(lock, owner, 'PX', ttlMs, 'NX'));
      return set === 'OK';
    } catch (error) {
      this.takeBack(this.releaseLock(key, owner));
      throw error;
    }
  }

  async renewLock(key: StoreKey, owner: string, ttlMs: number): Promise<boolean> {
    const { lock } = this.keys.session(key);
    return this.holds((redis) => redis.vRenewLock([lock], [owner, ttlMs]));
  }

  async releaseLock(key: StoreKey, owner: string): Promise<void> {
    const { lock } = this.keys.session(key);
    await this.client.run((redis) => redis.vReleaseLock([lock], [owner]));
  }

  async ping(): Promise<void> {
    await this.client.run((redis) => redis.ping());
  }

  async warnings(): Promise<readonly string[]> {
    return redisFindings(this.client);
  }

  async close(): Promise<void> {
    await this.client.close();
  }

  private async holds(command: Parameters<typeof this.client.run<number>>[0]): Promise<boolean> {
    return (await this.client.run(command)) === 1;
  }

  /** Awaited before the session is written: an index may name a session that is not there, never the reverse. */
  private async addToIndexes(key: StoreKey, { indexes, ttlMs }: NewSession): Promise<void> {
    const now = this.clock.now();
    await Promise.all(
      indexes.map(({ index, score }) => {
        const life = Math.max(Math.ceil(score - now), ttlMs);
        return this.client.run((redis) =>
          redis.vAddToIndex([this.keys.index(index)], [key, score, now, life, PRUNE_LIMIT]),
        );
      }),
    );
  }

  private takeBack(attempt: Promise<unknown>): void {
    // Best effort: what stays behind is a session whose id nobody was given, or a lock until its time is up.
    attempt.catch(() => undefined);
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
