import type { Clock } from '../../domain/clock.js';

interface Entry<T> {
  readonly value: T;
  readonly expiresAt: number;
}

/** A map whose entries end at an instant of the clock: unseen from then on, removed when met or swept. */
export class ExpiringMap<T> {
  private readonly entries = new Map<string, Entry<T>>();

  constructor(private readonly clock: Clock) {}

  /** Entries held, the expired ones that nobody met yet included. */
  get size(): number {
    return this.entries.size;
  }

  get(key: string): T | undefined {
    return this.live(key)?.value;
  }

  /** Milliseconds to live; undefined when there is no such entry. */
  remainingMs(key: string): number | undefined {
    const entry = this.live(key);
    return entry === undefined ? undefined : entry.expiresAt - this.clock.now();
  }

  set(key: string, value: T, lifeMs: number): void {
    this.entries.set(key, { value, expiresAt: this.clock.now() + lifeMs });
  }

  /** Replaces the value and keeps the end; nothing happens when the entry is gone. */
  replace(key: string, value: T): void {
    const entry = this.live(key);
    if (entry !== undefined) this.entries.set(key, { value, expiresAt: entry.expiresAt });
  }

  /** True when a live entry was there. */
  delete(key: string): boolean {
    const there = this.live(key) !== undefined;
    this.entries.delete(key);
    return there;
  }

  /** The key that was first set among those held. */
  oldestKey(): string | undefined {
    return this.entries.keys().next().value;
  }

  /** Removes the smallest by `order` until `limit` live entries are left; never the entry `spared`. */
  evict(limit: number, spared: string, order: (one: T, other: T) => number): void {
    this.sweep();
    const others = [...this.entries].filter(([key]) => key !== spared);
    others.sort(([, one], [, other]) => order(one.value, other.value));
    for (const [key] of others.slice(0, Math.max(0, this.entries.size - limit))) {
      this.entries.delete(key);
    }
  }

  sweep(): void {
    const now = this.clock.now();
    for (const [key, { expiresAt }] of this.entries) {
      if (expiresAt <= now) this.entries.delete(key);
    }
  }

  private live(key: string): Entry<T> | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.expiresAt > this.clock.now()) return entry;
    this.entries.delete(key);
    return undefined;
  }
}
