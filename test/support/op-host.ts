import { EventEmitter, once } from 'node:events';
import {
  request,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { ClientMetadata, Configuration } from 'oidc-provider';
import { startOp, webClient, type RunningOp } from '../../demo/op/op.js';
import { certificateHeaders, OpFront, type FrontTls } from './op-front.js';
import {
  kidOf,
  newSigningKey,
  publicKeys,
  readToken,
  type ReadToken,
  type SigningKey,
} from './signing-key.js';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Call {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Whether the client showed a certificate of the right authority; undefined where it showed none. */
  readonly certified?: boolean;
}

export interface AnsweredCall extends Call {
  readonly answer: Answer;
}

/** Changes what the provider answers, or answers in its place. */
type Rewrite = (answer: Answer, call: Call) => Answer | Promise<Answer>;
/**
 * `reset`: the connection breaks without an answer; `hang`: no answer comes; `lost`: the provider acts, its answer is
 * lost. A status or an answer comes before the provider has acted.
 */
export type Fault = 'reset' | 'hang' | 'lost' | number | Answer;

export interface OpHostOptions {
  /** JWT access tokens for the API (the default), or opaque ones that the userinfo endpoint takes. */
  readonly accessTokens?: 'jwt' | 'opaque';
  readonly accessTokenSeconds?: number;
  readonly configuration?: Partial<Configuration>;
  /** Keys besides the first one, which signs RS256. */
  readonly keys?: readonly SigningKey[];
  /** An https issuer. */
  readonly tls?: FrontTls;
}

export interface Registration {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly publicUrl: string;
  readonly authMethod?: 'client_secret_basic' | 'client_secret_post';
  readonly more?: Partial<ClientMetadata>;
}

export const RESOURCE = 'urn:vestibule:test-api';
export const PATHS = {
  discovery: '/.well-known/openid-configuration',
  authorize: '/auth',
  token: '/token',
  keys: '/jwks',
  userinfo: '/me',
  revoke: '/token/revocation',
  endSession: '/session/end',
} as const;

/**
 * A real OpenID Provider behind a thin front that sees, counts and can falsify whatever it says: every lie of
 * the tests is told on a real answer. The front's address is the issuer.
 */
export class OpHost {
  readonly calls: AnsweredCall[] = [];
  /** Called with what the provider really said, before it is falsified. */
  seen: (call: AnsweredCall) => void = () => undefined;
  /** How far the clock of the test is ahead. */
  aheadMs: () => number = () => 0;
  private readonly events = new EventEmitter();
  private readonly rewrites = new Map<string, Rewrite>();
  private readonly faults = new Map<string, () => Fault | undefined>();

  private constructor(
    private readonly op: RunningOp,
    private readonly front: OpFront,
    readonly key: SigningKey,
  ) {
    this.events.setMaxListeners(0);
  }

  static async start({
    accessTokens = 'jwt',
    accessTokenSeconds = 300,
    configuration: given = {},
    keys = [],
    tls,
  }: OpHostOptions = {}): Promise<OpHost> {
    let host: OpHost | undefined;
    const front = await OpFront.open(tls, (req, res) => {
      (host?.handle(req, res) ?? Promise.reject(new Error('not started'))).catch(() =>
        res.destroy(),
      );
    });
    const { issuer } = front;
    const configuration = withAliases(given, front.mutual);
    const key = newSigningKey('key-1');
    const opaque: Partial<Configuration> = {
      // OIDC Core §5.4: what a scope brings is told at the userinfo endpoint when there is an access token.
      conformIdTokenClaims: true,
      features: {
        ...configuration.features,
        resourceIndicators: { enabled: false },
        userinfo: { enabled: true },
      },
    };
    const op = await startOp({
      issuer,
      jwks: { keys: [key, ...keys].map(({ privateJwk }) => privateJwk) },
      resource: RESOURCE,
      accessTokenSeconds,
      configuration: accessTokens === 'opaque' ? { ...configuration, ...opaque } : configuration,
    });
    // Koa tells of errors by this event, and an emitter without a listener throws.
    (op.provider as EventEmitter).on('error', () => undefined);
    op.provider.proxy = tls !== undefined;
    host = new OpHost(op, front, key);
    return host;
  }

  get issuer(): string {
    return this.op.issuer;
  }

  register({ clientId, clientSecret, publicUrl, authMethod, more = {} }: Registration): void {
    const client = webClient({
      clientId,
      clientSecret,
      publicUrl,
      ...(authMethod !== undefined && { authMethod }),
    });
    const {
      backchannel_logout_uri: _uri,
      backchannel_logout_session_required: _required,
      ...rest
    } = client;
    const redirectUris = ['/callback', '/callback/one', '/callback/two'].map(
      (path) => `${publicUrl}${path}`,
    );
    this.op.addClient({ ...rest, redirect_uris: redirectUris, ...more });
  }

  /** Calls of a path that were answered. */
  callsOf(path: string): AnsweredCall[] {
    return this.calls.filter((call) => call.path === path);
  }

  /** Resolves with the next answered call of a path. */
  async next(path: string): Promise<AnsweredCall> {
    const [call] = (await once(this.events, path)) as [AnsweredCall];
    return call;
  }

  /** From now on answers of a path pass through `change`. */
  rewrite(path: string, change: Rewrite): void {
    this.rewrites.set(path, change);
  }

  /** The same for a JSON answer of status 200. */
  rewriteJson(
    path: string,
    change: (body: Record<string, unknown>) => object | Promise<object>,
  ): void {
    this.rewrite(path, async (answer) => {
      if (answer.status !== 200) return answer;
      const body = await change(JSON.parse(answer.body) as Record<string, unknown>);
      return { ...answer, body: JSON.stringify(body) };
    });
  }

  /** Every ID token is read, and what `change` makes of it goes out in its place; undefined leaves it out. */
  forgeIdToken(
    change: (token: ReadToken) => string | undefined | Promise<string | undefined>,
  ): void {
    this.rewriteJson(PATHS.token, async ({ id_token: idToken, ...body }) => {
      const forged = await change(readToken(String(idToken)));
      return forged === undefined ? body : { ...body, id_token: forged };
    });
  }

  /** The provider changes its key: its tokens are signed with it, and its key set names it. */
  rotateTo(key: SigningKey, keySet: readonly SigningKey[] = [key]): void {
    this.rewriteJson(PATHS.keys, () => publicKeys(keySet));
    this.forgeIdToken(({ claims }) => key.sign(claims));
  }

  /** From now on a path fails: always, or each time as it is told. */
  fail(path: string, fault: Fault | (() => Fault | undefined)): void {
    this.faults.set(path, typeof fault === 'function' ? fault : () => fault);
  }

  /** Tells the truth again, and answers. */
  behave(): void {
    this.rewrites.clear();
    this.faults.clear();
  }

  /** Nobody listens any more; the port stays ours by custom. */
  down(): Promise<void> {
    return this.front.down();
  }

  up(): Promise<void> {
    return this.front.up();
  }

  /** Forgets everything of a kind, as a provider does that lost its database ('RefreshToken', 'Session'). */
  forget(model: string): void {
    this.op.store.clear(model);
  }

  async close(): Promise<void> {
    await this.front.close();
    await this.op.close();
  }

  private async handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const call = await toCall(req);
    const fault = this.faults.get(call.path)?.();
    if (fault === 'reset') return void res.destroy();
    if (fault === 'hang') return;
    if (typeof fault === 'number')
      return this.answer(res, call, { status: fault, headers: {}, body: '' });
    if (typeof fault === 'object') return this.answer(res, call, fault);
    const real = this.inTime(await this.forward(req, call), call);
    if (fault === 'lost') return void res.destroy();
    const change = this.rewrites.get(call.path);
    const answer = change === undefined ? real : await change(real, call);
    this.seen({ ...call, answer: real });
    this.answer(res, call, answer);
  }

  /**
   * The provider's clock goes along with the product's: an ID token is young when it comes. One that another key
   * signed than the first stays as it is, and is valid for an hour.
   */
  private inTime(answer: Answer, { path }: Call): Answer {
    const seconds = Math.floor(this.aheadMs() / 1000);
    if (path !== PATHS.token || answer.status !== 200 || seconds === 0) return answer;
    const body = JSON.parse(answer.body) as Record<string, unknown>;
    const idToken = String(body['id_token']);
    if (kidOf(idToken) !== this.key.kid) return answer;
    const { claims } = readToken(idToken);
    const late = Object.fromEntries(
      ['iat', 'exp', 'auth_time'].map((name) => [name, Number(claims[name]) + seconds]),
    );
    return {
      ...answer,
      body: JSON.stringify({ ...body, id_token: this.key.sign({ ...claims, ...late }) }),
    };
  }

  private answer(res: ServerResponse, call: Call, answer: Answer): void {
    const {
      'content-length': _length,
      'transfer-encoding': _encoding,
      connection: _connection,
      ...headers
    } = answer.headers;
    this.calls.push({ ...call, answer });
    res.writeHead(answer.status, headers).end(answer.body);
    this.events.emit(call.path, { ...call, answer });
  }

  private forward(req: IncomingMessage, call: Call): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const { method, url: path, headers } = req;
      const outgoing = request(
        {
          host: '127.0.0.1',
          port: this.op.port,
          method,
          path,
          headers: {
            ...headers,
            ...certificateHeaders(req),
            host: new URL(this.issuer).host,
            'x-forwarded-proto': new URL(this.issuer).protocol.slice(0, -1),
            connection: 'close',
          },
          agent: false,
        },
        (answer) => {
          readText(answer).then((body) => {
            resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body });
          }, reject);
        },
      );
      outgoing.on('error', reject);
      outgoing.end(call.body);
    });
  }
}

/** The addresses at which clients show their certificates (RFC 8705 §5). */
function withAliases(
  configuration: Partial<Configuration>,
  mutual: string | undefined,
): Partial<Configuration> {
  if (mutual === undefined) return configuration;
  const aliases = {
    token_endpoint: `${mutual}${PATHS.token}`,
    revocation_endpoint: `${mutual}${PATHS.revoke}`,
    userinfo_endpoint: `${mutual}${PATHS.userinfo}`,
  };
  return { ...configuration, discovery: { mtls_endpoint_aliases: aliases } };
}

async function toCall(req: IncomingMessage): Promise<Call> {
  const url = new URL(req.url ?? '/', 'http://op.invalid');
  const { 'x-client-verified': verified } = certificateHeaders(req);
  return {
    method: req.method ?? '',
    path: url.pathname,
    query: url.searchParams,
    headers: req.headers,
    body: await readText(req),
    ...(verified !== undefined && { certified: verified === 'true' }),
  };
}

async function readText(stream: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
