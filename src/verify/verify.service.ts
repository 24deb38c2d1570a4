import { Inject, Injectable } from '@nestjs/common';
import { ServerConfig, type PolicyConfig } from '../config/config.types.js';
import { Clock } from '../domain/clock.js';
import type { LiveSession } from '../domain/session.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import { isSafeMethod } from '../http/csrf.js';
import { headerOf, type Exchange } from '../http/exchange.js';
import type { FlatHeaders } from '../http/flat-headers.js';
import { OwnPage } from '../http/own-page.js';
import { IdentityTelling } from '../identity/identity-telling.js';
import {
  SessionReader,
  type SessionOnRequest,
  type TokensOnRequest,
} from '../session/session-reader.js';
import { unauthenticated } from '../session/session.guard.js';
import { checkStepUp } from '../session/step-up.js';
import { TokenRefresher } from '../token/token-refresher.js';
import type { AskedRequest } from './asked-request.js';

type Reading = SessionOnRequest | TokensOnRequest;
type Held = Extract<Reading, { kind: 'live' }>;

/** Judges the request that a gateway asks about, by a policy. */
@Injectable()
export class VerifyService {
  constructor(
    private readonly sessions: SessionReader,
    private readonly telling: IdentityTelling,
    private readonly refresher: TokenRefresher,
    private readonly ownPage: OwnPage,
    @Inject(ServerConfig) private readonly server: ServerConfig,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /**
   * What the gateway hands on of who is there: preflight, session, sender, step-up, groups, token, in this order, so
   * that a stranger learns no more than 401.
   * @throws VestibuleError `unauthenticated`, `csrf_refused`, `step_up_required`, `insufficient_scope`, `not_allowed`,
   *   `token_unavailable`, `provider_unreachable`, `store_unavailable`
   */
  async admit(exchange: Exchange, policy: PolicyConfig, asked: AskedRequest): Promise<FlatHeaders> {
    if (policy.preflight && this.isPreflight(exchange, asked)) return this.telling.ofNobody;
    const held = await this.read(exchange, policy);
    if (held.kind === 'anonymous') throw unauthenticated(held.reason);
    this.checkSender(exchange, policy, asked);
    const tokens = 'tokens' in held ? held.tokens.tokens : undefined;
    checkStepUp(policy.stepUp, held.session, tokens, this.clock.now());
    checkGroups(policy, held.session);
    const told = await this.told(held.session, policy);
    return policy.authorization
      ? [...told, 'authorization', `Bearer ${await this.accessToken(held)}`]
      : told;
  }

  /** A question of the browser itself, of an origin that may ask (Fetch §4.8): it never carries a cookie. */
  private isPreflight(exchange: Exchange, { method, certainty }: AskedRequest): boolean {
    const origin = headerOf(exchange, 'origin');
    return (
      method === 'OPTIONS' &&
      certainty !== 'unknown' &&
      headerOf(exchange, 'access-control-request-method') !== undefined &&
      origin !== undefined &&
      this.server.allowedOrigins.includes(origin)
    );
  }

  /** One store command. The tokens are opened only for a policy that needs them. */
  private read(exchange: Exchange, policy: PolicyConfig): Promise<Reading> {
    const needsTokens = policy.authorization || policy.stepUp.scopes.length > 0;
    return needsTokens
      ? this.sessions.readWithTokens(exchange)
      : this.sessions.read(exchange, { touch: true });
  }

  /**
   * Whether it was a page of ours that sent the request. What may be a call that changes something must prove it;
   * where only a guess says that it is none, a foreign `Origin` refuses it, which browsers send with every such call
   * of a foreign page.
   */
  private checkSender(
    exchange: Exchange,
    { csrf, origin }: PolicyConfig,
    { method, certainty, isUpgrade }: AskedRequest,
  ): void {
    if (isUpgrade && origin && !this.ownPage.isOriginOf(exchange)) refuse('a foreign WebSocket');
    if (!csrf) return;
    if (certainty === 'unknown') refuse('TRUST_PROXY does not name the gateway');
    if (!isSafeMethod(method)) {
      if (!this.ownPage.isProvenBy(exchange)) refuse('no proof of our own page');
      return;
    }
    const isForeign =
      headerOf(exchange, 'origin') !== undefined && !this.ownPage.isOriginOf(exchange);
    if (certainty === 'guessed' && !isUpgrade && isForeign) refuse('a foreign origin');
  }

  private told(
    session: LiveSession,
    { identity: way, audience }: PolicyConfig,
  ): Promise<FlatHeaders> | FlatHeaders {
    return way === 'none'
      ? this.telling.ofNobody
      : this.telling.headersFor(session, { way, audience });
  }

  private async accessToken(held: Held): Promise<string> {
    if (!('tokens' in held) || held.id === undefined) throw new VestibuleError('token_unavailable');
    const fresh = await this.refresher.fresh(held.id, held);
    switch (fresh.kind) {
      case 'ended':
        throw unauthenticated(fresh.reason);
      case 'later':
        throw new VestibuleError('provider_unreachable');
      case 'exhausted':
        throw new VestibuleError('token_unavailable');
      case 'usable':
        if (fresh.tokens.accessToken !== undefined) return fresh.tokens.accessToken;
        throw new VestibuleError('token_unavailable');
    }
  }
}

/** Groups are compared whole and byte for byte; a claim that is no list is a list of one. */
function checkGroups({ groups, groupsClaim }: PolicyConfig, { record }: LiveSession): void {
  if (groups.length === 0) return;
  const claim = record.identity.claims[groupsClaim];
  const held = Array.isArray(claim) ? claim : [claim];
  if (!held.some((group) => typeof group === 'string' && groups.includes(group)))
    throw new VestibuleError('not_allowed');
}

function refuse(detail: string): never {
  throw new VestibuleError('csrf_refused', { detail });
}
