import { Inject, Injectable } from '@nestjs/common';
import { isToken } from '../crypto/random.js';
import type { LoginStub, LoginTransaction } from '../domain/login-transaction.js';
import { toVestibuleError, VestibuleError } from '../errors/vestibule.error.js';
import { single } from '../http/form.js';
import { clientNameOf, isNoPageLoad, type Exchange } from '../http/exchange.js';
import { RateLimits } from '../limit/rate-limits.js';
import { EventLog } from '../logging/event-log.js';
import type { Redeemed } from '../provider/provider-client.js';
import { ProviderRegistry } from '../provider/provider-registry.js';
import { SessionLifecycle } from '../session/session-lifecycle.js';
import { BrowserBinding } from './browser-binding.js';
import { LoginTransactions } from './login-transactions.js';

/** How an answer came: the path that it came by, and whose hands brought it. */
export interface Arrival {
  /** The provider that the path names. */
  readonly provider?: string;
  /** A script of the application hands it in; else the provider's redirect or form brings it. */
  readonly byApp?: boolean;
}

export type CallbackOutcome =
  | { readonly kind: 'logged-in'; readonly returnTo: string; readonly sessionId: string }
  /** A `prompt=none` that the provider could not answer: no error, the person is simply not logged in there. */
  | { readonly kind: 'not-logged-in'; readonly returnTo: string }
  /** Consumed or too old: the bounce page heals it. */
  | { readonly kind: 'stale'; readonly returnTo: string };

/** Errors by which a provider says that it would have to ask the person (OIDC Core §3.1.2.6). */
const NEEDS_INTERACTION: ReadonlySet<string> = new Set([
  'login_required',
  'interaction_required',
  'consent_required',
  'account_selection_required',
]);

/** Completes logins. */
@Injectable()
export class CallbackService {
  constructor(
    private readonly providers: ProviderRegistry,
    private readonly transactions: LoginTransactions,
    private readonly binding: BrowserBinding,
    private readonly limits: RateLimits,
    private readonly lifecycle: SessionLifecycle,
    @Inject(EventLog) private readonly log: EventLog,
  ) {}

  /**
   * The steps of a callback, in the order that makes it safe: the state is spent before the code. What a foreign page
   * embeds brings the binding too where that is SameSite=None (form_post), so it is refused before it is counted.
   * @throws VestibuleError `not_a_navigation`, `login_state_missing`, `login_state_unknown`, `too_many_requests`, `login_rejected`, `login_denied`,
   *   `provider_unreachable`, `provider_misconfigured`, `store_unavailable`
   */
  async complete(
    exchange: Exchange,
    parameters: URLSearchParams,
    arrival: Arrival = {},
  ): Promise<CallbackOutcome> {
    if (arrival.byApp !== true && isNoPageLoad(exchange))
      throw new VestibuleError('not_a_navigation');
    const state = readState(parameters);
    const binding = this.readBinding(exchange);
    await this.limits.admit(exchange, 'callback');
    await this.checkSender(binding, state, parameters, arrival);
    const taking = await this.transactions.take(binding, state);
    if (taking.kind === 'unknown') throw new VestibuleError('login_state_unknown');
    if (taking.kind === 'consumed') return this.heal(taking.stub, arrival);
    try {
      return await this.judge(exchange, parameters, taking.transaction);
    } catch (error) {
      throw aboutLogin(error, taking.transaction);
    }
  }

  private async judge(
    exchange: Exchange,
    parameters: URLSearchParams,
    transaction: LoginTransaction,
  ): Promise<CallbackOutcome> {
    const error = parameters.get('error');
    if (error !== null) return this.refused(transaction, error);
    const redeemed = await this.providers
      .named(transaction.provider)
      .redeem(parameters.get('code') ?? '', transaction);
    const sessionId = await this.startSession(exchange, transaction, redeemed);
    this.log.event('login.succeeded', { request: exchange.id, provider: transaction.provider });
    return { kind: 'logged-in', returnTo: transaction.returnTo, sessionId };
  }

  private readBinding(exchange: Exchange): string {
    const binding = this.binding.of(exchange);
    if (binding === undefined)
      throw new VestibuleError('login_state_unknown', { detail: 'no browser binding' });
    return binding;
  }

  /** An answer that another provider may have sent, or that came to another redirect URI, consumes nothing (RFC 9207 §2.4). */
  private async checkSender(
    binding: string,
    state: string,
    parameters: URLSearchParams,
    arrival: Arrival,
  ): Promise<void> {
    const transaction = await this.transactions.peek(binding, state);
    if (transaction === undefined) return;
    if ((transaction.forApp ?? false) !== (arrival.byApp ?? false))
      reject('the answer came to another redirect URI than the one that was asked for');
    const expected = this.providers.named(transaction.provider);
    const sameIssuer = transaction.issuer === expected.config.issuer;
    const rightPath = this.isPathOf(transaction.provider, arrival.provider);
    if (!sameIssuer || !rightPath || !(await expected.isIssuerOf(parameters)))
      reject('the answer is not from the provider that was asked');
  }

  /** With several providers each has its own path; with one the path may name it. */
  private isPathOf(asked: string, named: string | undefined): boolean {
    return named === asked || (named === undefined && this.providers.all.length === 1);
  }

  /** A script is not healed: it decides itself whether to look for its session or to start anew. */
  private heal({ returnTo, healed }: LoginStub, { byApp = false }: Arrival): CallbackOutcome {
    if (byApp) throw new VestibuleError('login_state_unknown', { detail: 'consumed or too old' });
    if (healed) throw new VestibuleError('login_state_unknown', { detail: 'healed once already' });
    this.log.event('login.healed');
    return { kind: 'stale', returnTo };
  }

  private refused(transaction: LoginTransaction, error: string): CallbackOutcome {
    if (transaction.prompt === 'none' && NEEDS_INTERACTION.has(error)) {
      return { kind: 'not-logged-in', returnTo: transaction.returnTo };
    }
    const code =
      error === 'server_error' || error === 'temporarily_unavailable'
        ? 'provider_unreachable'
        : 'login_denied';
    throw new VestibuleError(code, {
      detail: KNOWN_ERRORS.has(error) ? error : 'another error of the provider',
    });
  }

  /** Saved before the answer; when the store refuses, the tokens that just came are revoked. */
  private async startSession(
    exchange: Exchange,
    transaction: LoginTransaction,
    redeemed: Redeemed,
  ): Promise<string> {
    try {
      return await this.lifecycle.start(
        exchange,
        { ...redeemed, client: clientNameOf(exchange) },
        {
          startedAt: transaction.createdAt,
          ...(transaction.replaces !== undefined && { replaces: transaction.replaces }),
        },
      );
    } catch (error) {
      await this.providers.named(transaction.provider).revoke(redeemed.tokens);
      throw error;
    }
  }
}

function aboutLogin(thrown: unknown, { provider, issuer }: LoginTransaction): VestibuleError {
  const error = toVestibuleError(thrown);
  error.about = { provider, issuer, ...error.about };
  return error;
}

function reject(detail: string): never {
  throw new VestibuleError('login_rejected', { detail });
}

const KNOWN_ERRORS: ReadonlySet<string> = new Set([
  ...NEEDS_INTERACTION,
  'access_denied',
  'invalid_request',
  'invalid_scope',
  'unauthorized_client',
  'unsupported_response_type',
  'server_error',
  'temporarily_unavailable',
]);

/** One state of our own shape, and one of code and error; repeated parameters are refused. */
function readState(parameters: URLSearchParams): string {
  const state = single(parameters, 'state');
  const code = single(parameters, 'code');
  const error = single(parameters, 'error');
  single(parameters, 'iss');
  const answers = [code, error].filter((value) => value !== undefined);
  if (state === undefined || answers.length !== 1 || answers.includes(''))
    throw new VestibuleError('login_state_missing');
  if (!isToken(state)) throw new VestibuleError('login_state_unknown');
  return state;
}
