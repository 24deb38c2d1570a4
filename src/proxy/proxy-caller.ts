import { Inject, Injectable } from '@nestjs/common';
import type { ProxyRouteConfig } from '../config/config.types.js';
import { Clock } from '../domain/clock.js';
import type { TokenSet } from '../domain/token-set.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import type { Exchange } from '../http/exchange.js';
import type { FlatHeaders } from '../http/flat-headers.js';
import { IdentityTelling } from '../identity/identity-telling.js';
import { SessionReader, type TokensOnRequest } from '../session/session-reader.js';
import { unauthenticated } from '../session/session.guard.js';
import { AudienceTokens } from '../token/audience-tokens.js';
import { TokenRefresher, type FreshTokens } from '../token/token-refresher.js';
import { checkStepUp } from '../session/step-up.js';

type Live = Extract<TokensOnRequest, { kind: 'live' }>;
export type HeldByRequest = Live & { readonly id: string };

/** Who calls an API, and with what. */
interface Bearer {
  /** Absent for a stranger, where the route lets one through. */
  readonly held?: HeldByRequest;
  /** Absent where the route lets a call through without. */
  readonly token?: UsedToken;
}

export interface Caller extends Bearer {
  /** What the API is told of who calls. */
  readonly identity: FlatHeaders;
}

/** The access token of a call. */
export interface UsedToken {
  readonly accessToken: string;
  /** Epoch milliseconds of the answer that brought it. */
  readonly obtainedAt: number;
  /** Whether another one can be had in its place. */
  readonly isRenewable: boolean;
}

/** Finds out who calls and gets the token that the route wants. */
@Injectable()
export class ProxyCaller {
  constructor(
    private readonly sessions: SessionReader,
    private readonly refresher: TokenRefresher,
    private readonly audiences: AudienceTokens,
    private readonly telling: IdentityTelling,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /**
   * The session, where the route asks for one; undefined for a stranger who may go on.
   * @throws VestibuleError `unauthenticated`, `store_unavailable`
   */
  async read(exchange: Exchange, { token }: ProxyRouteConfig): Promise<HeldByRequest | undefined> {
    if (token === 'none') return undefined;
    const reading = await this.sessions.readWithTokens(exchange);
    const { id } = reading;
    if (reading.kind === 'live' && id !== undefined) return { ...reading, id };
    if (token === 'optional') return undefined;
    throw unauthenticated(reading.kind === 'anonymous' ? reading.reason : undefined);
  }

  /**
   * The caller with a token that may be used now.
   * @throws VestibuleError `step_up_required`, `insufficient_scope`, `unauthenticated`, `token_unavailable`,
   *   `provider_unreachable`, `store_unavailable`
   */
  async prepare(held: HeldByRequest | undefined, route: ProxyRouteConfig): Promise<Caller> {
    const bearer = held && (await orStranger(route, this.prepareMember(held, route)));
    return this.introduced(bearer, route);
  }

  /**
   * The same after the upstream refused the token: with a new one.
   * @throws as `prepare`
   */
  async renew({ held }: Caller, route: ProxyRouteConfig): Promise<Caller> {
    const bearer = held && (await orStranger(route, this.renewMember(held, route)));
    return this.introduced(bearer, route);
  }

  /** With what the API is told of them; undefined is a stranger. */
  private async introduced(
    bearer: Bearer | undefined,
    { identity: way, name: audience }: ProxyRouteConfig,
  ): Promise<Caller> {
    const session = bearer?.held?.session;
    return { ...bearer, identity: await this.telling.headersFor(session, { way, audience }) };
  }

  private async prepareMember(held: HeldByRequest, route: ProxyRouteConfig): Promise<Bearer> {
    checkStepUp(route.stepUp, held.session, held.tokens.tokens, this.clock.now());
    const own = this.usable(await this.refresher.fresh(held.id, held), route);
    return this.withToken(held, own, route);
  }

  private async renewMember(held: HeldByRequest, route: ProxyRouteConfig): Promise<Bearer> {
    if (route.audience !== undefined)
      return this.withToken(held, held.tokens.tokens, route, { force: true });
    const fresh = await this.refresher.fresh(held.id, held, { force: true });
    return this.withToken(held, this.usable(fresh, route), route);
  }

  /** `own`: the session's tokens as they are now; undefined where there are none to be had. */
  private async withToken(
    held: HeldByRequest,
    own: TokenSet | undefined,
    route: ProxyRouteConfig,
    how: { readonly force?: boolean } = {},
  ): Promise<Bearer> {
    if (own === undefined) return { held };
    const now = { ...held, tokens: { ...held.tokens, tokens: own } };
    const { audience } = route;
    if (audience === undefined) return { held: now, ...usedToken(own, own.refreshToken, route) };
    const tokens = this.usable(await this.audiences.get(now.id, now, audience, how), route);
    if (tokens === undefined) return { held: now };
    const renewable = audience.via === 'exchange' ? tokens.accessToken : tokens.refreshToken;
    return {
      held: { ...now, tokens: { ...now.tokens, tokens } },
      ...usedToken(tokens.audiences?.[audience.key], renewable, route),
    };
  }

  private usable(
    fresh: FreshTokens,
    { token }: ProxyRouteConfig,
  ): Extract<FreshTokens, { kind: 'usable' }>['tokens'] | undefined {
    switch (fresh.kind) {
      case 'usable':
        return fresh.tokens;
      case 'ended':
        throw unauthenticated(fresh.reason);
      case 'later':
        throw new VestibuleError('provider_unreachable');
      case 'exhausted':
        if (token === 'optional') return undefined;
        throw new VestibuleError('token_unavailable');
    }
  }
}

/** A session that has just ended leaves a stranger behind, where the route lets one through. */
async function orStranger({ token }: ProxyRouteConfig, bearer: Promise<Bearer>): Promise<Bearer> {
  try {
    return await bearer;
  } catch (error) {
    const isEnded = error instanceof VestibuleError && error.code === 'unauthenticated';
    if (token === 'optional' && isEnded) return {};
    throw error;
  }
}

/** @throws VestibuleError `token_unavailable` where there is none and the route lets nobody through without */
function usedToken(
  found: Pick<TokenSet, 'accessToken' | 'obtainedAt'> | undefined,
  renewedWith: string | undefined,
  { token }: ProxyRouteConfig,
): Pick<Bearer, 'token'> {
  if (found?.accessToken === undefined) {
    if (token === 'optional') return {};
    throw new VestibuleError('token_unavailable');
  }
  const { accessToken, obtainedAt } = found;
  return { token: { accessToken, obtainedAt, isRenewable: renewedWith !== undefined } };
}
