import { randomUUID } from 'node:crypto';
import type { Answer, Call } from '../op-host.js';
import type { TokenClaims } from '../signing-key.js';
import { html, json, redirect, type OAuthError } from './answers.js';
import { EmulatedProvider } from './emulated-provider.js';
import type { Authorization, EmulatedClient, Endpoints } from './emulator.types.js';
import type { FrontCall } from './front.js';
import type { Issued } from './grants.js';
import { optional, required, type RuleSet } from './parameter-rules.js';
import { randomText } from './provider-core.js';
import type { TokenRules } from './token-request-check.js';

const CODE_BYTES = 780;
const SID_BYTES = 246;

/** The EUDI wallet issuer (seed 003): OAuth 2.0 without an ID token, for whoever comes, with errors of its own. */
export class EudiwEmulator extends EmulatedProvider {
  /** The provider, and the other service where the person chooses how to log in. */
  static override readonly hosts = ['127.0.0.1', '127.0.0.1'];
  override idTokenAlg = 'ES256';
  override codeSeconds = 3600;
  override refreshTokenSeconds = 600;
  override issInCallback = false;
  /** An ID token is switched on in configurations of old; it never repeats a nonce. */
  idTokens = false;
  /** The document recommends `state` in the token request. On, that it is left out is seen. */
  wantsState = true;
  /** How a refresh fails. */
  refreshError: 'invalid_grant' | 'invalid_request' = 'invalid_grant';
  /** What `aud` of access tokens says; they have none unless a resource was asked for. */
  accessTokenAudience: readonly string[] | undefined;
  /** In one version the end_session endpoint answers 400 to everyone. */
  endSessionWorks = true;
  protected override readonly replayKills = 'refresh';
  protected override readonly rotation = 'rotate';
  private readonly onTheWay = new Map<string, Answer>();

  protected override get authorizeRules(): RuleSet {
    return {
      rules: [
        ...required('client_id', 'redirect_uri', 'response_type'),
        { name: 'code_challenge_method', values: ['S256', 'S384', 'S512'] },
        ...optional('scope', 'state', 'code_challenge', 'authorization_details'),
      ],
      others: 'ignore',
    };
  }

  /** The two tables of the seed; `client_secret` is for nobody. */
  protected override get tokenRules(): TokenRules {
    const state = this.wantsState ? required('state') : optional('state');
    return {
      authorization_code: {
        rules: [
          ...required('grant_type', 'redirect_uri', 'client_id', 'code'),
          ...state,
          ...optional('code_verifier'),
        ],
        others: 'ignore',
      },
      refresh_token: {
        rules: [...required('grant_type', 'refresh_token', 'client_id'), ...optional('scope')],
        others: 'ignore',
      },
    };
  }

  override get endpoints(): Endpoints {
    const at = this.origin;
    return {
      discovery: `${at}/.well-known/openid-configuration`,
      authorize: `${at}/authorization`,
      token: `${at}/token`,
      userinfo: `${at}/userinfo`,
      jwks: `${at}/static/jwks.json`,
      endSession: `${at}/session`,
    };
  }

  /** A file that somebody wrote once. */
  protected override metadata(): Record<string, unknown> {
    const { authorization_response_iss_parameter_supported: _iss, ...rest } = super.metadata();
    return {
      ...rest,
      token_endpoint_auth_methods_supported: ['public'],
      pushed_authorization_request_endpoint: `${this.origin}/pushed_authorization`,
      frontchannel_logout_session_required: true,
      backchannel_logout_session_required: true,
      grant_types_supported: ['authorization_code', 'implicit', 'refresh_token'],
    };
  }

  /** Whoever comes is registered on the spot, as a public client. */
  protected override clientAt(given: URLSearchParams): EmulatedClient | undefined {
    const [clientId, redirectUri] = [given.get('client_id') ?? '', given.get('redirect_uri') ?? ''];
    if (clientId === '' || !URL.canParse(redirectUri)) return undefined;
    const known = this.clientOf(clientId);
    const redirectUris = [...(known?.redirectUris ?? []), redirectUri];
    const client: EmulatedClient = { ...known, clientId, authMethod: 'none', redirectUris };
    this.register(client);
    return client;
  }

  protected override errorPage(): Answer {
    return { ...html(400, ''), body: 'Missing required parameters' };
  }

  /** The error comes without `state`. */
  protected override errorRedirect(
    redirectUri: string,
    _given: URLSearchParams,
    { error, description }: OAuthError,
  ): Answer {
    return redirect(redirectUri, { error, error_description: description });
  }

  /** A fixed list of parameters is handed on, without the nonce, to another service. */
  protected override async authorize(call: Call): Promise<Answer> {
    const answer = await super.authorize(call);
    if (!(answer.headers.location ?? '').includes('code=')) return answer;
    const session = randomUUID();
    this.onTheWay.set(session, answer);
    const token = this.keyFor('ES256').sign({ session, jti: randomText() });
    return redirect(`${this.origins[1] ?? ''}/auth_choice`, { token, session_id: session });
  }

  protected override agreed(client: EmulatedClient, given: URLSearchParams): Authorization {
    const sid = randomText(SID_BYTES);
    return { ...super.agreed(client, given), nonce: undefined, sid };
  }

  protected override answerElsewhere({ origin, path, query }: FrontCall): Answer | undefined {
    if (`${origin}${path}` !== `${this.origins[1] ?? ''}/auth_choice`) return undefined;
    return this.onTheWay.get(query.get('session_id') ?? '') ?? html(500, 'Internal Server Error');
  }

  protected override newCode(): string {
    return randomText(CODE_BYTES);
  }

  protected override besideCode({ scope }: Authorization): Record<string, string> {
    return { scope };
  }

  protected override alsoWrong(form: URLSearchParams, code: Issued): OAuthError | undefined {
    const state = form.get('state');
    if (state === null || state === code.authorization.state) return undefined;
    return { error: 'invalid_request', description: 'state mismatch' };
  }

  protected override authenticated(
    authorization: string | undefined,
    form: URLSearchParams,
  ): EmulatedClient | OAuthError {
    if (authorization !== undefined) return { error: 'invalid_request', description: '' };
    if (form.has('client_secret'))
      return { error: 'invalid_client', description: "secrets doesn't match" };
    const client = this.clientOf(form.get('client_id') ?? '');
    return client ?? { error: 'invalid_client', description: 'Unknown client' };
  }

  protected override unknownCode(): OAuthError {
    return { error: 'server_error', description: '', status: 500 };
  }

  protected override badRefreshToken(): OAuthError {
    return { error: this.refreshError, description: 'Refresh token inactive' };
  }

  /** JSON in a body of type text/html, or a page; what the server itself refuses has a `description`. */
  protected override tokenError({ error, description, status = 400 }: OAuthError): Answer {
    if (status === 500) return html(500, 'Internal Server Error');
    const name = error === 'unsupported_grant_type' ? 'description' : 'error_description';
    const body = description === '' ? { error } : { error, [name]: description };
    return { ...html(status, ''), body: JSON.stringify(body) };
  }

  protected override tokenAnswer(body: Readonly<Record<string, unknown>>): Answer {
    const headers = { 'content-type': 'application/json' };
    return { status: 200, headers, body: JSON.stringify(body) };
  }

  /** The authorization is told the way it was asked for. */
  protected override tokenBody(from: Issued, refreshed: boolean): Record<string, unknown> {
    const { scope, ...body } = super.tokenBody(from, refreshed);
    const details = from.authorization.request['authorization_details'];
    return details === undefined
      ? { ...body, scope }
      : { ...body, authorization_details: JSON.parse(details) as unknown };
  }

  protected override givesIdToken(): boolean {
    return this.idTokens;
  }

  protected override givesRefreshToken(): boolean {
    return true;
  }

  protected override newAccessToken(authorization: Authorization): string {
    const { email, email_verified } = authorization.user;
    const aud = this.accessTokenAudience;
    return this.ownToken(authorization, 'access_token', this.accessTokenSeconds, {
      email,
      email_verified,
      ...(aud !== undefined && { aud }),
    });
  }

  protected override newRefreshToken(authorization: Authorization): string {
    return this.ownToken(authorization, 'refresh_token', this.refreshTokenSeconds);
  }

  protected override idTokenClaims(
    authorization: Authorization,
    accessToken: string,
    refreshed: boolean,
  ): TokenClaims {
    const claims = super.idTokenClaims(authorization, accessToken, refreshed);
    const { scope, client } = authorization;
    return { ...claims, scope: scope.split(' '), aud: [client.clientId] };
  }

  /** The defect of the real server, to the letter. */
  protected override async userinfo(): Promise<Answer> {
    return Promise.resolve(json(400, { error: 'invalid_request', error_description: "'token'" }));
  }

  protected override endSession(call: Call): Answer {
    return this.endSessionWorks ? super.endSession(call) : html(400, 'Bad Request');
  }

  /** Access and refresh tokens differ in `token_class` only. */
  private ownToken(
    { client, user, scope, sid }: Authorization,
    tokenClass: string,
    seconds: number,
    more: TokenClaims = {},
  ): string {
    const iat = this.seconds();
    const whose = { client_id: client.clientId, sub: user['sub'], sid };
    const what = { scope: scope.split(' '), jti: randomText(), token_class: tokenClass };
    const when = { iat, exp: iat + seconds };
    return this.keyFor('ES256').sign({ iss: this.issuer, ...whose, ...what, ...when, ...more });
  }
}
