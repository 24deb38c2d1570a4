import { LRUCache } from 'lru-cache';
import type { Clock } from '../../domain/clock.js';
import { endOfTurn } from '../../domain/end-of-turn.js';
import { ownCopy } from '../own-copy.js';
import { HEAD, instantIn, type StoreKey } from '../store.port.js';

/** What all entries together may hold, however many sessions there are. */
const MOST_BYTES = 32 * 2 ** 20;

interface Entry {
  readonly record: Buffer;
  /** Epoch milliseconds at which Redis was asked for it. */
  readonly askedAt: number;
}

/**
 * Identity records as Redis sealed them, kept in this process for a short time, so that a session that is asked for
 * again costs no command. Never an answer about whether a session lives that is older than `lifeMs`, whatever
 * happens to the messages that tell of ends and changes; with them, usually within milliseconds.
 *
 * - Nothing is kept while the subscription is not there (`arm`, `disarm`).
 * - An answer of Redis may come later than the message that makes it old, because they come on two connections:
 *   each read leaves a mark before it asks, and a message takes the mark away.
 * - An end sends no message when it is the passing of a deadline: a record whose idle deadline has passed is asked
 *   for again; the absolute one is judged by the reader with every read.
 */
export class NearCache {
  private readonly entries = new LRUCache<StoreKey, Entry>({
    maxSize: MOST_BYTES,
    sizeCalculation: ({ record }) => record.length,
  });
  /** The last read of a key that is under way; what it brings is kept only if it is still here then. */
  private readonly marks = new Map<StoreKey, symbol>();
  private isArmed = false;

  constructor(
    private readonly lifeMs: number,
    private readonly clock: Clock,
  ) {}

  /** The record as it was within the last `lifeMs`, else as `ask` tells it; what `ask` throws is thrown on. */
  async read(key: StoreKey, ask: () => Promise<Buffer | undefined>): Promise<Buffer | undefined> {
    // Looked for only then: a message that came in this turn counts.
    if (this.entries.has(key)) await endOfTurn();
    const known = this.known(key);
    if (known !== undefined) return known;
    if (!this.isArmed) return ask();
    const mark = Symbol('read');
    const askedAt = this.clock.now();
    this.marks.set(key, mark);
    try {
      const record = await ask();
      // Copied: what ioredis gives is a piece of all that came with it.
      if (
        record !== undefined &&
        record.length > HEAD.identityBytes &&
        this.marks.get(key) === mark
      )
        this.entries.set(key, { record: ownCopy(record), askedAt });
      return record;
    } finally {
      if (this.marks.get(key) === mark) this.marks.delete(key);
    }
  }

  /** The session has ended or changed, or may have. */
  drop(key: StoreKey): void {
    this.entries.delete(key);
    this.marks.delete(key);
  }

  /** From now on every end and every change is told. */
  arm(): void {
    this.empty();
    this.isArmed = true;
  }

  /** From now on one may be missed. */
  disarm(): void {
    this.isArmed = false;
    this.empty();
  }

  private known(key: StoreKey): Buffer | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    const now = this.clock.now();
    const age = now - entry.askedAt;
    // A clock that was set back must not make an entry live longer.
    const isFresh = age >= 0 && age < this.lifeMs;
    if (isFresh && instantIn(entry.record, HEAD.idleDeadlineAt) > now) return entry.record;
    this.entries.delete(key);
    return undefined;
  }

  private empty(): void {
    this.entries.clear();
    this.marks.clear();
  }
}
