import { Inject, Injectable } from '@nestjs/common';
import { LoginConfig, SessionConfig } from '../config/config.types.js';
import { sha256 } from '../crypto/kdf.js';
import { KeyRing } from '../crypto/key-ring.js';
import { openWith, sealWith } from '../crypto/sealed-box.js';
import { Clock } from '../domain/clock.js';
import type {
  LoginStub,
  LoginTransaction,
  TransactionTaking,
} from '../domain/login-transaction.js';
import { Store } from '../store/store.port.js';

const FORMAT = 1;
type Part = 'transaction' | 'stub';

/**
 * Login transactions in the store, named by the browser's binding *and* the state: only the browser that
 * started a login can find it, and a foreign one burns nothing (RFC 9700 §4.7.1). Each is taken once.
 */
@Injectable()
export class LoginTransactions {
  private readonly ring: KeyRing;

  constructor(
    @Inject(Store) private readonly store: Store,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(LoginConfig) private readonly config: LoginConfig,
    @Inject(SessionConfig) session: SessionConfig,
  ) {
    this.ring = new KeyRing(session.keys);
  }

  /** Remembers a login; the browser's oldest goes when it has too many, and the oldest browser's when there are too many. */
  async begin(binding: string, transaction: LoginTransaction): Promise<void> {
    const browser = browserOf(binding);
    const state = sha256(transaction.state);
    const stub: LoginStub = { returnTo: transaction.returnTo, healed: transaction.healed === true };
    const entry = {
      state,
      transaction: this.seal(binding, state, 'transaction', transaction),
      stub: this.seal(binding, state, 'stub', stub),
      createdAt: transaction.createdAt,
      lifeMs: this.config.stubMs,
    };
    const { transactionsPerBrowser, browsers, stubMs } = this.config;
    // Both leave in one write.
    await Promise.all([
      this.store.putTransaction(browser, entry, transactionsPerBrowser),
      this.store.boundBrowsers(browser, stubMs, browsers),
    ]);
  }

  /** Looks without taking. */
  async peek(binding: string, state: string): Promise<LoginTransaction | undefined> {
    const hashed = sha256(state);
    const box = await this.store.peekTransaction(browserOf(binding), hashed);
    const transaction = box && this.open<LoginTransaction>(binding, hashed, 'transaction', box);
    return transaction !== undefined && this.isYoung(transaction) ? transaction : undefined;
  }

  /** Takes it: of two parallel callbacks one gets the transaction, the other the stub. */
  async take(binding: string, state: string): Promise<TransactionTaking> {
    const hashed = sha256(state);
    const found = await this.store.takeTransaction(browserOf(binding), hashed);
    if (found === undefined) return { kind: 'unknown' };
    if (found.kind === 'consumed')
      return this.asStub(this.open<LoginStub>(binding, hashed, 'stub', found.value));
    const transaction = this.open<LoginTransaction>(binding, hashed, 'transaction', found.value);
    if (transaction === undefined) return { kind: 'unknown' };
    if (this.isYoung(transaction)) return { kind: 'taken', transaction };
    return this.asStub({ returnTo: transaction.returnTo, healed: transaction.healed === true });
  }

  private asStub(stub: LoginStub | undefined): TransactionTaking {
    return stub === undefined ? { kind: 'unknown' } : { kind: 'consumed', stub };
  }

  private isYoung(transaction: LoginTransaction): boolean {
    return this.clock.now() - transaction.createdAt < this.config.transactionMs;
  }

  private seal(binding: string, state: string, part: Part, value: object): Buffer {
    return sealWith(this.ring, ['login', binding], aad(state, part), JSON.stringify(value));
  }

  private open<T>(binding: string, state: string, part: Part, box: Buffer): T | undefined {
    const plain = openWith(this.ring, ['login', binding], aad(state, part), box);
    return plain === undefined ? undefined : (JSON.parse(plain.toString('utf8')) as T);
  }
}

function aad(state: string, part: Part): string {
  return `${FORMAT}:${part}:${state}`;
}

function browserOf(binding: string): string {
  return sha256(`login:${binding}`);
}
