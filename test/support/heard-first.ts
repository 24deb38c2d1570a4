import { randomToken } from '../../src/crypto/random.js';
import type { Store } from '../../src/store/store.port.js';

/**
 * Stores that hear what was told before they are read: the bound of a near cache, taken as short as it can be.
 * Messages come in order, so whoever has heard the last one has heard those before.
 */
export class HeardFirst {
  /** Reads that were answered with what an earlier one was answered with, in the same piece of memory. */
  known = 0;
  readonly stores: readonly Store[];
  private readonly answers = new WeakSet<Buffer>();
  private readonly waiting = new Map<string, () => void>();

  private constructor(
    stores: readonly Store[],
    private readonly raw: Store,
  ) {
    this.stores = stores.map((store, at) => this.hearing(store, String(at)));
  }

  /** Resolves when all of them listen. */
  static async over(stores: readonly Store[], raw: Store): Promise<HeardFirst> {
    const heard = new HeardFirst(stores, raw);
    for (const [at, store] of stores.entries()) heard.listenTo(store, String(at));
    for (const at of stores.keys()) await heard.untilListening(String(at));
    return heard;
  }

  private listenTo(store: Store, name: string): void {
    store.listen({
      onSignal: ({ key }) => this.waiting.get(`${name} ${key}`)?.(),
      onGap: () => undefined,
    });
  }

  /** A message sent before it listened is lost: it is sent again until one comes. */
  private async untilListening(name: string): Promise<void> {
    const again = setInterval(() => void this.tell('first'), 20);
    await this.until(`${name} first`);
    clearInterval(again);
  }

  private hearing(store: Store, name: string): Store {
    return new Proxy(store, {
      get: (target, member): unknown => {
        const value: unknown = Reflect.get(target, member);
        if (typeof value !== 'function') return value;
        if (member !== 'readIdentity') return value.bind(target) as unknown;
        return async (...args: Parameters<Store['readIdentity']>): Promise<Buffer | undefined> => {
          const marker = randomToken();
          const heard = this.until(`${name} ${marker}`);
          await this.tell(marker);
          await heard;
          const answer = await target.readIdentity(...args);
          if (answer !== undefined && this.answers.has(answer)) this.known += 1;
          else if (answer !== undefined) this.answers.add(answer);
          return answer;
        };
      },
    });
  }

  private tell(marker: string): Promise<void> {
    return this.raw.publishRenewed(marker);
  }

  private async until(what: string): Promise<void> {
    await new Promise<void>((resolve) => this.waiting.set(what, resolve));
    this.waiting.delete(what);
  }
}
