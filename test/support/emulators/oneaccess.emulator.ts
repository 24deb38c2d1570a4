import type { Answer } from '../op-host.js';
import type { TokenClaims } from '../signing-key.js';
import { json, redirect, type OAuthError } from './answers.js';
import { EmulatedProvider } from './emulated-provider.js';
import type { Authorization, EmulatedClient, Endpoints } from './emulator.types.js';
import type { FrontCall } from './front.js';
import type { Issued } from './grants.js';
import { CODE_ONLY, optional, required, type RuleSet } from './parameter-rules.js';
import type { PkceHandling, TokenRules } from './token-request-check.js';

const BASE = '/api/v1/oauth2';

/** Huawei Cloud OneAccess (seed 002): credentials in the form only, and a logout that is its own. */
export class OneAccessEmulator extends EmulatedProvider {
  override issInCallback = false;
  override accessTokenSeconds = 7200;
  /** The document types it String; its examples show a number. */
  expiresInAs: 'string' | 'number' = 'string';
  /** Whether a validity of refresh tokens is set for the application; it is not by default. */
  refreshConfigured = false;
  /** Whether the ID token repeats a nonce, of which the document says nothing. */
  repeatsNonce = true;
  /** Whether `{issuer}/.well-known/openid-configuration` is there. */
  hasDiscovery = false;
  override pkce: PkceHandling = 'refuse';
  protected override readonly replayKills = 'nothing';
  protected override readonly rotation = 'rotate';

  protected override get authorizeRules(): RuleSet {
    return {
      rules: [
        ...required('client_id', 'redirect_uri'),
        CODE_ONLY,
        { name: 'scope', values: ['openid'], error: 'invalid_scope' },
        ...optional('state', 'nonce', 'response_mode', 'prompt', 'login_hint'),
        ...this.pkceRules('code_challenge', 'code_challenge_method'),
      ],
      others: 'refuse',
    };
  }

  /** The five mandatory parameters of the seed, and the four of its refresh. */
  protected override get tokenRules(): TokenRules {
    const refresh: RuleSet = {
      rules: required('grant_type', 'refresh_token', 'client_id', 'client_secret'),
      others: 'refuse',
    };
    return {
      authorization_code: {
        rules: [
          ...required('grant_type', 'code', 'client_id', 'client_secret', 'redirect_uri'),
          ...this.pkceRules('code_verifier'),
        ],
        others: 'refuse',
      },
      ...(this.refreshConfigured && { refresh_token: refresh }),
    };
  }

  override get issuer(): string {
    return `${this.origin}${BASE}`;
  }

  override get endpoints(): Endpoints {
    return {
      authorize: `${this.origin}${BASE}/authorize`,
      token: `${this.origin}${BASE}/token`,
      userinfo: `${this.origin}${BASE}/userinfo`,
      jwks: `${this.origin}${BASE}/keys`,
      ...(this.hasDiscovery && {
        discovery: `${this.origin}${BASE}/.well-known/openid-configuration`,
      }),
    };
  }

  get logoutEndpoint(): string {
    return `${this.origin}/api/v1/logout`;
  }

  /** Any address may be registered as the bare domain that it is on. */
  protected override mayReturnTo(redirectUri: string, { redirectUris }: EmulatedClient): boolean {
    if (!URL.canParse(redirectUri)) return false;
    return [redirectUri, new URL(redirectUri).origin].some((uri) => redirectUris.includes(uri));
  }

  /** The address of the login, or the registered domain. */
  protected override sameRedirectUri(given: string, authorization: Authorization): boolean {
    const { client, redirectUri } = authorization;
    const registeredDomain = client.redirectUris.includes(given) && new URL(given).origin === given;
    return given === redirectUri || registeredDomain;
  }

  protected override tokenBody(from: Issued, refreshed: boolean): Record<string, unknown> {
    const body = super.tokenBody(from, refreshed);
    const seconds = this.accessTokenSeconds;
    return { ...body, expires_in: this.expiresInAs === 'string' ? String(seconds) : seconds };
  }

  protected override givesRefreshToken(): boolean {
    return this.refreshConfigured;
  }

  /** The application's mapping puts the user's attributes into the ID token, whatever the scope. */
  protected override idTokenClaims(
    authorization: Authorization,
    accessToken: string,
    refreshed: boolean,
  ): TokenClaims {
    const { nonce, ...claims } = super.idTokenClaims(authorization, accessToken, refreshed);
    const { name, email } = authorization.user;
    const repeated = this.repeatsNonce && nonce !== undefined && { nonce };
    return { ...claims, name, email, ...repeated };
  }

  /** Its own vocabulary, without `sub`. */
  protected override userinfoClaims({ user }: Authorization): TokenClaims {
    const { sub, preferred_username: userName, name, email } = user;
    return { id: sub, userName, name, email, mobile: '12345678901' };
  }

  protected override badAccessToken(): Answer {
    return json(401, {
      error: 'unauthorized',
      error_description: 'Full authentication is required to access this resource',
    });
  }

  protected override badCode(): OAuthError {
    return { error: 'invalid_grant', description: 'Invalid authorization code' };
  }

  protected override answerElsewhere({ origin, path, query }: FrontCall): Answer | undefined {
    if (`${origin}${path}` !== this.logoutEndpoint) return undefined;
    return redirect(query.get('redirect_url') ?? `${this.origin}/login`);
  }

  protected override metadata(): Record<string, unknown> {
    return {
      ...super.metadata(),
      token_endpoint_auth_methods_supported: ['client_secret_post'],
      scopes_supported: ['openid'],
    };
  }
}
