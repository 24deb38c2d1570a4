import type { Clock } from '../../domain/clock.js';
import { ownCopy } from '../own-copy.js';
import type { NewTransaction, TransactionStore } from '../store.port.js';
import { ExpiringMap } from './expiring-map.js';

interface Kept {
  /** Absent once it was taken. */
  readonly transaction: Buffer | undefined;
  readonly stub: Buffer;
  readonly createdAt: number;
}

/** Login transactions in memory: a map of browsers, each with a small map of states. */
export class MemoryTransactions implements TransactionStore {
  private readonly browsers: ExpiringMap<ExpiringMap<Kept>>;

  constructor(
    private readonly clock: Clock,
    private readonly maxBrowsers: number,
  ) {
    this.browsers = new ExpiringMap(clock);
  }

  async putTransaction(browser: string, entry: NewTransaction, limit: number): Promise<void> {
    const states = this.browsers.get(browser) ?? new ExpiringMap<Kept>(this.clock);
    const { state, createdAt, lifeMs } = entry;
    const [transaction, stub] = [ownCopy(entry.transaction), ownCopy(entry.stub)];
    states.set(state, { transaction, stub, createdAt }, lifeMs);
    states.evict(limit, state, (one, other) => one.createdAt - other.createdAt);
    const life = Math.max(lifeMs, this.browsers.remainingMs(browser) ?? 0);
    // Anew, so that the oldest in order is who began the longest ago.
    this.browsers.delete(browser);
    this.browsers.set(browser, states, life);
    this.makeRoom(this.maxBrowsers);
  }

  /** The browser is here since its first login, and its life was set by the last one. */
  async boundBrowsers(_browser: string, _lifeMs: number, most: number): Promise<void> {
    this.makeRoom(most);
  }

  async takeTransaction(
    browser: string,
    state: string,
  ): Promise<{ kind: 'taken' | 'consumed'; value: Buffer } | undefined> {
    const states = this.browsers.get(browser);
    const kept = states?.get(state);
    if (states === undefined || kept === undefined) return undefined;
    if (kept.transaction === undefined) return { kind: 'consumed', value: Buffer.from(kept.stub) };
    states.replace(state, { ...kept, transaction: undefined });
    return { kind: 'taken', value: kept.transaction };
  }

  async peekTransaction(browser: string, state: string): Promise<Buffer | undefined> {
    const transaction = this.browsers.get(browser)?.get(state)?.transaction;
    return transaction === undefined ? undefined : Buffer.from(transaction);
  }

  sweep(): void {
    this.browsers.sweep();
  }

  /** Anybody may start a login: a flood pushes out the oldest browser, it does not lock everybody else out. */
  private makeRoom(most: number): void {
    if (this.browsers.size <= most) return;
    this.browsers.sweep();
    while (this.browsers.size > most) this.browsers.delete(this.browsers.oldestKey() ?? '');
  }
}
