import { randomBytes } from 'node:crypto';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { startApi, type RunningApi } from '../../demo/api/api.ts';
import { startOp, webClient, type RunningOp } from '../../demo/op/op.ts';
import type { Env } from '../../src/config/source/environment.js';
import { BffHost, newSessionKeys } from '../support/bff-host.js';
import { freePort, RedisHost } from '../support/redis-host.js';
import { launchBrowser } from './browser-host.ts';
import { PERSON } from './main-job.ts';
import { ProviderLoginPage } from './pages/provider-login.page.ts';
import { SpaPage } from './pages/spa.page.ts';

const DEMO_SPA = new URL('../../demo/spa', import.meta.url).pathname;
const CLIENT_ID = 'vestibule-browser-test';
const WAIT_MS = 30_000;
/** As the demo has it: the API believes the assertion. */
const API_ROUTE = { name: 'api', prefix: '/api', identity: 'assertion' };

/** A provider as vestibule.yaml writes it. */
interface Provider {
  readonly id: string;
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope: string;
}

export interface BrowserStageOptions {
  readonly env?: Env;
  /** Ids of several providers, which are all the same one; by default there is one without a choice. */
  readonly providers?: readonly string[];
  /** As vestibule.yaml writes them, beside the demo's API. */
  readonly routes?: readonly Readonly<Record<string, unknown>>[];
}

/**
 * The demo's page, API and provider around the product in this process, and one Chromium. The provider is at
 * 127.0.0.1 and the application at localhost: two sites, so that SameSite is real.
 */
export class BrowserStage {
  private constructor(
    readonly op: RunningOp,
    private readonly api: RunningApi,
    private readonly redis: RedisHost,
    readonly bff: BffHost,
    readonly browser: Browser,
  ) {}

  static async open({
    env = {},
    providers = [],
    routes = [],
  }: BrowserStageOptions = {}): Promise<BrowserStage> {
    const op = await startOp();
    const [port, internalPort] = [await freePort(), await freePort()];
    const api = await startApi({
      issuer: `http://localhost:${port}`,
      audience: API_ROUTE.name,
      jwksUri: `http://127.0.0.1:${internalPort}/.well-known/jwks.json`,
    });
    const redis = await RedisHost.start();
    const clientSecret = randomBytes(32).toString('base64url');
    const provider = (id: string): Provider => ({
      id,
      issuer: op.issuer,
      clientId: CLIENT_ID,
      clientSecret,
      scope: 'openid profile email groups orders:read orders:write',
    });
    const bff = await BffHost.start({
      port,
      file: JSON.stringify({
        ...(providers.length > 0 && { providers: providers.map(provider) }),
        routes: [API_ROUTE, ...routes],
      }),
      env: {
        ...(providers.length === 0 && environmentOf(provider('generic'))),
        SESSION_KEYS: newSessionKeys(),
        INTERNAL_PORT: String(internalPort),
        API_UPSTREAM: api.url,
        SPA_DIR: DEMO_SPA,
        REDIS_URL: redis.url,
        REDIS_COMMAND_TIMEOUT: '10s',
        ...env,
      },
    });
    const client = webClient({ clientId: CLIENT_ID, clientSecret, publicUrl: bff.origin });
    const callbacks = providers.map((id) => bff.url(`/callback/${id}`));
    op.addClient({ ...client, redirect_uris: [...(client.redirect_uris ?? []), ...callbacks] });
    return new BrowserStage(op, api, redis, bff, await launchBrowser());
  }

  url(path: string): string {
    return this.bff.url(path);
  }

  /** A person's browser profile. */
  async person(options: BrowserContextOptions = {}): Promise<BrowserContext> {
    const context = await this.browser.newContext(options);
    context.setDefaultTimeout(WAIT_MS);
    return context;
  }

  /** Opens the login in a new tab, and resolves when the application greets the person. */
  async logIn(context: BrowserContext, path = '/', name = PERSON): Promise<SpaPage> {
    const page = await context.newPage();
    await page.goto(this.url(`/login?return_to=${encodeURIComponent(path)}`));
    return continueAs(name, page);
  }

  /** Logs in by clicking in a tab that shows the application. */
  async logInOn(page: Page, name = PERSON): Promise<SpaPage> {
    await new SpaPage(page).logInButton.click();
    return continueAs(name, page);
  }

  /** A person who is logged in, with the tab that shows it. */
  async member(
    options: BrowserContextOptions = {},
  ): Promise<{ context: BrowserContext; app: SpaPage }> {
    const context = await this.person(options);
    return { context, app: await this.logIn(context) };
  }

  /** Closes what every test opened; the stack goes on. */
  async sendEverybodyHome(): Promise<void> {
    await Promise.all(this.browser.contexts().map((context) => context.close()));
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.bff.stop();
    await this.op.close();
    await this.api.close();
    await this.redis.stop();
  }
}

/** From the provider's page to the application's greeting; what is shown instead is in the error. */
async function continueAs(name: string, page: Page): Promise<SpaPage> {
  const app = new SpaPage(page);
  try {
    await new ProviderLoginPage(page).continueAs(name);
    await app.greets(name);
    return app;
  } catch (cause) {
    throw new Error(`the login ended at "${await page.title()}", ${page.url()}`, { cause });
  }
}

function environmentOf({ issuer, clientId, clientSecret, scope }: Provider): Env {
  return {
    OIDC_ISSUER: issuer,
    OIDC_CLIENT_ID: clientId,
    OIDC_CLIENT_SECRET: clientSecret,
    OIDC_SCOPE: scope,
  };
}
