import type { ServerMetadata } from 'openid-client';
import type { ProviderConfig } from '../config/provider-config.types.js';
import type { Clock } from '../domain/clock.js';
import type { Identity } from '../domain/identity.js';
import type { AudienceRequest, AudienceToken, TokenSet } from '../domain/token-set.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import type { EventLog } from '../logging/event-log.js';
import {
  classifyRefreshFailure,
  errorName,
  retryAfterOf,
  type TokenFailure,
} from './provider-errors.js';
import type { ProviderIdentity, Reestablished } from './provider-identity.js';
import {
  readTokenAnswer,
  toAudienceToken,
  toTokenSet,
  tokensToRevoke,
  type TokenAnswer,
} from './token-answer.js';
import type { TokenEndpoint } from './token-endpoint.js';
import type { TokenVerifier } from './token-verifier.js';

const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';

/** What a refresh is for, and the request that is its cause. */
interface Wanted {
  readonly audience?: AudienceRequest | undefined;
  readonly request?: string | undefined;
}

interface Failed {
  readonly kind: 'failed';
  readonly failure: TokenFailure;
  /** The provider asks to be left alone for so long (RFC 9110 §10.2.3). */
  readonly retryAfterMs?: number;
}

export type GrantOutcome =
  /** `identity` where the answer brought claims. */
  | { readonly kind: 'refreshed'; readonly tokens: TokenSet; readonly identity?: Identity }
  /** The user may not come in any more; the tokens are to be revoked with the session's end. */
  | { readonly kind: 'not_allowed'; readonly tokens: TokenSet }
  /** An answer that cannot be believed; its tokens are to be revoked. */
  | {
      readonly kind: 'refused';
      readonly failure: TokenFailure;
      readonly tokens: Pick<TokenSet, 'accessToken' | 'refreshToken'>;
    }
  | Failed;

export type ExchangeOutcome =
  { readonly kind: 'exchanged'; readonly token: AudienceToken } | Failed;

const SAME: Reestablished = { kind: 'same' };

/** The grants of a session that is there already: refresh (RFC 6749 §6) and token exchange (RFC 8693 §2). */
export class TokenGrants {
  constructor(
    private readonly config: ProviderConfig,
    private readonly endpoint: TokenEndpoint,
    private readonly identities: ProviderIdentity,
    private readonly verifier: TokenVerifier,
    private readonly clock: Clock,
    private readonly log: EventLog,
  ) {}

  /**
   * One use of the refresh token. What the answer leaves out stays as it was; a new ID token must name the same
   * issuer and subject (OIDC Core §12.2). With `audience` the access token is for it (RFC 8707 §2.2), and the
   * session's own stays. `request`: the one that is the cause, for the log.
   */
  async refresh(
    server: ServerMetadata,
    before: TokenSet,
    identity: Identity,
    { audience, request }: Wanted = {},
  ): Promise<GrantOutcome> {
    if (before.refreshToken === undefined) return { kind: 'failed', failure: 'invalid_grant' };
    try {
      const raw = await this.endpoint.request(server, 'refresh_token', {
        refresh_token: before.refreshToken,
        ...parametersOf(audience),
      });
      const received = tokensToRevoke(raw);
      try {
        const answer = readTokenAnswer(raw, this.config.tokenRequest);
        return await this.judge(server, answer, { before, identity, audience, request });
      } catch (error) {
        // With tokens in the answer the old refresh token is used up, and what came for it cannot be believed.
        const failure = Object.keys(received).length === 0 ? 'refused' : 'unknown';
        this.report(causeOf(error), failure, request);
        return { kind: 'refused', failure, tokens: received };
      }
    } catch (error) {
      return this.failed(error, request);
    }
  }

  /** The session's access token for one that another API takes; the provider need not know our sessions. */
  async exchange(
    server: ServerMetadata,
    { accessToken }: TokenSet,
    audience: AudienceRequest,
    request?: string,
  ): Promise<ExchangeOutcome> {
    if (accessToken === undefined) return { kind: 'failed', failure: 'refused' };
    try {
      const raw = await this.endpoint.request(server, TOKEN_EXCHANGE, {
        subject_token: accessToken,
        subject_token_type: ACCESS_TOKEN,
        requested_token_type: ACCESS_TOKEN,
        ...parametersOf(audience),
      });
      const answer = readTokenAnswer(raw, { accessTokenOptional: false });
      return { kind: 'exchanged', token: toAudienceToken(answer, this.clock.now()) };
    } catch (error) {
      return this.failed(error, request);
    }
  }

  private async judge(
    server: ServerMetadata,
    answer: TokenAnswer,
    given: Wanted & { readonly before: TokenSet; readonly identity: Identity },
  ): Promise<GrantOutcome> {
    const { before, identity, audience, request } = given;
    const now = this.clock.now();
    // The token is for another audience: it opens no userinfo endpoint, and says nothing about the session's own.
    const judged =
      audience === undefined
        ? await this.identities.reestablish(server, answer, before, identity)
        : SAME;
    switch (judged.kind) {
      case 'other':
        this.report(judged.cause, 'invalid_grant', request);
        return { kind: 'refused', failure: 'invalid_grant', tokens: answer };
      case 'not_allowed':
        this.report('allow', 'not_allowed', request);
        return { kind: 'not_allowed', tokens: toTokenSet(answer, now, before) };
      case 'unverifiable': {
        // The keys cannot be had now: the tokens count, the ID token that nobody verified does not.
        const { idToken: _unverified, ...rest } = answer;
        return { kind: 'refreshed', tokens: toTokenSet(rest, now, before) };
      }
      case 'same': {
        const { identity: changed } = judged;
        const tokens =
          audience === undefined
            ? toTokenSet(await this.verifier.readable(answer), now, before)
            : withAudience(before, answer, audience, now);
        return { kind: 'refreshed', tokens, ...(changed !== undefined && { identity: changed }) };
      }
    }
  }

  private failed(error: unknown, request: string | undefined): Failed {
    const failure = classifyRefreshFailure(error, this.config.deadGrantErrors);
    this.report(errorName(error), failure, request);
    // Nobody waits at a login page who would see it: a wrong or rotated secret must reach the operator all the same.
    if (failure === 'invalid_client')
      this.log.event('provider.client_refused', { request, provider: this.config.id });
    const retryAfterMs = retryAfterOf(error, this.clock.now());
    return { kind: 'failed', failure, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  }

  private report(
    cause: string,
    failure: TokenFailure | 'not_allowed',
    request: string | undefined,
  ): void {
    this.log.event('token.refresh_failed', { request, provider: this.config.id, failure, cause });
  }
}

/** The session's own tokens with one more for an API; a refresh token that was rotated takes the old one's place. */
function withAudience(
  before: TokenSet,
  answer: TokenAnswer,
  audience: AudienceRequest,
  now: number,
): TokenSet {
  const { refreshToken = before.refreshToken } = answer;
  const { refreshSentAt: _answered, ...kept } = before;
  return {
    ...kept,
    ...(refreshToken !== undefined && { refreshToken }),
    audiences: { ...before.audiences, [audience.key]: toAudienceToken(answer, now) },
  };
}

/** What was wrong with an answer: our own word for it, or the error's class and code. */
function causeOf(error: unknown): string {
  return (error instanceof VestibuleError ? error.detail : undefined) ?? errorName(error);
}

function parametersOf(audience: AudienceRequest | undefined): Record<string, string> {
  const { resource, audience: name, scope } = audience ?? {};
  return {
    ...(resource !== undefined && { resource }),
    ...(name !== undefined && { audience: name }),
    ...(scope !== undefined && { scope }),
  };
}
