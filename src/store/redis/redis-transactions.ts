import type { NewTransaction, TransactionStore } from '../store.port.js';
import type { RedisKeys } from './redis-keys.js';
import type { RedisClient } from './redis.client.js';

/** Login transactions in Redis: one hash for each browser, each step one script. */
export class RedisTransactions implements TransactionStore {
  constructor(
    private readonly client: RedisClient,
    private readonly keys: RedisKeys,
  ) {}

  async putTransaction(browser: string, entry: NewTransaction, limit: number): Promise<void> {
    const createdAt = String(Math.trunc(entry.createdAt)).padStart(14, '0');
    await this.client.write((redis) =>
      redis.vPutTransaction(
        [this.keys.transactions(browser)],
        [entry.state, createdAt, entry.lifeMs, limit, entry.transaction, entry.stub],
      ),
    );
  }

  async boundBrowsers(browser: string, lifeMs: number, most: number): Promise<void> {
    const { browsers } = this.keys;
    const oldest = await this.client.write((redis) =>
      redis.vBoundBrowsers([browsers], [browser, lifeMs, most]),
    );
    await Promise.all(oldest.map((one) => this.forget(one)));
  }

  async takeTransaction(
    browser: string,
    state: string,
  ): Promise<{ kind: 'taken' | 'consumed'; value: Buffer } | undefined> {
    const key = this.keys.transactions(browser);
    const found = await this.client.write((redis) => redis.vTakeTransactionBuffer([key], [state]));
    if (found === null) return undefined;
    const [taken, value] = found;
    return { kind: taken === 1 ? 'taken' : 'consumed', value };
  }

  async peekTransaction(browser: string, state: string): Promise<Buffer | undefined> {
    const key = this.keys.transactions(browser);
    return (
      (await this.client.read((redis) => redis.vPeekTransactionBuffer([key], [state]))) ?? undefined
    );
  }

  private async forget(browser: string): Promise<void> {
    await this.client.write((redis) => redis.del(this.keys.transactions(browser)));
  }
}
