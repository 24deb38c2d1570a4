import type { Answer, Call } from '../op-host.js';
import type { TokenClaims } from '../signing-key.js';
import { json, type OAuthError } from './answers.js';
import { EmulatedProvider } from './emulated-provider.js';
import type { Authorization, Endpoints } from './emulator.types.js';
import type { Issued } from './grants.js';
import { CODE_ONLY, optional, required, type RuleSet } from './parameter-rules.js';
import type { TokenRules } from './token-request-check.js';

const SCOPES: Readonly<Record<string, string>> = {
  openid: 'openid',
  profile: 'https://www.googleapis.com/auth/userinfo.profile',
  email: 'https://www.googleapis.com/auth/userinfo.email',
};

/** Google (seed 000): endpoints on four hosts, `access_type=offline` for a refresh token, no end_session. */
export class GoogleEmulator extends EmulatedProvider {
  /** Stand for accounts.google.com, oauth2.googleapis.com, www.googleapis.com, openidconnect.googleapis.com. */
  static override readonly hosts = ['127.0.0.1', 'localhost', 'localhost', '127.0.0.1'];
  override accessTokenSeconds = 3599;
  /** Off: tokens say `iss: accounts.google.com`, as the documents of old have it. */
  issHasScheme = true;
  protected override readonly replayKills = 'nothing';
  protected override readonly rotation = 'none';

  override get tokenIssuer(): string {
    return this.issHasScheme ? this.issuer : new URL(this.issuer).host;
  }

  override get endpoints(): Endpoints {
    const [accounts = '', oauth = '', www = '', connect = ''] = this.origins;
    return {
      discovery: `${accounts}/.well-known/openid-configuration`,
      authorize: `${accounts}/o/oauth2/v2/auth`,
      token: `${oauth}/token`,
      revoke: `${oauth}/revoke`,
      jwks: `${www}/oauth2/v3/certs`,
      userinfo: `${connect}/v1/userinfo`,
    };
  }

  protected override get authorizeRules(): RuleSet {
    return {
      rules: [
        ...required('client_id', 'redirect_uri', 'scope'),
        CODE_ONLY,
        { name: 'code_challenge_method', values: ['S256', 'plain'] },
        { name: 'access_type', values: ['online', 'offline'] },
        ...optional('state', 'nonce', 'code_challenge', 'prompt', 'login_hint', 'hd', 'hl'),
        ...optional('display', 'response_mode', 'include_granted_scopes', 'claims', 'max_age'),
      ],
      others: 'refuse',
    };
  }

  /** Those of the textbook, and no others. */
  protected override get tokenRules(): TokenRules {
    const { authorization_code: byCode, refresh_token: byRefresh } = super.tokenRules;
    return {
      authorization_code: { ...byCode, others: 'refuse' },
      ...(byRefresh !== undefined && { refresh_token: { ...byRefresh, others: 'refuse' } }),
    };
  }

  protected override metadata(): Record<string, unknown> {
    return {
      ...super.metadata(),
      response_types_supported: ['code', 'token', 'id_token', 'code token', 'none'],
      scopes_supported: Object.keys(SCOPES),
      token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'],
      code_challenge_methods_supported: ['plain', 'S256'],
      grant_types_supported: ['authorization_code', 'refresh_token'],
    };
  }

  protected override refused(given: URLSearchParams): OAuthError | undefined {
    const unknown = (given.get('scope') ?? '').split(' ').filter((part) => !(part in SCOPES));
    if (unknown.length === 0) return undefined;
    return {
      error: 'invalid_scope',
      description: `Some requested scopes were invalid. {invalid=[${unknown.join(', ')}]}`,
    };
  }

  protected override givesRefreshToken({ request }: Authorization): boolean {
    const consented = (request['prompt'] ?? '').split(' ').includes('consent');
    return request['access_type'] === 'offline' && consented;
  }

  /** What was asked for by a short name is answered by a long one. */
  protected override tokenBody(from: Issued, refreshed: boolean): Record<string, unknown> {
    const scope = from.authorization.scope.split(' ').map((part) => SCOPES[part] ?? part);
    return { ...super.tokenBody(from, refreshed), scope: scope.join(' ') };
  }

  protected override idTokenClaims(
    authorization: Authorization,
    accessToken: string,
    refreshed: boolean,
  ): TokenClaims {
    const {
      nonce,
      sid: _sid,
      ...claims
    } = super.idTokenClaims(authorization, accessToken, refreshed);
    const { client, user } = authorization;
    return {
      ...claims,
      azp: client.clientId,
      ...('hd' in user && { hd: user['hd'] }),
      ...(nonce !== undefined && !refreshed && { nonce }),
    };
  }

  /** What comes back beside the code (the names are those of real callbacks). */
  protected override besideCode(authorization: Authorization): Record<string, string> {
    const { hd } = authorization.user;
    return {
      ...super.besideCode(authorization),
      scope: authorization.scope,
      authuser: '0',
      prompt: 'consent',
      ...(typeof hd === 'string' && { hd }),
    };
  }

  protected override badCode(): OAuthError {
    return { error: 'invalid_grant', description: 'Bad Request' };
  }

  protected override wrongRedirectUri(): OAuthError {
    return { error: 'redirect_uri_mismatch', description: 'Bad Request' };
  }

  protected override badRefreshToken(): OAuthError {
    return { error: 'invalid_grant', description: 'Token has been expired or revoked.' };
  }

  protected override tokenError(error: OAuthError): Answer {
    const description = error.error === 'invalid_client' ? 'Unauthorized' : error.description;
    return super.tokenError({ ...error, description });
  }

  protected override badAccessToken(): Answer {
    const body = { error: 'invalid_request', error_description: 'Invalid Credentials' };
    return json(401, body, { 'www-authenticate': 'Bearer realm="https://accounts.google.com/"' });
  }

  /** Takes the token alone; what it does not know is an error. */
  protected override revoke(call: Call): Answer {
    if (call.method !== 'POST') return this.wrongMethod();
    const form = this.formOf(call);
    if ('error' in form) return this.tokenError(form);
    const token = form.get('token') ?? '';
    const found = this.grants.find('refresh', token) ?? this.grants.find('access', token);
    if (found === undefined || found.state === 'dead')
      return this.tokenError({ error: 'invalid_token', description: 'Token expired or revoked' });
    this.grants.kill(found);
    return json(200, {});
  }
}
