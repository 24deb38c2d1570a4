import { Inject, Injectable } from '@nestjs/common';
import type { ServiceConfig } from '../config/config.types.js';
import { Clock } from '../domain/clock.js';
import { audienceRequest, type AudienceRequest, type TokenSet } from '../domain/token-set.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import type { Exchange } from '../http/exchange.js';
import { SessionReader, type TokensOnRequest } from '../session/session-reader.js';
import { AudienceTokens } from '../token/audience-tokens.js';
import { TokenRefresher, type FreshTokens } from '../token/token-refresher.js';
import { refuseRequest, requiredParameter, type Parameters } from './request-parameters.js';
import type { ServiceCall } from './service-call.js';
import { tokenResponse, type TokenResponse } from './token-response.js';

/** What a session cookie's value is called as a subject token (RFC 8693 §3). */
export const SESSION_TOKEN = 'urn:vestibule:params:oauth:token-type:session';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';

type Held = Extract<TokensOnRequest, { kind: 'live' }> & { readonly id: string };

/** Token exchange (RFC 8693): a session cookie's value in, a fresh access token out. */
@Injectable()
export class SessionExchange {
  constructor(
    private readonly sessions: SessionReader,
    private readonly refresher: TokenRefresher,
    private readonly audiences: AudienceTokens,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /**
   * A token for the API that is named, or the session's own for a service that has no list of APIs.
   * @throws VestibuleError `bad_request` (also for a session that has ended: RFC 8693 §2.2.2), `invalid_target`,
   *   `provider_unreachable`, `store_unavailable`
   */
  async exchange(request: Exchange, { service, parameters }: ServiceCall): Promise<TokenResponse> {
    checkKinds(parameters);
    const target = targetOf(service, parameters);
    const held = await this.sessionOf(request, requiredParameter(parameters, 'subject_token'));
    const own = usable(await this.refresher.fresh(held.id, held), endOfSession);
    const token = target === undefined ? own : await this.tokenFor(target, held, own);
    return {
      ...tokenResponse(token, this.clock.now()),
      issued_token_type: ACCESS_TOKEN,
    };
  }

  private async sessionOf(request: Exchange, value: string): Promise<Held> {
    const reading = await this.sessions.readHandedIn(value, request);
    const { id } = reading;
    return reading.kind === 'live' && id !== undefined ? { ...reading, id } : endOfSession();
  }

  private async tokenFor(
    target: AudienceRequest,
    held: Held,
    own: TokenSet,
  ): Promise<Pick<TokenSet, 'accessToken' | 'accessTokenExpiresAt'>> {
    const now = { ...held, tokens: { ...held.tokens, tokens: own } };
    const tokens = usable(await this.audiences.get(held.id, now, target), notForTarget);
    return tokens.audiences?.[target.key] ?? notForTarget();
  }
}

/** RFC 8693 §2.1. */
function checkKinds(parameters: Parameters): void {
  if (requiredParameter(parameters, 'subject_token_type') !== SESSION_TOKEN)
    refuseRequest('subject_token_type is not that of a session');
  if ((parameters.get('requested_token_type') ?? ACCESS_TOKEN) !== ACCESS_TOKEN)
    refuseRequest('requested_token_type is not that of an access token');
  if (parameters.has('actor_token') || parameters.has('actor_token_type'))
    refuseRequest('no actor is taken');
}

/**
 * Compared as it is: a token for one API must not be had by the name of another. A list bounds a service altogether: without a
 * name it would get the session's own token, which may be good for every API.
 */
function targetOf(
  { audiences, resources, tokenVia: via }: ServiceConfig,
  parameters: Parameters,
): AudienceRequest | undefined {
  const [audience, resource] = [parameters.get('audience'), parameters.get('resource')];
  const isForeign =
    (audience !== undefined && !audiences.includes(audience)) ||
    (resource !== undefined && !resources.includes(resource));
  const isNone = audience === undefined && resource === undefined;
  const isBounded = audiences.length + resources.length > 0;
  if (isForeign || (isNone && isBounded))
    throw new VestibuleError('invalid_target', { detail: 'the service is not registered for it' });
  return audienceRequest({ via, audience, resource });
}

function usable(fresh: FreshTokens, exhausted: () => never): TokenSet {
  switch (fresh.kind) {
    case 'usable':
      return fresh.tokens;
    case 'ended':
      return endOfSession();
    case 'exhausted':
      return exhausted();
    case 'later':
      throw new VestibuleError('provider_unreachable');
  }
}

/** RFC 8693 §2.2.2: a subject token that is invalid for any reason is an `invalid_request`. */
function endOfSession(): never {
  return refuseRequest('subject_token is no session that has an access token');
}

function notForTarget(): never {
  throw new VestibuleError('invalid_target', { detail: 'the provider refused it' });
}
