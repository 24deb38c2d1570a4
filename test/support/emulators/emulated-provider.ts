import type { Answer, Call } from '../op-host.js';
import type { TokenClaims } from '../signing-key.js';
import { html, json, redirect, type OAuthError } from './answers.js';
import type { Authorization, EmulatedClient, EndpointName, Endpoints } from './emulator.types.js';
import { Front, type FrontCall } from './front.js';
import { checkParameters, CODE_ONLY, optional, required, type RuleSet } from './parameter-rules.js';
import { randomText } from './provider-core.js';
import { TokenIssuer } from './token-issuer.js';
import { claimsOfScope } from './user-claims.js';

interface EmulatorClass<T extends EmulatedProvider> {
  readonly hosts: readonly string[];
  new (front: Front): T;
}

/**
 * A provider of the textbook, as strict as OAuth 2.0 and OpenID Connect let it be, with one user who is always
 * logged in. Each provider of the seeds is this one with other rules. `tamper` makes it lie:
 *
 *     provider.tamper.token = (answer, { idTokenClaims, sign }) =>
 *       changeJson(answer, (body) => ({ ...body, id_token: sign({ ...idTokenClaims, aud: 'other' }) }));
 */
export class EmulatedProvider extends TokenIssuer {
  /** One listener for each: where a provider has endpoints on several hosts, `origins` are several. */
  static readonly hosts: readonly string[] = ['127.0.0.1'];
  /** Whether the callback carries `iss`, and discovery says so (RFC 9207). */
  issInCallback = true;

  static async start<T extends EmulatedProvider>(this: EmulatorClass<T>): Promise<T> {
    return new this(await Front.open(this.hosts));
  }

  get issuer(): string {
    return this.origin;
  }

  get endpoints(): Endpoints {
    const at = this.origin;
    return {
      discovery: `${at}/.well-known/openid-configuration`,
      authorize: `${at}/auth`,
      token: `${at}/token`,
      userinfo: `${at}/me`,
      jwks: `${at}/jwks`,
      revoke: `${at}/token/revocation`,
      endSession: `${at}/session/end`,
    };
  }

  /** Where the issuer is. */
  protected get origin(): string {
    return this.origins[0] ?? '';
  }

  protected answerAt(endpoint: EndpointName, call: FrontCall): Answer | Promise<Answer> {
    switch (endpoint) {
      case 'discovery':
        return this.told('discovery', json(200, this.metadata()), call);
      case 'jwks':
        return this.told('jwks', json(200, this.keySet()), call);
      case 'authorize':
        return this.authorize(call);
      case 'token':
        return this.token(call);
      case 'userinfo':
        return this.userinfo(call);
      case 'revoke':
        return this.revoke(call);
      case 'endSession':
        return this.endSession(call);
    }
  }

  protected get authorizeRules(): RuleSet {
    return {
      rules: [
        ...required('client_id', 'redirect_uri', 'scope'),
        CODE_ONLY,
        { name: 'code_challenge_method', values: ['S256'] },
        ...optional('state', 'nonce', 'code_challenge'),
      ],
      others: 'ignore',
    };
  }

  /** The discovery document (OIDC Discovery §3). */
  protected metadata(): Record<string, unknown> {
    const { endpoints } = this;
    return {
      issuer: this.issuer,
      authorization_endpoint: endpoints.authorize,
      token_endpoint: endpoints.token,
      userinfo_endpoint: endpoints.userinfo,
      jwks_uri: endpoints.jwks,
      revocation_endpoint: endpoints.revoke,
      end_session_endpoint: endpoints.endSession,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: [this.idTokenAlg],
      token_endpoint_auth_methods_supported: [
        'client_secret_basic',
        'client_secret_post',
        'client_secret_jwt',
        'private_key_jwt',
        'none',
      ],
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: this.issInCallback,
    };
  }

  protected keySet(): { readonly keys: readonly object[] } {
    if (!this.idTokenAlg.startsWith('HS')) this.keyFor(this.idTokenAlg);
    return { keys: this.keys.map((key) => key.publicJwk) };
  }

  /** The authorization endpoint: the one user is logged in and agrees (OIDC Core §3.1.2). */
  protected async authorize(call: Call): Promise<Answer> {
    const given = call.method === 'POST' ? this.formOf(call) : call.query;
    if ('error' in given) return html(400, given.error);
    const client = this.clientAt(given);
    const redirectUri = given.get('redirect_uri') ?? '';
    // Nobody is sent to an address that is not registered (RFC 6749 §3.1.2.4).
    if (client === undefined || !this.mayReturnTo(redirectUri, client))
      return this.errorPage('redirect_uri_mismatch');
    const wrong = checkParameters(given, this.authorizeRules) ?? this.refused(given);
    if (wrong !== undefined) return this.errorRedirect(redirectUri, given, wrong);
    const authorization = this.agreed(client, given);
    this.logins.push(authorization);
    const value = this.newCode(authorization);
    const expiresAt = this.now() + this.codeSeconds * 1000;
    this.grants.issue({ kind: 'code', value, authorization, expiresAt });
    const answer = redirect(redirectUri, {
      code: value,
      state: authorization.state,
      ...this.besideCode(authorization),
    });
    return (await this.tamper.callback?.(answer, { call, authorization })) ?? answer;
  }

  /** Who asks for an authorization. */
  protected clientAt(given: URLSearchParams): EmulatedClient | undefined {
    return this.clientOf(given.get('client_id') ?? '');
  }

  protected mayReturnTo(redirectUri: string, client: EmulatedClient): boolean {
    return client.redirectUris.includes(redirectUri);
  }

  /** What a provider refuses beside its table of parameters. */
  protected refused(_given: URLSearchParams): OAuthError | undefined {
    return undefined;
  }

  protected newCode(_authorization: Authorization): string {
    return randomText();
  }

  /** Parameters of the callback beside `code` and `state`. */
  protected besideCode(_authorization: Authorization): Record<string, string> {
    return this.issInCallback ? { iss: this.issuer } : {};
  }

  /** Where there is nobody to send the browser back to. */
  protected errorPage(error: string): Answer {
    return html(400, error);
  }

  protected errorRedirect(
    redirectUri: string,
    given: URLSearchParams,
    { error, description }: OAuthError,
  ): Answer {
    return redirect(redirectUri, {
      error,
      error_description: description,
      state: given.get('state') ?? undefined,
      ...(this.issInCallback && { iss: this.issuer }),
    });
  }

  protected agreed(client: EmulatedClient, given: URLSearchParams): Authorization {
    const text = (name: string): string | undefined => given.get(name) ?? undefined;
    return {
      client,
      redirectUri: given.get('redirect_uri') ?? '',
      scope: given.get('scope') ?? '',
      state: text('state'),
      nonce: text('nonce'),
      challenge: text('code_challenge'),
      challengeMethod: text('code_challenge_method') ?? 'plain',
      request: Object.fromEntries(given),
      user: this.user,
      sid: randomText(),
      authTime: this.seconds(),
    };
  }

  /** The userinfo endpoint (OIDC Core §5.3); the token comes in the header. */
  protected async userinfo(call: Call): Promise<Answer> {
    const token = /^Bearer (.+)$/.exec(call.headers.authorization ?? '')?.[1] ?? '';
    const access = this.grants.live('access', token, this.now());
    if (access === undefined) return this.badAccessToken();
    const { authorization } = access;
    const claims = this.userinfoClaims(authorization);
    const answer = json(200, claims);
    return (await this.tamper.userinfo?.(answer, { call, authorization, claims })) ?? answer;
  }

  protected userinfoClaims({ user, scope }: Authorization): TokenClaims {
    return claimsOfScope(user, scope);
  }

  protected badAccessToken(): Answer {
    const headers = { 'www-authenticate': 'Bearer error="invalid_token"' };
    return json(
      401,
      { error: 'invalid_token', error_description: 'Invalid access token' },
      headers,
    );
  }

  /** Revocation (RFC 7009): an unknown token is revoked already. */
  protected revoke(call: Call): Answer {
    if (call.method !== 'POST') return this.wrongMethod();
    const form = this.formOf(call);
    if ('error' in form) return this.tokenError(form);
    const client = this.authenticated(call.headers.authorization, form);
    if ('error' in client) return this.tokenError(client);
    const token = form.get('token') ?? '';
    const found = this.grants.find('refresh', token) ?? this.grants.find('access', token);
    if (found !== undefined) this.grants.kill(found);
    return { status: 200, headers: {}, body: '' };
  }

  /** RP-initiated logout (RP-Initiated Logout 1.0 §2): back only to what is registered. */
  protected endSession(call: Call): Answer {
    const given = call.method === 'POST' ? new URLSearchParams(call.body) : call.query;
    const back = given.get('post_logout_redirect_uri');
    if (back === null) return html(200, 'Logged out');
    const client = this.clientOf(given.get('client_id') ?? '');
    if (client?.postLogoutRedirectUris?.includes(back) !== true)
      return this.errorPage('post_logout_redirect_uri is not registered');
    return redirect(back, { state: given.get('state') ?? undefined });
  }

  private async told(endpoint: 'discovery' | 'jwks', answer: Answer, call: Call): Promise<Answer> {
    return (await this.tamper[endpoint]?.(answer, { call })) ?? answer;
  }
}
