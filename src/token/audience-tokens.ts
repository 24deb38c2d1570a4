import { Inject, Injectable } from '@nestjs/common';
import { TokenConfig } from '../config/config.types.js';
import { Clock } from '../domain/clock.js';
import {
  isDue,
  isUsable,
  type AudienceRequest,
  type AudienceToken,
  type TokenSet,
} from '../domain/token-set.js';
import type { ProviderClient } from '../provider/provider-client.js';
import { ProviderRegistry } from '../provider/provider-registry.js';
import type { ExchangeOutcome } from '../provider/token-grants.js';
import { SessionRecords } from '../session/session-records.js';
import { RefreshBackOff, wishOf } from './refresh-back-off.js';
import { TokenRefresher, type FreshTokens } from './token-refresher.js';
import { TokenWrites, type Held } from './token-writes.js';

/**
 * Access tokens for single APIs (RFC 8707, RFC 8693), kept with the session under exactly what was asked for.
 */
@Injectable()
export class AudienceTokens {
  private readonly running = new Map<string, Promise<FreshTokens>>();
  private readonly writes: TokenWrites;

  constructor(
    private readonly refresher: TokenRefresher,
    private readonly providers: ProviderRegistry,
    records: SessionRecords,
    private readonly backOff: RefreshBackOff,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(TokenConfig) private readonly config: TokenConfig,
  ) {
    this.writes = new TokenWrites(records);
  }

  /** The session's tokens with one for `audience` among them; `force`: not the one that is there. */
  get(
    id: string,
    held: Held,
    audience: AudienceRequest,
    { force = false }: { readonly force?: boolean } = {},
  ): Promise<FreshTokens> {
    const { tokens } = held.tokens;
    const token = tokens.audiences?.[audience.key];
    if (!force && token !== undefined && !isDue(token, this.clock.now(), this.config.leewayMs))
      return Promise.resolve({ kind: 'usable', tokens });
    if (audience.via === 'refresh')
      return this.refresher.forAudience(id, held, audience, { force });
    return this.exchangeOnce(id, held, audience);
  }

  private exchangeOnce(id: string, held: Held, audience: AudienceRequest): Promise<FreshTokens> {
    const name = `${id} ${audience.key}`;
    const running = this.running.get(name);
    if (running !== undefined) return running;
    const exchange = this.exchange(id, held, audience).finally(() => this.running.delete(name));
    this.running.set(name, exchange);
    return exchange;
  }

  /** Nothing is used up by an exchange: two at a time do no harm, and need no lock. */
  private async exchange(id: string, held: Held, audience: AudienceRequest): Promise<FreshTokens> {
    const { tokens: record, session } = held;
    const provider = this.providers.find(session.record.identity.provider);
    if (provider === undefined) return { kind: 'exhausted' };
    const outcome = await this.ask(provider, held, audience);
    if (outcome.kind === 'paused') return this.without(record.tokens, audience, 'later');
    if (outcome.kind === 'failed') {
      const isRefused = outcome.failure === 'invalid_grant';
      return this.without(record.tokens, audience, isRefused ? 'exhausted' : 'later');
    }
    const add = (now: TokenSet): TokenSet => ({
      ...now,
      audiences: { ...now.audiences, [audience.key]: outcome.token },
    });
    const written = await this.writes.change(id, held, add);
    // Whoever refreshed meanwhile has tokens of its own: this one is used all the same, and got again next time.
    if (written.kind !== 'gone') return { kind: 'usable', tokens: add(record.tokens) };
    // The session ended while the provider answered: the token must not outlive it.
    void provider.revoke(alone(outcome.token));
    return { kind: 'ended' };
  }

  /** Asks, unless the provider or this API is to be left alone; what comes of it counts for refreshes as well. */
  private async ask(
    provider: ProviderClient,
    { session, tokens: { tokens }, from }: Held,
    audience: AudienceRequest,
  ): Promise<ExchangeOutcome | { readonly kind: 'paused' }> {
    const { id: name } = provider.config;
    const wish = wishOf(session, audience);
    if (this.backOff.isPaused(wish) || !this.backOff.admits(name)) return { kind: 'paused' };
    try {
      const outcome = await provider.exchangeToken(tokens, audience, from?.id);
      // Also said of a client that may refresh but not exchange (RFC 6749 §5.2): nobody else must wait for that.
      const isOurs = outcome.kind === 'failed' && outcome.failure === 'invalid_client';
      if (isOurs) this.backOff.failed(wish);
      else this.backOff.learn(name, wish, outcome);
      return outcome;
    } finally {
      this.backOff.abandoned(name);
    }
  }

  /** The token at hand does as long as it lives. */
  private without(
    tokens: TokenSet,
    audience: AudienceRequest,
    otherwise: 'exhausted' | 'later',
  ): FreshTokens {
    const isThere = isUsable(tokens.audiences?.[audience.key] ?? {}, this.clock.now());
    return isThere ? { kind: 'usable', tokens } : { kind: otherwise };
  }
}

function alone({ accessToken, obtainedAt }: AudienceToken): TokenSet {
  return { accessToken, obtainedAt, tokenType: 'Bearer' };
}
