import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { ask, logIn, type Person, type Places } from './browser.ts';
import { end, freePort, startNode, until } from './processes.ts';

const secret = (): string => randomBytes(32).toString('base64url');
/** The built product, or another build of it. */
const PRODUCT = process.env['CHAOS_PRODUCT'] ?? 'dist/main.js';
const LOGINS_AT_ONCE = 4;

/** Two replicas of the built product and the demo's provider. */
export class Stage {
  readonly places: Places;
  private readonly processes: readonly ChildProcess[];

  private constructor(places: Places, processes: readonly ChildProcess[]) {
    this.places = places;
    this.processes = processes;
  }

  /** `store` says where the sessions are. */
  static async open(store: Readonly<Record<string, string>>): Promise<Stage> {
    const [opPort, one, two] = [await freePort(), await freePort(), await freePort()];
    const issuer = `http://127.0.0.1:${opPort}`;
    const client = {
      PUBLIC_URL: `http://localhost:${one}`,
      OIDC_CLIENT_ID: 'chaos',
      OIDC_CLIENT_SECRET: secret(),
    };
    const product = {
      ...client,
      ...store,
      NODE_ENV: 'production',
      LOG_LEVEL: 'error',
      OIDC_ISSUER: issuer,
      SESSION_KEYS: `chaos:${secret()}`,
      // Every request may move the idle deadline now and then: writes under load, not reads alone.
      SESSION_IDLE: '2m',
      SHUTDOWN_DELAY: '0s',
      // All of them come from one address.
      LIMIT_LOGIN: 'off',
      LIMIT_CALLBACK: 'off',
      INTERNAL_PORT: '0',
    };
    const processes = [
      startNode(['demo/op/main.ts'], { ...client, OP_PORT: String(opPort), OP_ISSUER: issuer }),
      ...[one, two].map((port) =>
        startNode([PRODUCT, 'serve'], { ...product, PORT: String(port) }),
      ),
    ];
    const places = { publicHost: `localhost:${one}`, replicas: [one, two], opPort };
    const stage = new Stage(places, processes);
    const ready = async (port: number, path: string): Promise<boolean> =>
      [200, 401].includes((await ask(port, path)).status);
    try {
      await until('the provider', () => ready(opPort, '/.well-known/openid-configuration'));
      for (const port of [one, two]) await until('Vestibule', () => ready(port, '/session'));
    } catch (error) {
      await stage.close();
      throw error;
    }
    return stage;
  }

  replica(at: number): number {
    const { replicas } = this.places;
    return replicas[at % replicas.length] ?? 0;
  }

  /** Logs people in, through both replicas. */
  async people(count: number): Promise<readonly Person[]> {
    const all: Person[] = [];
    const one = async (): Promise<void> => {
      let failures = 0;
      while (all.length < count) {
        const person = await logIn(this.places, this.replica(all.length));
        if (person !== undefined && all.length < count) all.push(person);
        else if ((failures += 1) > count) throw new Error('nobody can log in');
      }
    };
    await Promise.all(Array.from({ length: LOGINS_AT_ONCE }, one));
    return all;
  }

  async close(): Promise<void> {
    await Promise.all(this.processes.map((child) => end(child)));
  }
}
