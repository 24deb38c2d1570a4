import type { Clock } from '../../domain/clock.js';
import type { StoreKey } from '../store.port.js';

export interface RecentEnd {
  readonly key: StoreKey;
  readonly reason: string;
  readonly tombstoneMs: number;
}

/** How long an end is remembered: far longer than replication, or an append-only file, is ever behind. */
export const REMEMBER_MS = 60_000;
/** Some tens of megabytes at the very most, and only while so many sessions end in one minute. */
const LIMIT = 100_000;

/** The ends that this process asked for within the last minute, the oldest forgotten first. */
export class RecentEnds {
  private readonly ends = new Map<StoreKey, RecentEnd & { readonly at: number }>();
  private sweeper: NodeJS.Timeout | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly limit: number = LIMIT,
  ) {}

  /** The first reason of a key stays, as it does in the store. */
  add(end: RecentEnd): void {
    const { reason } = this.ends.get(end.key) ?? end;
    // Taken out first, so that the order of the map is the order of time.
    this.ends.delete(end.key);
    this.ends.set(end.key, { ...end, reason, at: this.clock.now() });
    this.forget();
    this.sweeper ??= setInterval(() => this.sweep(), REMEMBER_MS).unref();
  }

  /** The newest first: they are the likeliest to have been lost. */
  newestFirst(): readonly RecentEnd[] {
    this.forget();
    return [...this.ends.values()].toReversed();
  }

  stop(): void {
    clearInterval(this.sweeper);
  }

  private sweep(): void {
    this.forget();
    if (this.ends.size > 0) return;
    clearInterval(this.sweeper);
    this.sweeper = undefined;
  }

  private forget(): void {
    const oldest = this.clock.now() - REMEMBER_MS;
    for (const [key, { at }] of this.ends) {
      if (at >= oldest && this.ends.size <= this.limit) break;
      this.ends.delete(key);
    }
  }
}
