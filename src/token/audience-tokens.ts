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
import { ProviderRegistry } from '../provider/provider-registry.js';
import { SessionRecords } from '../session/session-records.js';
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
    const outcome = await provider.exchangeToken(record.tokens, audience);
    if (outcome.kind === 'failed')
      return this.without(record.tokens, audience, outcome.failure === 'invalid_grant');
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

  /** The token at hand does as long as it lives. */
  private without(tokens: TokenSet, audience: AudienceRequest, isRefused: boolean): FreshTokens {
    if (isUsable(tokens.audiences?.[audience.key] ?? {}, this.clock.now()))
      return { kind: 'usable', tokens };
    return { kind: isRefused ? 'exhausted' : 'later' };
  }
}

function alone({ accessToken, obtainedAt }: AudienceToken): TokenSet {
  return { accessToken, obtainedAt, tokenType: 'Bearer' };
}
