import { randomBytes, type KeyObject } from 'node:crypto';
import type { Env } from '../../src/config/source/environment.js';
import { JUST_OBTAINED_MS } from '../../src/domain/token-set.js';
import { BffHost, newSessionKeys, SPA_DIR } from './bff-host.js';
import type { EmulatedProvider } from './emulators/emulated-provider.js';
import type { ClientAuthMethod, EmulatedClient } from './emulators/emulator.types.js';
import { exposuresOfHop, exposuresOfLog, type Ground } from './exposures.js';
import { exchange, jsonOf, type Hop, type Outgoing } from './http-exchange.js';
import { findLeaks, type Leak } from './leak-scan.js';
import { PATHS } from './op-host.js';
import { freePort } from './redis-host.js';
import { secretsOfRun } from './run-secrets.js';
import { ShiftedClock } from './shifted-clock.js';
import { UserAgent } from './user-agent.js';

export interface SeedStageOptions<P extends EmulatedProvider = EmulatedProvider> {
  readonly profile: string;
  readonly provider: P;
  readonly authMethod: ClientAuthMethod;
  /** Over what a profile leaves to the operator: issuer, client id, secret. */
  readonly env?: Env;
  /** A vestibule.yaml. */
  readonly file?: string;
  /** The port of the product, where somebody else must know it beforehand. */
  readonly port?: number;
  /** By default letters and digits only, as the consoles of these providers make them. */
  readonly clientSecret?: string;
  /** What the provider knows of a client that signs assertions. */
  readonly publicKey?: KeyObject;
}

export const SEED_CLIENT_ID = '5e37979f7b757ead14c534af';
const LIFETIME_MARGIN_MS = 1000;

/**
 * The product against an emulated provider, with as little configuration as its profile needs, and people with
 * browsers. Closing it ends both and looks through all that was said for secrets.
 */
export class SeedStage<P extends EmulatedProvider = EmulatedProvider> {
  readonly hops: Hop[] = [];
  private readonly ends: (() => Promise<void>)[] = [];

  private constructor(
    readonly provider: P,
    readonly bff: BffHost,
    readonly clock: ShiftedClock,
    readonly client: EmulatedClient,
  ) {}

  static async open<P extends EmulatedProvider>({
    provider,
    ...options
  }: SeedStageOptions<P>): Promise<SeedStage<P>> {
    const { profile, authMethod, publicKey, env = {} } = options;
    const port = options.port ?? (await freePort());
    const clock = new ShiftedClock();
    provider.now = () => clock.now();
    const { clientSecret = randomBytes(32).toString('hex') } = options;
    const needsSecret =
      authMethod.startsWith('client_secret') || provider.idTokenAlg.startsWith('HS');
    const bff = await BffHost.start({
      clock,
      port,
      ...(options.file !== undefined && { file: options.file }),
      env: {
        SESSION_KEYS: newSessionKeys(),
        // Longer than any token of these providers lives.
        SESSION_IDLE: '12h',
        SESSION_ABSOLUTE: '24h',
        OIDC_PROVIDER: profile,
        OIDC_ISSUER: provider.issuer,
        OIDC_CLIENT_ID: SEED_CLIENT_ID,
        OIDC_CLIENT_AUTH: authMethod,
        ...(needsSecret && { OIDC_CLIENT_SECRET: clientSecret }),
        SPA_DIR,
        ...env,
      },
    });
    const client = {
      clientId: SEED_CLIENT_ID,
      clientSecret,
      authMethod,
      redirectUris: [bff.url('/callback')],
      postLogoutRedirectUris: [bff.url('/logout/done')],
      ...(publicKey !== undefined && { publicKey }),
    };
    provider.register(client);
    return new SeedStage(provider, bff, clock, client);
  }

  /** A person with a browser of their own. */
  person(): UserAgent {
    return new UserAgent((hop) => this.hops.push(hop));
  }

  url(path: string): string {
    return this.bff.url(path);
  }

  /** Logs a person in and follows to the page where they end. */
  logIn(person: UserAgent, query: Readonly<Record<string, string>> = {}): Promise<Hop> {
    return person.visit(this.url(`/login?${new URLSearchParams(query).toString()}`));
  }

  /** A person who is logged in. */
  async member(): Promise<UserAgent> {
    const person = this.person();
    await this.logIn(person);
    if ((await this.view(person))['authenticated'] !== true)
      throw new Error(`the login failed: ${person.lastHop.body.slice(0, 500)}`);
    return person;
  }

  async view(person: UserAgent): Promise<Record<string, unknown>> {
    return jsonOf(await person.fetch(this.url('/session'), { csrf: false }));
  }

  /** What a page gets that wants its tokens renewed now, when they did not come a moment ago. */
  refresh(person: UserAgent): Promise<Hop> {
    this.clock.advance(JUST_OBTAINED_MS);
    return person.fetch(this.url('/session/refresh'), { method: 'POST' });
  }

  /** Logs out and goes where the browser is sent. */
  async logOut(person: UserAgent): Promise<void> {
    const answer = await person.fetch(this.url('/logout'), { method: 'POST' });
    await person.click(String(jsonOf(answer)['location']));
  }

  /** The tokens of the last answer grow old. */
  age(): void {
    this.clock.advance(this.provider.accessTokenSeconds * 1000 + LIFETIME_MARGIN_MS);
  }

  /** A request without a browser. */
  async send(url: string, outgoing: Outgoing = {}): Promise<Hop> {
    const hop = await exchange(url, outgoing);
    this.hops.push(hop);
    return hop;
  }

  /** Every secret that stands where it must not. */
  leaks(): Leak[] {
    const { origin, config, cookieName, loginCookieName } = this.bff;
    const { basePath } = config.server;
    const issuer = new URL(this.provider.issuer).origin;
    const ground: Ground = { origin, basePath, issuer, cookieName, loginCookieName };
    const hops = this.hops.map((hop) => this.named(hop, issuer));
    const exposures = hops.flatMap((hop) => [...exposuresOfHop(hop, ground)]);
    const secrets = secretsOfRun({ calls: this.provider.knownCalls, hops: this.hops, config });
    return findLeaks([...exposures, ...exposuresOfLog(this.bff.lines)], secrets);
  }

  /** Something else that ends with this. */
  onClose(end: () => Promise<void>): void {
    this.ends.push(end);
  }

  /** Ends everything; throws when a secret was seen on the way. */
  async close(): Promise<void> {
    await this.bff.stop();
    await this.provider.close();
    await Promise.all(this.ends.map((end) => end()));
    const leaks = this.leaks();
    if (leaks.length > 0) throw new Error(`secrets leaked: ${JSON.stringify(leaks)}`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** The scan knows where a state or a hint may stand by the paths of another provider. */
  private named(hop: Hop, issuer: string): Hop {
    const { authorize = '', endSession = '' } = this.provider.endpoints;
    const rename = (text: string): string =>
      [
        [authorize, `${issuer}${PATHS.authorize}`] as const,
        [endSession, `${issuer}${PATHS.endSession}`] as const,
      ].reduce(
        (all, [from, to]) => (from === '' ? all : all.replaceAll(`${from}?`, `${to}?`)),
        text,
      );
    const { location } = hop.headers;
    return {
      ...hop,
      url: rename(hop.url),
      body: rename(hop.body),
      headers: { ...hop.headers, ...(location !== undefined && { location: rename(location) }) },
    };
  }
}
