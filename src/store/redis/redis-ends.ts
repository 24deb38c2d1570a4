import type { Clock } from '../../domain/clock.js';
import { VestibuleError } from '../../errors/vestibule.error.js';
import { formatSignal } from '../session-signal.js';
import type { StoreKey } from '../store.port.js';
import { RecentEnds, type RecentEnd } from './recent-ends.js';
import type { RedisKeys } from './redis-keys.js';
import type { RedisClient } from './redis.client.js';

/** Scripts sent together: some milliseconds of Redis, so that others are answered in between. */
const CHUNK = 200;
/** Those that are told again at once with a new connection: as many as end within the time that a replica lags. */
const FIRST_CHUNK = 1_000;
const RETRY_MS = 1_000;
/** How long the tombstone of a session lives whose creation was given up: longer than a late write can come. */
const ABANDONED_MS = 60_000;

/**
 * Ends of sessions. What Redis has acknowledged, a replica that is promoted may not know yet (K-17), nor may a
 * server that restarts from its append-only file (`appendfsync everysec`). So this process tells again what it
 * ended within the last minute whenever what answers may be another server than before, the newest first, and
 * the first of them before any other command. An end is idempotent, and an id is never used twice.
 */
export class RedisEnds {
  private readonly recent: RecentEnds;
  private again = false;
  private running = false;
  private closed = false;
  private retry: NodeJS.Timeout | undefined;

  constructor(
    private readonly client: RedisClient,
    private readonly keys: RedisKeys,
    clock: Clock,
  ) {
    this.recent = new RecentEnds(clock);
    client.onRenewed(() => void this.reapply());
  }

  /** Remembered before the answer: one that was lost must not be lost twice. */
  async end(key: StoreKey, reason: string, tombstoneMs: number): Promise<boolean> {
    const end = { key, reason, tombstoneMs };
    this.recent.add(end);
    return this.send(end);
  }

  /**
   * For a session whose creation was given up: best effort, and not remembered, because nobody was given its id
   * and an outage would fill the memory with such.
   */
  takeBack(key: StoreKey): void {
    this.send({ key, reason: 'revoked', tombstoneMs: ABANDONED_MS }).catch(() => undefined);
  }

  async endMany(keys: readonly StoreKey[], reason: string, tombstoneMs: number): Promise<number> {
    let ended = 0;
    for (const chunk of chunksOf(keys)) {
      const there = await Promise.all(chunk.map((key) => this.end(key, reason, tombstoneMs)));
      ended += there.filter(Boolean).length;
    }
    return ended;
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.retry);
    this.recent.stop();
  }

  private async reapply(): Promise<void> {
    this.again = true;
    if (this.running) return;
    this.running = true;
    while (this.again) {
      this.again = false;
      await this.sendAll(this.recent.newestFirst());
    }
    this.running = false;
  }

  private async sendAll(ends: readonly RecentEnd[]): Promise<void> {
    try {
      for (const chunk of chunksOf(ends, FIRST_CHUNK)) {
        await Promise.all(chunk.map((end) => this.send(end)));
      }
    } catch (error) {
      if (!(error instanceof VestibuleError)) throw error;
      // The connection went again, or what answers is a replica still: until it takes them, or they are too old.
      clearTimeout(this.retry);
      if (this.closed) return;
      this.retry = setTimeout(() => void this.reapply(), RETRY_MS).unref();
    }
  }

  private async send({ key, reason, tombstoneMs }: RecentEnd): Promise<boolean> {
    const { identity, tokens, device, tombstone } = this.keys.session(key);
    const signal = formatSignal({ kind: 'ended', key, reason });
    const ended = await this.client.write((redis) =>
      redis.vEnd(
        [identity, tokens, device, tombstone],
        [reason, tombstoneMs, this.keys.channel, signal],
      ),
    );
    return ended === 1;
  }
}

function* chunksOf<T>(items: readonly T[], first = CHUNK): Generator<readonly T[]> {
  yield items.slice(0, first);
  for (let at = first; at < items.length; at += CHUNK) yield items.slice(at, at + CHUNK);
}
