import { LRUCache } from 'lru-cache';
import type { Clock } from '../../domain/clock.js';
import { lasts, remainingMs, type Span } from '../../domain/span.js';
import type { Counted, CounterStore } from '../counter.port.js';

interface Window extends Span {
  count: number;
}

/** A name and its window take about 300 bytes. */
const MOST = 50_000;

/** Counters in the memory of one process. Whoever counts under many names pushes out the ones that were idle longest. */
export class MemoryCounters implements CounterStore {
  private readonly windows = new LRUCache<string, Window>({ max: MOST });

  constructor(private readonly clock: Clock) {}

  async count(name: string, windowMs: number): Promise<Counted> {
    const now = this.clock.now();
    let window = this.windows.get(name);
    if (window === undefined || !lasts(window, now)) {
      window = { count: 0, since: now, ms: windowMs };
      this.windows.set(name, window);
    }
    window.count += 1;
    return { count: window.count, remainingMs: remainingMs(window, now) };
  }
}
