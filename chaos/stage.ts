import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Balancer } from './balancer.ts';
import { logIn, type Person, type Places } from './browser.ts';
import { ask } from './http.ts';
import { end, freePort, startNode, until } from './processes.ts';
import { ProviderLink } from './provider-link.ts';
import { Replica } from './replica.ts';

const REPLICAS = 3;
const RESOURCE = 'urn:vestibule:chaos-api';
const LOGINS_AT_ONCE = 4;
const secret = (): string => randomBytes(32).toString('base64url');

export interface StageOptions {
  /** Where the sessions are. */
  readonly store: Readonly<Record<string, string>>;
  /** How many people the provider knows. */
  readonly users: number;
  /** The shorter, the more refreshes. */
  readonly accessTokenSeconds: number;
}

/** Three replicas of the built product, an API behind them, and the real provider behind a network that can break. */
export class Stage {
  readonly places: Places;
  readonly replicas: readonly Replica[];
  readonly balancer: Balancer;
  readonly provider: ProviderLink;
  private readonly op: ChildProcess;
  private readonly api: ChildProcess;

  private constructor(
    places: Places,
    replicas: readonly Replica[],
    balancer: Balancer,
    provider: ProviderLink,
    op: ChildProcess,
    api: ChildProcess,
  ) {
    this.places = places;
    this.replicas = replicas;
    this.balancer = balancer;
    this.provider = provider;
    this.op = op;
    this.api = api;
  }

  static async open({ store, users, accessTokenSeconds }: StageOptions): Promise<Stage> {
    const [opPort, apiPort, ...ports] = await Promise.all(
      Array.from({ length: 2 + 2 * REPLICAS }, freePort),
    );
    if (opPort === undefined || apiPort === undefined) throw new Error('no ports');
    const provider = await ProviderLink.open(opPort, REPLICAS);
    const providerPort = provider.front.port;
    const issuer = `http://127.0.0.1:${providerPort}`;
    const publicHost = `localhost:${ports[0]}`;
    const client = {
      PUBLIC_URL: `http://${publicHost}`,
      OIDC_CLIENT_ID: 'chaos',
      OIDC_CLIENT_SECRET: secret(),
    };
    const shared = { OP_ISSUER: issuer, OP_RESOURCE: RESOURCE };
    const op = startNode(['chaos/op.ts'], {
      ...client,
      ...shared,
      OP_PORT: String(opPort),
      OP_USERS: String(users),
      OP_ACCESS_TOKEN_SECONDS: String(accessTokenSeconds),
    });
    const api = startNode(['chaos/api.ts'], {
      ...shared,
      API_PORT: String(apiPort),
      OP_KEYS: `http://127.0.0.1:${opPort}/jwks`,
    });
    const product = {
      ...client,
      ...store,
      NODE_ENV: 'production',
      CONFIG_FILE: 'chaos/vestibule.yaml',
      LOG_LEVEL: process.env['CHAOS_LOG'] ?? 'error',
      OIDC_ISSUER: issuer,
      // Within the time that a request waits for a refresh, so that a drill sees what comes of it.
      OIDC_TIMEOUT: '3s',
      SESSION_KEYS: `chaos:${secret()}`,
      // Every request may move the idle deadline now and then: writes under load, not reads alone.
      SESSION_IDLE: '2m',
      // All of them come from one address.
      LIMIT_LOGIN: 'off',
      LIMIT_CALLBACK: 'off',
      TOKEN_LEEWAY: '3s',
      API_UPSTREAM: `http://127.0.0.1:${apiPort}`,
      SHUTDOWN_DELAY: '1s',
    };
    const replicas = provider.tokens.map((relay, at) => {
      const [port, internalPort] = [ports[2 * at] ?? 0, ports[2 * at + 1] ?? 0];
      const token = `http://127.0.0.1:${relay.port}/token`;
      return new Replica({ port, internalPort }, { ...product, OIDC_TOKEN_ENDPOINT: token });
    });
    const places = { publicHost, providerPort };
    const stage = new Stage(places, replicas, new Balancer(replicas), provider, op, api);
    const known = async (): Promise<boolean> =>
      (await ask(providerPort, '/.well-known/openid-configuration')).status === 200;
    try {
      await until('the provider', known);
      await until('the API', async () => (await ask(apiPort, '/')).status === 401);
      for (const replica of replicas) await replica.start();
    } catch (error) {
      await stage.close();
      throw error;
    }
    return stage;
  }

  /** The processes, by what they are. */
  get pids(): readonly number[] {
    return [...this.replicas.map(({ pid }) => pid), this.op.pid ?? 0, this.api.pid ?? 0];
  }

  /** The provider signs with new keys from now on. */
  async rotateKeys(): Promise<void> {
    const done = once(this.op, 'message');
    this.op.send('rotate');
    await done;
  }

  /** Logs in the users from one number to another. */
  async people(from: number, to: number): Promise<readonly Person[]> {
    const all: Person[] = [];
    let next = from;
    const one = async (): Promise<void> => {
      for (let at = next++; at < to; at = next++) {
        const person = await logIn(this.places, `user-${at}`, this.balancer.send);
        if (person === undefined) throw new Error('nobody can log in');
        all.push(person);
      }
    };
    await Promise.all(Array.from({ length: LOGINS_AT_ONCE }, one));
    return all;
  }

  async close(): Promise<void> {
    await this.balancer.close();
    for (const replica of this.replicas) replica.close();
    await Promise.all([end(this.op), end(this.api)]);
    this.provider.close();
  }
}
