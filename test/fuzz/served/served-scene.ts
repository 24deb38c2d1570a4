import { freePort } from '../../support/redis-host.js';
import { InstanceProcess } from '../../support/instance-process.js';
import { findLeaks, type Secret } from '../../support/leak-scan.js';
import { ServiceCaller, servicesFile } from '../../support/service-caller.js';
import { Stage } from '../../support/stage.js';
import type { UserAgent } from '../../support/user-agent.js';
import { lastIdToken, logoutToken, registerForLogouts } from '../../support/logout-tokens.js';
import { must } from '../expectations.js';
import type { Facts } from './browser.js';
import { BytesUpstream } from './bytes-upstream.js';
import { ask, type RawAnswer } from './raw-exchange.js';

/** Where the product listens: the built one in a process of its own, and one in this process, whose branches count. */
export interface Place {
  readonly public: number;
  readonly internal: number;
}

/** What every answer says that is ours; who may frame it is said by one of two headers. */
const ALWAYS = ['x-content-type-options', 'referrer-policy', 'cache-control'] as const;
/** On a busy machine a pause is no hang. */
export const HANG_MS = 4_000;
/** Where somebody who was let in is told a token: nowhere else. */
const ALLOWED = new Set<Secret['kind']>(['logout token', 'state', 'browser binding']);

/** The product with a real provider, a real Redis, a person who is logged in and a service that may ask. */
export class ServedScene {
  private person: UserAgent | undefined;
  private facts: (Facts & { readonly cookie: () => string }) | undefined;
  private secrets: readonly Secret[] = [];
  private claims: Readonly<Record<string, string>> = {};
  cookie = '';

  private constructor(
    readonly stage: Stage,
    readonly upstream: BytesUpstream,
    private readonly instance: InstanceProcess,
    readonly places: readonly [Place, Place],
    readonly service: ServiceCaller,
  ) {}

  static async open(): Promise<ServedScene> {
    const upstream = await BytesUpstream.start();
    const service = new ServiceCaller('reports', { scopes: '[introspect, sessions]' });
    const file = `${servicesFile(service)}routes:
  - { name: calls, prefix: /calls, upstream: '${upstream.url}/v1', identity: both, websocket: true, methods: [GET, POST, PUT, PATCH, DELETE] }
  - { name: open, prefix: /open, upstream: '${upstream.url}', token: none, methods: [GET, HEAD], csrf: fetch-metadata, download: true }
policies:
  - { name: default }
  - { name: pages, redirect: true, preflight: true, csrf: false }
`;
    // A person who is logged out by every other input comes back more often than people do.
    const quotas = { LIMIT_LOGIN: 'off', LIMIT_CALLBACK: 'off' };
    const env = { ALLOWED_ORIGINS: 'http://localhost:9', TRUST_PROXY: '127.0.0.1', ...quotas };
    const stage = await Stage.open({ redis: true, file, env });
    const internal = await freePort();
    const instance = await InstanceProcess.start(stage, {
      file,
      env: { ...env, INTERNAL_PORT: String(internal) },
    });
    const built = { public: Number(new URL(instance.url('/')).port), internal };
    const here = { public: stage.bff.port, internal: stage.bff.vestibule.internalPort };
    const scene = new ServedScene(stage, upstream, instance, [built, here], service);
    registerForLogouts(stage);
    // Thousands of logins would be looked for in each answer.
    stage.op.seen = () => undefined;
    await scene.logIn();
    return scene;
  }

  async close(): Promise<void> {
    await this.instance.end();
    await this.upstream.stop();
    await this.stage.close();
  }

  /** What is known of somebody who is logged in. */
  async member(): Promise<Facts & { readonly cookie: () => string }> {
    if (!(await this.isLive())) await this.logIn();
    this.facts ??= await this.factsOf();
    return this.facts;
  }

  async isLive(): Promise<boolean> {
    return (await this.ask('public', '/session')).status === 200;
  }

  /** An answer of ours, or of Node's parser for what is no request. */
  judge(answer: RawAnswer, { odd, coded = false }: { odd: boolean; coded?: boolean }): void {
    const { status, headers, text } = answer;
    if (!headers.has('x-request-id')) {
      must(odd || [400, 431].includes(status), `no answer (${status})`);
      return;
    }
    must(![500, 503].includes(status), `${status} without a cause`);
    must(status !== 501 || coded, '501 without a transfer coding');
    for (const name of ALWAYS) must(headers.has(name), `${name} is missing`);
    const isFramed = headers.get('content-security-policy')?.includes('frame-ancestors');
    must(headers.has('x-frame-options') || isFramed === true, 'anybody may frame it');
    const leaks = findLeaks(
      [{ where: 'answer', text: withoutTold(text), allowed: ALLOWED }],
      this.secrets,
    );
    must(leaks.length === 0, `it tells ${leaks.map(({ kind }) => kind).join()}`);
  }

  /** Both go on, nothing failed inside, and there is a person for the next input. */
  async settle(): Promise<void> {
    for (const { public: port } of this.places) {
      const answer = await ask(
        port,
        `GET /session HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: ${this.cookie}\r\n\r\n`,
        undefined,
        HANG_MS,
      );
      must([200, 401].includes(answer.status), `${port} does not go on (${answer.status})`);
      if (answer.status === 401) await this.logIn();
    }
    const failed = [
      ...this.instance.logged('request.failed'),
      ...this.stage.bff.logged('request.failed'),
    ];
    // What failed is this input's, and not the next one's.
    this.stage.bff.lines.length = 0;
    this.instance.lines.length = 0;
    must(failed.length === 0, `it failed inside: ${JSON.stringify(failed)}`);
  }

  private async factsOf(): Promise<Facts & { readonly cookie: () => string }> {
    const { stage, cookie, service } = this;
    const { iss, sid, sub } = this.claims;
    const view = JSON.parse((await this.ask('public', '/session')).body) as { logout_url: string };
    const token = new URL(view.logout_url, stage.bff.origin).searchParams.get('token') ?? '';
    const { headers } = await this.ask('internal', '/verify');
    const assertion = headers.get('x-auth-assertion') ?? '';
    const about = jsonOfToken(assertion);
    const value = cookie.slice(cookie.indexOf('=') + 1);
    const known = { iss, sid, sub, token, assertion, value, basic: service.basic };
    return {
      ...Object.fromEntries(Object.entries(known).map(([name, one]) => [name, () => String(one)])),
      handle: () => String(about['sid']),
      origin: () => stage.bff.origin,
      logout_token: () => logoutToken(stage, { sub, sid }),
      cookie: () => cookie,
    };
  }

  private ask(listener: 'public' | 'internal', path: string): Promise<RawAnswer> {
    const [, here] = this.places;
    const lines = [
      `GET ${path} HTTP/1.1`,
      'Host: x',
      'Connection: close',
      `Cookie: ${this.cookie}`,
    ];
    return ask(here[listener], `${lines.join('\r\n')}\r\n\r\n`);
  }

  private async logIn(): Promise<void> {
    this.facts = undefined;
    // What was tried before is not looked at once more with every new secret.
    this.stage.hops.length = 0;
    this.stage.op.calls.length = 0;
    this.person = await this.stage.member();
    this.cookie = await this.stage.cookieOf(this.person);
    this.secrets = this.stage.secrets();
    this.claims = lastIdToken(this.stage) as Readonly<Record<string, string>>;
  }
}

function jsonOfToken(token: string): Readonly<Record<string, unknown>> {
  const [, claims = ''] = token.split('.');
  return JSON.parse(Buffer.from(claims, 'base64url').toString()) as Record<string, unknown>;
}

/**
 * Without what a browser is sent to keep or to hand on, and without the identity assertion of a gateway's question: it is no
 * secret of the provider's, and two JWTs about one person share stretches of their claims.
 */
function withoutTold(text: string): string {
  return text
    .replaceAll(/^(?:set-cookie|x-auth-assertion): .*$/gim, '')
    .replaceAll(/id_token_hint=[^&\s"]+/g, '');
}
