import type { Answer, Call } from '../op-host.js';
import type { TokenClaims } from '../signing-key.js';
import { html, redirect } from './answers.js';
import type { BasicEncoding } from './client-check.js';
import { EmulatedProvider } from './emulated-provider.js';
import type { Authorization, EmulatedClient, Endpoints } from './emulator.types.js';
import type { FrontCall } from './front.js';
import { randomText } from './provider-core.js';
import { claimNamesOfScope } from './user-claims.js';

/** Authing (seed 004): an issuer with a path, ID tokens under the client's secret, claims that are null. */
export class AuthingEmulator extends EmulatedProvider {
  /** HS256 until the console is switched to RS256. */
  override idTokenAlg = 'HS256';
  override codeSeconds = 600;
  override accessTokenSeconds = 3600;
  override issInCallback = false;
  /** The document: the base64 value of `<client_id>:<client_secret>`. */
  override basicEncoding: BasicEncoding = 'raw';
  /** What `iss` of tokens says where the first host label was replaced. */
  otherTokenIssuer: string | undefined;
  /** One published version answers 400 to any id_token_hint. */
  refusesHints = false;

  override get issuer(): string {
    return `${this.origin}/oidc`;
  }

  override get tokenIssuer(): string {
    return this.otherTokenIssuer ?? this.issuer;
  }

  override get endpoints(): Endpoints {
    const at = this.issuer;
    return {
      discovery: `${at}/.well-known/openid-configuration`,
      authorize: `${at}/auth`,
      token: `${at}/token`,
      userinfo: `${at}/me`,
      jwks: `${at}/.well-known/jwks.json`,
      revoke: `${at}/token/revocation`,
      endSession: `${at}/session/end`,
    };
  }

  /** The other logout URL, `?app_id=…&redirect_uri=…`. */
  get profileLogout(): string {
    return `${this.origin}/login/profile/logout`;
  }

  protected override metadata(): Record<string, unknown> {
    return {
      ...super.metadata(),
      id_token_signing_alg_values_supported: ['HS256', 'RS256'],
      code_challenge_methods_supported: ['plain', 'S256'],
      token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic', 'none'],
    };
  }

  /** The key of the access tokens is always there. */
  protected override keySet(): { readonly keys: readonly object[] } {
    this.keyFor('RS256');
    return super.keySet();
  }

  /** `offline_access` without a consent is dropped, silently (OIDC Core §11). */
  protected override agreed(client: EmulatedClient, given: URLSearchParams): Authorization {
    const authorization = super.agreed(client, given);
    if ((given.get('prompt') ?? '').split(' ').includes('consent')) return authorization;
    const scope = authorization.scope.split(' ').filter((part) => part !== 'offline_access');
    return { ...authorization, scope: scope.join(' ') };
  }

  protected override newAccessToken({ client, user, scope }: Authorization): string {
    const iat = this.seconds();
    return this.keyFor('RS256').sign({
      jti: randomText(),
      sub: user['sub'],
      iss: this.tokenIssuer,
      iat,
      exp: iat + this.accessTokenSeconds,
      scope,
      aud: client.clientId,
    });
  }

  /** Every claim of the scope is there, null where nothing is known; `updated_at` is a text. */
  protected override idTokenClaims(
    authorization: Authorization,
    accessToken: string,
    refreshed: boolean,
  ): TokenClaims {
    const { auth_time: _authTime, ...claims } = super.idTokenClaims(
      authorization,
      accessToken,
      refreshed,
    );
    return { ...this.withNulls(authorization), ...claims };
  }

  protected override userinfoClaims(authorization: Authorization): TokenClaims {
    return { ...this.withNulls(authorization), ...super.userinfoClaims(authorization) };
  }

  protected override besideCode(): Record<string, string> {
    return { session_state: randomText() };
  }

  /** Without a hint nobody is sent back; there is a page instead. */
  protected override endSession(call: Call): Answer {
    const given = call.method === 'POST' ? new URLSearchParams(call.body) : call.query;
    const hint = given.get('id_token_hint');
    if (hint === null) return html(200, 'Do you want to log out?');
    if (this.refusesHints) return html(400, 'invalid_request');
    return super.endSession(call);
  }

  protected override answerElsewhere({ origin, path, query }: FrontCall): Answer | undefined {
    if (`${origin}${path}` !== this.profileLogout) return undefined;
    const client = this.clientOf(query.get('app_id') ?? '');
    const back = query.get('redirect_uri') ?? '';
    return client?.postLogoutRedirectUris?.includes(back) === true
      ? redirect(back)
      : html(400, 'redirect_uri is not registered');
  }

  private withNulls({ scope, user }: Authorization): TokenClaims {
    const names = claimNamesOfScope(scope);
    const nulls = Object.fromEntries(names.map((name) => [name, user[name] ?? null]));
    const more = { updated_at: '2020-09-27T06:06:29.853Z', gender: 'U' };
    return scope.split(' ').includes('profile') ? { ...nulls, ...more } : nulls;
  }
}
