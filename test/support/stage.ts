import { randomBytes } from 'node:crypto';
import type { Env } from '../../src/config/source/environment.js';
import { JUST_OBTAINED_MS } from '../../src/domain/token-set.js';
import { unfitAuditLines } from './audit-schema.js';
import { BffHost, newSessionKeys, SPA_DIR } from './bff-host.js';
import { exposuresOfHop, exposuresOfLog, type Ground } from './exposures.js';
import { formsOf } from './html-page.js';
import { exchange, jsonOf, type Hop, type Outgoing } from './http-exchange.js';
import { findLeaks, type Exposure, type Leak, type Secret } from './leak-scan.js';
import {
  OpHost,
  RESOURCE,
  type AnsweredCall,
  type OpHostOptions,
  type Registration,
} from './op-host.js';
import { RedisHost, type RedisHostOptions } from './redis-host.js';
import { secretsOfRun } from './run-secrets.js';
import { ShiftedClock } from './shifted-clock.js';
import { UpstreamHost } from './upstream-host.js';
import { UserAgent, type FetchInit } from './user-agent.js';

export interface StageOptions {
  readonly env?: Env;
  /** A vestibule.yaml; may say ${API} and ${OIDC_ISSUER}. */
  readonly file?: string;
  readonly redis?: boolean | RedisHostOptions;
  readonly https?: boolean;
  readonly op?: OpHostOptions;
  readonly client?: Partial<Pick<Registration, 'authMethod' | 'more'>>;
  /** The provider is down when the product starts. */
  readonly withoutProvider?: boolean;
}

interface Parts {
  readonly op: OpHost;
  readonly api: UpstreamHost;
  readonly redis: RedisHost | undefined;
}

export const CLIENT_ID = 'vestibule:test/client';
/** Most tests are not about a machine that stands still for a moment. */
const PATIENT = '10s';
/** For tests that pause Redis: commands fail soon, though not in a moment's stall. */
export const SHORT_OF_PATIENCE: Env = { REDIS_COMMAND_TIMEOUT: '2s' };
const SCOPE = 'openid profile email orders:read';
const INDENT = 2;

/**
 * A whole run of the product: a real provider on 127.0.0.1, the product on localhost, an API behind it, and
 * people with browsers. Closing it ends everything and looks through all that was said for secrets.
 */
export class Stage {
  readonly hops: Hop[] = [];
  private readonly said: Exposure[] = [];

  private constructor(
    readonly op: OpHost,
    readonly api: UpstreamHost,
    readonly bff: BffHost,
    readonly clock: ShiftedClock,
    private readonly redisHost: RedisHost | undefined,
    readonly clientSecret: string,
    private readonly heard: readonly AnsweredCall[],
  ) {}

  static async open(options: StageOptions = {}): Promise<Stage> {
    const op = await OpHost.start(options.op);
    const api = await UpstreamHost.start();
    const redis = await startRedis(options.redis);
    try {
      return await Stage.with({ op, api, redis }, options);
    } catch (error) {
      await Promise.all([op.close(), api.down(), redis?.stop()]);
      throw error;
    }
  }

  private static async with({ op, api, redis }: Parts, options: StageOptions): Promise<Stage> {
    const opaque = options.op?.accessTokens === 'opaque';
    if (!opaque) api.verify(op.issuer, RESOURCE);
    const heard: AnsweredCall[] = [];
    op.seen = (call) => heard.push(call);
    if (options.withoutProvider === true) await op.down();
    // RFC 6749 §2.3.1: both parts of Basic are form-urlencoded, which these characters show.
    const clientSecret = `${randomBytes(24).toString('base64url')}+%:/~`;
    const clock = new ShiftedClock();
    op.aheadMs = () => clock.offset;
    const file = options.file?.replaceAll('${API}', api.url);
    const bff = await BffHost.start({
      clock,
      ...(options.https !== undefined && { https: options.https }),
      ...(file !== undefined && { file }),
      env: {
        SESSION_KEYS: newSessionKeys(),
        OIDC_ISSUER: op.issuer,
        OIDC_CLIENT_ID: CLIENT_ID,
        OIDC_CLIENT_SECRET: clientSecret,
        OIDC_SCOPE: SCOPE,
        OIDC_USERINFO: String(opaque),
        API_UPSTREAM: api.url,
        SPA_DIR,
        REDIS_COMMAND_TIMEOUT: PATIENT,
        ...(redis !== undefined && { REDIS_URL: redis.url }),
        ...options.env,
      },
    });
    op.register({ clientId: CLIENT_ID, clientSecret, publicUrl: bff.url(''), ...options.client });
    // On a busy machine the first request could come before the store does.
    if (redis !== undefined) await bff.untilConnected();
    return new Stage(op, api, bff, clock, redis, clientSecret, heard);
  }

  get redis(): RedisHost {
    if (this.redisHost === undefined) throw new Error('this stage has no Redis');
    return this.redisHost;
  }

  /** A person with a browser of their own. */
  person(): UserAgent {
    return new UserAgent((hop) => this.hops.push(hop));
  }

  url(path: string): string {
    return this.bff.url(path);
  }

  /** A request without a browser: no cookie, no Sec-Fetch-*, nothing followed. */
  async send(url: string, outgoing: Outgoing = {}): Promise<Hop> {
    const hop = await exchange(url, outgoing);
    this.hops.push(hop);
    return hop;
  }

  /** Starts a login and goes as far as the provider's page; the answer is that page. */
  startLogin(person: UserAgent, query: Readonly<Record<string, string>> = {}): Promise<Hop> {
    return person.visit(this.url(`/login?${new URLSearchParams(query).toString()}`));
  }

  /** Logs a person in and follows to the page where they end. */
  async logIn(
    person: UserAgent,
    { as = 'alice', ...query }: Readonly<Record<string, string>> = {},
  ): Promise<Hop> {
    const page = await this.startLogin(person, query);
    return page.url.startsWith(this.op.issuer) ? person.submit({ user: as }, page) : page;
  }

  /** A person who is logged in. */
  async member(query: Readonly<Record<string, string>> = {}): Promise<UserAgent> {
    const person = this.person();
    const { status, body } = await this.logIn(person, query);
    if ((await this.view(person))['authenticated'] !== true)
      throw new Error(`the login failed: ${status} ${body.slice(0, 500)}`);
    return person;
  }

  /** The callback's address with code and state, before any browser has followed it. */
  async callbackFor(
    person: UserAgent,
    { as = 'alice', ...query }: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    const login = this.url(`/login?${new URLSearchParams(query).toString()}`);
    return this.sentTo([this.bff.origin, ...this.appUris], { person, from: login, as });
  }

  /** Logs in at the provider, from an address on, until it leads to one of these places, which nobody visits. */
  async sentTo(
    places: readonly string[],
    {
      person = this.person(),
      from,
      as = 'alice',
    }: { readonly person?: UserAgent; readonly from: string; readonly as?: string },
  ): Promise<string> {
    let hop = await person.load(from);
    for (;;) {
      if (hop.headers.location === undefined) {
        const action =
          formsOf(hop.body)[0]?.action ??
          raise(`the provider answered ${hop.status} with no way on`);
        const headers = { 'content-type': 'application/x-www-form-urlencoded' };
        hop = await person.load(new URL(action, hop.url).href, {
          method: 'POST',
          headers,
          body: `user=${as}`,
          site: 'same-origin',
        });
        continue;
      }
      const next = new URL(hop.headers.location, hop.url).href;
      if (places.some((place) => next.startsWith(place))) return next;
      hop = await person.load(next, { site: 'same-origin' });
    }
  }

  /** The raw answer of `GET /session`, asked by a page of ours. */
  session(person: UserAgent, query = ''): Promise<Hop> {
    return person.fetch(this.url(`/session${query}`), { csrf: false });
  }

  async view(person: UserAgent, query = ''): Promise<Record<string, unknown>> {
    return jsonOf(await this.session(person, query));
  }

  /** A call of the API by a script of our page. */
  call(
    person: UserAgent,
    path = '/api/orders',
    init: Parameters<UserAgent['fetch']>[1] = {},
  ): Promise<Hop> {
    return person.fetch(this.url(path), init);
  }

  /** A page of ours asks for new tokens, when those that it has did not come a moment ago. */
  refresh(person: UserAgent, { headers = {} }: Pick<FetchInit, 'headers'> = {}): Promise<Hop> {
    this.clock.advance(JUST_OBTAINED_MS);
    return this.call(person, '/session/refresh', { method: 'POST', headers });
  }

  /** The session cookie as a Cookie header. */
  async cookieOf(person: UserAgent): Promise<string> {
    const value = await person.cookie(this.url('/'), this.bff.cookieName);
    return `${this.bff.cookieName}=${value ?? ''}`;
  }

  /** Lets the scan look at something that was no hop. */
  note(exposure: Exposure): void {
    this.said.push(exposure);
  }

  /** Every secret that stands where it must not. */
  leaks(more: Iterable<Exposure> = []): Leak[] {
    return findLeaks([...this.exposures(), ...more], this.secrets());
  }

  secrets(): Secret[] {
    const calls = [...this.heard, ...this.op.calls];
    return [...secretsOfRun({ calls, hops: this.hops, config: this.bff.config })];
  }

  /** Ends everything; throws when a secret was seen on the way, or an audit line that the schema does not know. */
  async close(): Promise<void> {
    await this.bff.stop();
    await this.op.close();
    await this.api.down();
    await this.redisHost?.stop();
    const leaks = this.leaks();
    if (leaks.length > 0)
      throw new Error(`secrets leaked: ${JSON.stringify(leaks, undefined, INDENT)}`);
    const unfit = unfitAuditLines(this.bff.audit);
    if (unfit.length > 0) throw new Error(`no lines of the audit schema: ${unfit.join('\n')}`);
  }

  /** For a stage of one test: `await using stage = await Stage.open()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Redirect URIs of applications that take the code themselves. */
  private get appUris(): string[] {
    return this.bff.config.providers.flatMap(({ redirectUris }) => redirectUris);
  }

  private *exposures(): Iterable<Exposure> {
    const ground: Ground = {
      origin: this.bff.origin,
      basePath: this.bff.config.server.basePath,
      issuer: this.op.issuer,
      cookieName: this.bff.cookieName,
      loginCookieName: this.bff.loginCookieName,
      appUris: this.appUris.map((uri) => uri.split('?', 1)[0] ?? ''),
    };
    for (const hop of this.hops) yield* exposuresOfHop(hop, ground);
    yield* exposuresOfLog(this.bff.lines);
    yield* exposuresOfLog(this.bff.audit, 'audit line');
    yield* this.said;
  }
}

async function startRedis(wanted: StageOptions['redis']): Promise<RedisHost | undefined> {
  if (wanted === undefined || wanted === false) return undefined;
  return RedisHost.start(wanted === true ? {} : wanted);
}

function raise(message: string): never {
  throw new Error(message);
}
