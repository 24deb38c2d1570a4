import type { Clock } from '../../domain/clock.js';
import type { IndexBatch } from '../directory.port.js';
import type { IndexEntry, StoreKey } from '../store.port.js';

interface Member {
  /** The order of entry, which a cursor is a place in: it stays right whatever is removed meanwhile. */
  readonly sequence: number;
  readonly score: number;
}

/** Indexes in memory: of each name the members in the order of their entry. */
export class MemoryIndexes {
  private readonly indexes = new Map<string, Map<StoreKey, Member>>();
  private sequence = 0;

  constructor(private readonly clock: Clock) {}

  add({ index, score }: IndexEntry, key: StoreKey): void {
    const members = this.indexes.get(index) ?? new Map<StoreKey, Member>();
    this.indexes.set(index, members);
    const sequence = members.get(key)?.sequence ?? (this.sequence += 1);
    members.set(key, { sequence, score });
  }

  remove(index: string, keys: readonly StoreKey[]): void {
    const members = this.indexes.get(index);
    if (members === undefined) return;
    for (const key of keys) members.delete(key);
    if (members.size === 0) this.indexes.delete(index);
  }

  scan(index: string, cursor: string | undefined, count: number): IndexBatch {
    const after = cursor === undefined ? 0 : Number(cursor);
    const members: StoreKey[] = [];
    let last = after;
    for (const [key, { sequence }] of this.indexes.get(index) ?? []) {
      if (sequence <= after) continue;
      if (members.length >= count) return { members, next: String(last) };
      members.push(key);
      last = sequence;
    }
    return { members, next: undefined };
  }

  /** Forgets members whose score has passed, and indexes that have none left. */
  sweep(): void {
    const now = this.clock.now();
    for (const [index, members] of this.indexes) {
      const expired = [...members].filter(([, { score }]) => score < now).map(([key]) => key);
      this.remove(index, expired);
    }
  }
}
