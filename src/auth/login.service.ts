import { Inject, Injectable } from '@nestjs/common';
import { randomToken } from '../crypto/random.js';
import { Clock } from '../domain/clock.js';
import type { LoginTransaction } from '../domain/login-transaction.js';
import type { Exchange } from '../http/exchange.js';
import { RateLimits } from '../limit/rate-limits.js';
import { EventLog } from '../logging/event-log.js';
import { SessionReader } from '../session/session-reader.js';
import { BrowserBinding } from './browser-binding.js';
import type { LoginRequest } from './login-requests.js';
import { LoginTransactions } from './login-transactions.js';

/** Starts logins: a request to the provider, a binding in the browser, a transaction in the store. */
@Injectable()
export class LoginService {
  constructor(
    private readonly limits: RateLimits,
    private readonly transactions: LoginTransactions,
    private readonly binding: BrowserBinding,
    private readonly sessions: SessionReader,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(EventLog) private readonly log: EventLog,
  ) {}

  /**
   * The address at the provider to which the browser goes.
   * @throws VestibuleError `too_many_requests`, `provider_unreachable`, `store_unavailable`
   */
  async start(exchange: Exchange, request: LoginRequest): Promise<string> {
    await this.limits.admit(exchange, 'login');
    const { provider, parameters } = request;
    const transaction = this.transactionFor(exchange, request);
    const location = await provider.authorizationUrl({ ...transaction, parameters });
    const binding = this.binding.ensure(exchange, provider.config.responseMode === 'form_post');
    await this.transactions.begin(binding, transaction);
    this.log.event('login.started', { request: exchange.id, provider: transaction.provider });
    return location;
  }

  private transactionFor(exchange: Exchange, request: LoginRequest): LoginTransaction {
    const replaces = this.sessions.presented(exchange);
    const { authorizationParams } = request.provider.config;
    // What is asked for is checked, whoever asks.
    const asked: Readonly<Record<string, string>> = {
      ...authorizationParams,
      ...request.parameters,
    };
    const { max_age: maxAge, acr_values: acrValues, prompt } = asked;
    return {
      provider: request.provider.config.id,
      issuer: request.provider.config.issuer,
      state: randomToken(),
      nonce: randomToken(),
      codeVerifier: randomToken(),
      redirectUri: request.redirectUri,
      returnTo: request.returnTo,
      createdAt: this.clock.now(),
      ...(replaces !== undefined && { replaces }),
      ...(maxAge !== undefined && { maxAge: Number(maxAge) }),
      ...(acrValues !== undefined && { acrValues }),
      ...(prompt !== undefined && { prompt }),
      ...(request.healed && { healed: true }),
      ...(request.forApp && { forApp: true }),
    };
  }
}
