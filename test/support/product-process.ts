import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Listener } from '../../src/http/route-table.js';
import type { Env } from '../../src/config/source/environment.js';
import { newSessionKeys } from './bff-host.js';
import { exchange } from './http-exchange.js';
import type { OpHost } from './op-host.js';
import { freePort } from './redis-host.js';
import { UserAgent } from './user-agent.js';

const ROOT = new URL('../..', import.meta.url).pathname;
/** Preloaded: the product dies with the tests, however they die. */
const LEASH = join(ROOT, 'demo/leash.ts');
const KIB_PER_MIB = 1_024;
const ASK_AGAIN_MS = 50;

export interface ProductOptions {
  readonly op: OpHost;
  readonly env?: Env;
  /** The content of a vestibule.yaml. */
  readonly file?: string;
  /** Of Node. */
  readonly flags?: readonly string[];
  /** A descriptor that takes the log, in place of a pipe that is read. */
  readonly output?: number;
}

/** The built product in a process of its own, so that what it takes is its own. */
export class ProductProcess {
  readonly clientId = 'product';

  private constructor(
    private readonly child: ChildProcess,
    private readonly directory: string,
    private readonly op: OpHost,
    readonly origin: string,
    readonly ports: Readonly<Record<Listener, number>>,
  ) {}

  /** Resolves when it listens; rejects when it ends instead. */
  static async start({
    op,
    env = {},
    file = '',
    flags = [],
    output,
  }: ProductOptions): Promise<ProductProcess> {
    const port = await freePort();
    const internal = await freePort();
    const origin = `http://localhost:${port}`;
    const directory = mkdtempSync(join(tmpdir(), 'vestibule-product-'));
    const configFile = join(directory, 'vestibule.yaml');
    writeFileSync(configFile, file);
    const clientSecret = randomBytes(24).toString('base64url');
    const child = spawn(process.execPath, [...flags, '--import', LEASH, 'dist/main.js', 'serve'], {
      cwd: ROOT,
      env: {
        PATH: process.env['PATH'],
        NODE_NO_WARNINGS: '1',
        PUBLIC_URL: origin,
        PORT: String(port),
        INTERNAL_PORT: String(internal),
        SHUTDOWN_DELAY: '0s',
        LOG_LEVEL: 'info',
        SESSION_KEYS: newSessionKeys(),
        OIDC_ISSUER: op.issuer,
        OIDC_CLIENT_ID: 'product',
        OIDC_CLIENT_SECRET: clientSecret,
        OIDC_USERINFO: 'false',
        CONFIG_FILE: configFile,
        ...env,
      },
      stdio: ['ignore', output ?? 'pipe', 'inherit', 'ipc'],
    });
    const product = new ProductProcess(child, directory, op, origin, {
      public: port,
      internal,
    });
    op.register({ clientId: product.clientId, clientSecret, publicUrl: origin });
    await product.listening();
    return product;
  }

  /** What the process holds in memory now (resident set). */
  get memoryMib(): number {
    const status = readFileSync(`/proc/${this.child.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / KIB_PER_MIB;
  }

  /** Sends a message to what was preloaded; its answer. */
  async ask(message: string): Promise<unknown> {
    const answer = once(this.child, 'message') as Promise<[unknown]>;
    this.child.send(message);
    return (await answer)[0];
  }

  url(path: string): string {
    return `${this.origin}${path}`;
  }

  /** Logs a person in; the session cookie as a Cookie header. */
  async login(): Promise<string> {
    const person = new UserAgent();
    const page = await person.visit(this.url('/login'));
    if (page.url.startsWith(this.op.issuer)) await person.submit({ user: 'alice' }, page);
    const cookies = await person.jar.getCookieString(this.url('/'), { sameSiteContext: 'strict' });
    if (cookies === '') throw new Error(`the login failed: ${person.lastHop.body.slice(0, 500)}`);
    return cookies;
  }

  /** Asks it to end; its exit code, null where a signal was what ended it. */
  async stop(): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const gone = once(this.child, 'exit');
      this.child.kill('SIGTERM');
      await gone;
    }
    rmSync(this.directory, { recursive: true, force: true });
    return this.child.exitCode;
  }

  private async listening(): Promise<void> {
    const ended = once(this.child, 'exit').then(([code]) => {
      throw new Error(`the product ended with ${String(code)}`);
    });
    const { stdout } = this.child;
    await Promise.race([stdout === null ? this.answering() : saysListening(stdout), ended]);
    // Later it ends because it is asked to.
    ended.catch(() => undefined);
  }

  /** Nobody reads what it says: it is asked until it answers. */
  private async answering(): Promise<void> {
    for (;;) {
      const isThere = await exchange(this.url('/session')).then(
        () => true,
        () => false,
      );
      if (isThere) return;
      await delay(ASK_AGAIN_MS);
    }
  }
}

async function saysListening(output: Readable): Promise<void> {
  const events = new EventEmitter();
  createInterface({ input: output }).on('line', (line) => {
    events.emit(String((JSON.parse(line) as { event: unknown }).event));
  });
  await once(events, 'server.listening');
}
