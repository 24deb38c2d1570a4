import { setTimeout as delay } from 'node:timers/promises';
import {
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  tokenRevocation,
  type Configuration,
  type ServerMetadata,
} from 'openid-client';
import type { ProviderConfig } from '../config/provider-config.types.js';
import type { Clock } from '../domain/clock.js';
import type { Identity } from '../domain/identity.js';
import type { LoginTransaction } from '../domain/login-transaction.js';
import type { AudienceRequest, TokenSet } from '../domain/token-set.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import type { EventLog } from '../logging/event-log.js';
import type { LogoutOrder } from './logout-token.js';
import { endSessionUrl, fillLogoutTemplate, type LogoutRequest } from './logout-url.js';
import { refusesPrompt, refusesS256 } from './metadata-fit.js';
import { oauthClient } from './oauth-client.js';
import { codeRefusal, errorName, toLoginError, type CodeRefusal } from './provider-errors.js';
import type { ProviderParts } from './provider-parts.js';
import {
  readTokenAnswer,
  tokensToRevoke,
  toTokenSet,
  type RawTokenAnswer,
} from './token-answer.js';
import type { ExchangeOutcome, GrantOutcome } from './token-grants.js';

const REVOCATION_WAIT_MS = 500;

export interface AuthorizationRequest {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
  readonly redirectUri: string;
  /** The redirect URI is a page of the application: it reads its query and takes no form. */
  readonly forApp?: boolean;
  /** Allow-listed parameters of the login request. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** What is known, at the token endpoint, of the authorization request that a code answers. */
export interface CodeRequest {
  readonly redirectUri: string;
  readonly codeVerifier?: string;
  readonly nonce?: string;
  readonly state?: string;
  readonly maxAge?: number;
  readonly acrValues?: string;
  /** Nothing but the nonce binds the code to its request: there must be an ID token that has it. */
  readonly nonceBinds?: boolean;
}

export type HandedInCode =
  | { readonly kind: 'redeemed'; readonly tokens: TokenSet }
  /** What the provider says of the code; who handed it in may know. */
  | { readonly kind: 'refused'; readonly error: CodeRefusal };

export interface Redeemed {
  readonly identity: Identity;
  readonly tokens: TokenSet;
}

export type RefreshOutcome = Exclude<GrantOutcome, { kind: 'refused' }>;

/** One provider, as the relying party speaks with it. */
export class ProviderClient {
  constructor(
    readonly config: ProviderConfig,
    private readonly parts: ProviderParts,
    private readonly clock: Clock,
    private readonly log: EventLog,
  ) {}

  /** True once the provider's metadata are known; told by readiness, never red. */
  get known(): boolean {
    return this.parts.metadata.known;
  }

  /** Fetches the metadata ahead of the first login; a failure is logged and tried again later. */
  async warmUp(): Promise<void> {
    await this.parts.metadata.get().catch(() => undefined);
  }

  /**
   * The authorization request (RFC 6749 §4.1.1, RFC 7636 §4.3, OIDC Core §3.1.2.1, RFC 8707 §2).
   * @throws VestibuleError `provider_unreachable`, `provider_misconfigured`; `bad_request` for a prompt that the
   *   provider does not offer
   */
  async authorizationUrl(request: AuthorizationRequest): Promise<string> {
    const server = await this.parts.metadata.get();
    const { scope, responseMode, authorizationParams, resources, pkce } = this.config;
    if (server.authorization_endpoint === undefined) throw misfit('no authorization endpoint');
    if (refusesS256(this.config, server)) throw misfit('the provider offers no S256 for PKCE');
    const { prompt } = request.parameters;
    if (prompt !== undefined && refusesPrompt(prompt, server))
      throw new VestibuleError('bad_request', { detail: 'the provider offers no such prompt' });
    const parameters = new URLSearchParams({
      ...authorizationParams,
      ...request.parameters,
      response_type: 'code',
      scope,
      redirect_uri: request.redirectUri,
      state: request.state,
      nonce: request.nonce,
      ...(pkce === 'S256' && {
        code_challenge: await calculatePKCECodeChallenge(request.codeVerifier),
        code_challenge_method: 'S256',
      }),
      ...(responseMode === 'form_post' &&
        request.forApp !== true && { response_mode: 'form_post' }),
    });
    for (const resource of resources) {
      if (!parameters.has('resource', resource)) parameters.append('resource', resource);
    }
    return buildAuthorizationUrl(this.client(server), parameters).href;
  }

  /** True when an authorization response may come from this provider (RFC 9207 §2.4, RFC 9700 §4.4.2). */
  async isIssuerOf(callback: URLSearchParams): Promise<boolean> {
    const iss = callback.get('iss');
    if (iss !== null) return this.config.tokenIssuers.includes(iss);
    const server = await this.parts.metadata.get();
    return server.authorization_response_iss_parameter_supported !== true;
  }

  /**
   * Redeems the code and judges what comes back, in this order: the token answer, the proof of who it is, userinfo,
   * the rules of who may log in. After a failure the tokens that came are revoked (RFC 9700 §4.5.3.2).
   * @throws VestibuleError `login_rejected`, `not_allowed`, `provider_unreachable`, `provider_misconfigured`
   */
  async redeem(code: string, transaction: LoginTransaction): Promise<Redeemed> {
    const { state, nonce, codeVerifier, ...rest } = transaction;
    // A transaction that lost its secrets must not be redeemed without them.
    if (state === '' || nonce === '' || codeVerifier === '')
      throw new VestibuleError('login_rejected', { detail: 'incomplete transaction' });
    const proof = this.config.pkce === 'S256' ? { codeVerifier } : {};
    const redeemed = await this.redeemed(code, { ...rest, ...proof, state, nonce });
    return { ...redeemed, tokens: { ...redeemed.tokens, nonce } };
  }

  /**
   * The same for a code that came to somebody else's redirect URI, with as much of its request as they know.
   * @throws as `redeem`
   */
  async redeemHandedIn(code: string, request: CodeRequest): Promise<HandedInCode> {
    try {
      const { tokens } = await this.redeemed(code, request);
      return { kind: 'redeemed', tokens };
    } catch (error) {
      const refusal = codeRefusal(error);
      if (refusal === undefined) throw error;
      return { kind: 'refused', error: refusal };
    }
  }

  private async redeemed(code: string, request: CodeRequest): Promise<Redeemed> {
    let received: RawTokenAnswer = {};
    try {
      const server = await this.parts.metadata.get();
      received = await this.exchange(server, code, request);
      const answer = readTokenAnswer(received, this.config.tokenRequest);
      const identity = await this.parts.identity.establish(server, answer, request);
      const kept = await this.parts.verifier.readable(answer);
      return { identity, tokens: toTokenSet(kept, this.clock.now()) };
    } catch (error) {
      await this.discard(tokensToRevoke(received));
      throw toLoginError(error);
    }
  }

  /** RFC 6749 §4.1.3, RFC 7636 §4.5. */
  private exchange(
    server: ServerMetadata,
    code: string,
    { state, codeVerifier, redirectUri }: CodeRequest,
  ): Promise<RawTokenAnswer> {
    return this.parts.tokenEndpoint.request(server, 'authorization_code', {
      code,
      redirect_uri: redirectUri,
      ...(codeVerifier !== undefined && { code_verifier: codeVerifier }),
      ...(this.config.tokenRequest.state && state !== undefined && { state }),
    });
  }

  /** @throws VestibuleError `logout_token_rejected`, `provider_unreachable`, `provider_misconfigured` */
  async verifyLogoutToken(token: string): Promise<LogoutOrder> {
    return this.parts.verifier.logoutToken(await this.parts.metadata.get(), token);
  }

  /**
   * Renews the tokens (RFC 6749 §6), for `audience` where one is given; the log names the `request` that is the cause. Never
   * throws for what a provider may answer.
   */
  async refresh(
    tokens: TokenSet,
    identity: Identity,
    audience?: AudienceRequest,
    request?: string,
  ): Promise<RefreshOutcome> {
    if (tokens.refreshToken === undefined) return { kind: 'failed', failure: 'invalid_grant' };
    // Without metadata there is nowhere to ask: the grant was not used, and the session must not pay for it.
    const server = await this.parts.metadata.get().catch(() => undefined);
    if (server === undefined) return { kind: 'failed', failure: 'not_sent' };
    const outcome = await this.parts.grants.refresh(server, tokens, identity, {
      audience,
      request,
    });
    if (outcome.kind === 'refused') {
      // A slow endpoint must not keep the session alive that is to end.
      await Promise.race([
        this.discard(outcome.tokens),
        delay(REVOCATION_WAIT_MS, undefined, { ref: false }),
      ]);
      return { kind: 'failed', failure: outcome.failure };
    }
    return outcome;
  }

  /** A token for another audience in exchange for the session's own (RFC 8693). Nothing is used up by it. */
  async exchangeToken(
    tokens: TokenSet,
    audience: AudienceRequest,
    request?: string,
  ): Promise<ExchangeOutcome> {
    const server = await this.parts.metadata.get().catch(() => undefined);
    if (server === undefined) return { kind: 'failed', failure: 'not_sent' };
    return this.parts.grants.exchange(server, tokens, audience, request);
  }

  /** Revokes what a login left behind (RFC 7009); a provider without the endpoint is left alone. */
  revoke(tokens: TokenSet): Promise<void> {
    return this.discard(tokens);
  }

  private async discard({
    accessToken,
    refreshToken,
  }: Pick<TokenSet, 'accessToken' | 'refreshToken'>): Promise<void> {
    const token = refreshToken ?? accessToken;
    if (token === undefined) return;
    try {
      const server = await this.parts.metadata.get();
      if (server.revocation_endpoint === undefined) return;
      const hint = refreshToken === undefined ? 'access_token' : 'refresh_token';
      await tokenRevocation(this.client(server), token, { token_type_hint: hint });
    } catch (error) {
      this.log.event('token.revocation_failed', {
        provider: this.config.id,
        cause: errorName(error),
      });
    }
  }

  /** Where the browser logs out at the provider, or undefined where there is no such place. */
  async endSessionUrl(request: LogoutRequest): Promise<string | undefined> {
    const { logoutUrl, clientId } = this.config;
    if (logoutUrl !== undefined) return fillLogoutTemplate(logoutUrl, clientId, request);
    return endSessionUrl(this.client(await this.parts.metadata.get()), request);
  }

  private client(server: ServerMetadata): Configuration {
    return oauthClient(server, this.config, this.parts.fetch, this.clock);
  }
}

function misfit(detail: string): VestibuleError {
  return new VestibuleError('provider_misconfigured', { detail });
}
