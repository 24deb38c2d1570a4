import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  buildEndSessionUrl,
  calculatePKCECodeChallenge,
  ClientError,
  fetchUserInfo,
  refreshTokenGrant,
  tokenRevocation,
  type Configuration,
  type TokenEndpointResponse,
} from 'openid-client';
import type { ProviderConfig } from '../config/config.types.js';
import type { Clock } from '../domain/clock.js';
import type { Identity } from '../domain/identity.js';
import type { LoginTransaction } from '../domain/login-transaction.js';
import type { TokenSet } from '../domain/token-set.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import type { EventLog } from '../logging/event-log.js';
import { toIdentity } from './identity.mapper.js';
import type { LogoutOrder } from './logout-token.js';
import {
  classifyTokenFailure,
  errorName,
  toLoginError,
  type TokenFailure,
} from './provider-errors.js';
import type { ProviderKeys } from './provider-keys.js';
import type { ProviderMetadata } from './provider-metadata.js';
import { watchTokenCall } from './token-call.js';
import { TokenVerifier } from './token-verifier.js';
import { toTokenSet } from './token-response.js';

/** openid-client's code for a `sub` that is not the expected one. */
const OTHER_SUBJECT = 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED';

export interface AuthorizationRequest {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
  readonly redirectUri: string;
  /** Allow-listed parameters of the login request. */
  readonly parameters: Readonly<Record<string, string>>;
}

export interface Redeemed {
  readonly identity: Identity;
  readonly tokens: TokenSet;
}

export type RefreshOutcome =
  | { readonly kind: 'refreshed'; readonly tokens: TokenSet }
  | { readonly kind: 'failed'; readonly failure: TokenFailure };

/** One provider, as the relying party speaks with it. The only place of the product that uses openid-client's calls. */
export class ProviderClient {
  private readonly verifier: TokenVerifier;

  constructor(
    readonly config: ProviderConfig,
    private readonly metadata: ProviderMetadata,
    keys: ProviderKeys,
    logoutKeys: ProviderKeys,
    private readonly clock: Clock,
    private readonly log: EventLog,
  ) {
    this.verifier = new TokenVerifier(config, keys, logoutKeys, clock);
  }

  /** True once the provider's metadata are known; told by readiness, never red. */
  get known(): boolean {
    return this.metadata.known;
  }

  /** Fetches the metadata ahead of the first login; a failure is logged and tried again later. */
  async warmUp(): Promise<void> {
    await this.metadata.get().catch(() => undefined);
  }

  /**
   * The authorization request (RFC 6749 §4.1.1, RFC 7636 §4.3, OIDC Core §3.1.2.1).
   * @throws VestibuleError `provider_unreachable`
   */
  async authorizationUrl(request: AuthorizationRequest): Promise<string> {
    const configuration = await this.metadata.get();
    const url = buildAuthorizationUrl(configuration, {
      ...request.parameters,
      response_type: 'code',
      scope: this.config.scope,
      redirect_uri: request.redirectUri,
      state: request.state,
      nonce: request.nonce,
      code_challenge: await calculatePKCECodeChallenge(request.codeVerifier),
      code_challenge_method: 'S256',
      ...(this.config.responseMode === 'form_post' && { response_mode: 'form_post' }),
    });
    return url.href;
  }

  /** True when an authorization response may come from this provider (RFC 9207 §2.4, RFC 9700 §4.4.2). */
  async isIssuerOf(callback: URLSearchParams): Promise<boolean> {
    const { issuer, authorization_response_iss_parameter_supported: advertised } = (
      await this.metadata.get()
    ).serverMetadata();
    const iss = callback.get('iss');
    return iss === null ? advertised !== true : iss === issuer;
  }

  /**
   * Redeems the code and validates what comes back, in this order: the token answer, the ID token, userinfo.
   * After a failed validation the tokens that came are revoked (RFC 9700 §4.5.3.2).
   * @throws VestibuleError `login_denied`, `login_rejected`, `provider_unreachable`, `provider_misconfigured`
   */
  async redeem(callback: URLSearchParams, transaction: LoginTransaction): Promise<Redeemed> {
    const { configuration, received } = watchTokenCall(await this.metadata.get(), this.config);
    try {
      const answer = await this.exchange(configuration, callback, transaction);
      const claims = await this.verifier.idToken(
        configuration.serverMetadata(),
        answer,
        transaction,
      );
      const userinfo = await this.userinfo(configuration, answer.access_token, claims.sub);
      return {
        identity: toIdentity(this.config.id, claims, userinfo, this.config.claims),
        tokens: toTokenSet(answer, this.clock.now()),
      };
    } catch (error) {
      await this.discard(await received());
      throw toLoginError(error);
    }
  }

  private exchange(
    configuration: Configuration,
    callback: URLSearchParams,
    transaction: LoginTransaction,
  ): Promise<TokenEndpointResponse> {
    const { state, nonce, codeVerifier, maxAge } = transaction;
    // openid-client would go on without a verifier or a nonce; a transaction that lost one must not.
    if (state === '' || nonce === '' || codeVerifier === '')
      throw new VestibuleError('login_rejected', { detail: 'incomplete transaction' });
    const url = new URL(transaction.redirectUri);
    url.search = callback.toString();
    return authorizationCodeGrant(configuration, url, {
      expectedState: state,
      expectedNonce: nonce,
      pkceCodeVerifier: codeVerifier,
      idTokenExpected: true,
      ...(maxAge !== undefined && { maxAge }),
    });
  }

  /** @throws VestibuleError `logout_token_rejected`, `provider_unreachable`, `provider_misconfigured` */
  async verifyLogoutToken(token: string): Promise<LogoutOrder> {
    return this.verifier.logoutToken((await this.metadata.get()).serverMetadata(), token);
  }

  /**
   * Userinfo of the same subject (OIDC Core §5.3.2). A provider that does not answer, or not to this token,
   * adds no claims; one that answers for another subject is not to be trusted with this login.
   */
  private async userinfo(
    configuration: Configuration,
    accessToken: string,
    subject: string,
  ): Promise<Record<string, unknown>> {
    const { userinfo_endpoint: endpoint } = configuration.serverMetadata();
    if (!this.config.userinfo || endpoint === undefined) return {};
    try {
      return await fetchUserInfo(configuration, accessToken, subject);
    } catch (error) {
      if (error instanceof ClientError && error.code === OTHER_SUBJECT) {
        throw new VestibuleError('login_rejected', { cause: error, detail: 'userinfo: sub' });
      }
      const cause = errorName(error);
      this.log.event('provider.userinfo_failed', { provider: this.config.id, cause });
      return {};
    }
  }

  /**
   * Renews the tokens (RFC 6749 §6). What the answer leaves out stays as it was; a new ID token must name the
   * same issuer and subject (OIDC Core §12.2). Never throws for what a provider may answer.
   */
  async refresh(tokens: TokenSet, identity: Identity): Promise<RefreshOutcome> {
    if (tokens.refreshToken === undefined) return { kind: 'failed', failure: 'invalid_grant' };
    // Without metadata there is nowhere to ask: the grant was not used, and the session must not pay for it.
    const configuration = await this.metadata.get().catch(() => undefined);
    if (configuration === undefined) return { kind: 'failed', failure: 'not_sent' };
    try {
      const answer = await refreshTokenGrant(configuration, tokens.refreshToken);
      switch (await this.judgeUser(configuration, answer, identity)) {
        case 'same':
          return { kind: 'refreshed', tokens: toTokenSet(answer, this.clock.now(), tokens) };
        case 'unverifiable': {
          // The keys cannot be had now: the tokens count, the ID token that nobody verified does not.
          const { id_token: _unverified, ...rest } = answer;
          return { kind: 'refreshed', tokens: toTokenSet(rest, this.clock.now(), tokens) };
        }
        case 'other':
          await this.discard(answer);
          return { kind: 'failed', failure: 'invalid_grant' };
      }
    } catch (error) {
      const failure = classifyTokenFailure(error);
      this.log.event('token.refresh_failed', {
        provider: this.config.id,
        failure,
        cause: errorName(error),
      });
      return { kind: 'failed', failure };
    }
  }

  /** Whether a refresh is about the same user: an ID token that comes along must say so (OIDC Core §12.2). */
  private async judgeUser(
    configuration: Configuration,
    answer: TokenEndpointResponse,
    { issuer, subject }: Identity,
  ): Promise<'same' | 'other' | 'unverifiable'> {
    if (answer.id_token === undefined) return 'same';
    try {
      const claims = await this.verifier.idToken(configuration.serverMetadata(), answer, {});
      return claims.iss === issuer && claims.sub === subject ? 'same' : 'other';
    } catch (error) {
      return toLoginError(error).code === 'login_rejected' ? 'other' : 'unverifiable';
    }
  }

  /** Revokes what a login left behind (RFC 7009); a provider without the endpoint is left alone. */
  async revoke(tokens: TokenSet): Promise<void> {
    await this.discard({
      access_token: tokens.accessToken,
      ...(tokens.refreshToken !== undefined && { refresh_token: tokens.refreshToken }),
    });
  }

  private async discard(answer: {
    readonly access_token?: string;
    readonly refresh_token?: string;
  }): Promise<void> {
    const token = answer.refresh_token ?? answer.access_token;
    if (token === undefined) return;
    try {
      const configuration = await this.metadata.get();
      if (configuration.serverMetadata().revocation_endpoint === undefined) return;
      const hint = answer.refresh_token === undefined ? 'access_token' : 'refresh_token';
      await tokenRevocation(configuration, token, { token_type_hint: hint });
    } catch (error) {
      this.log.event('token.revocation_failed', {
        provider: this.config.id,
        cause: errorName(error),
      });
    }
  }

  /** Where the browser logs out at the provider (RP-Initiated Logout §2), or undefined where there is no such place. */
  async endSessionUrl(request: {
    readonly postLogoutRedirectUri: string;
    readonly state: string;
    readonly idToken?: string;
  }): Promise<string | undefined> {
    const configuration = await this.metadata.get();
    if (configuration.serverMetadata().end_session_endpoint === undefined) return undefined;
    return buildEndSessionUrl(configuration, {
      post_logout_redirect_uri: request.postLogoutRedirectUri,
      state: request.state,
      ...(request.idToken !== undefined && { id_token_hint: request.idToken }),
    }).href;
  }
}
