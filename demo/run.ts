/**
 * The whole demo with one command: builds what is stale, starts the development OP, the sample API and
 * the built product, and ends all of them together. No Docker, no Redis.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { demoUsers } from './op/users.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const LEASH = new URL('leash.ts', import.meta.url).href;
const READY_MS = 60_000;
const END_MS = 10_000;
const API_RESOURCE = 'urn:vestibule:demo-api';

/** What of the caller's environment reaches the product, besides what every process needs. */
const PASSED_ON = [
  'PATH',
  'HOME',
  'TMPDIR',
  'LANG',
  'LOG_LEVEL',
  'SESSION_IDLE',
  'SESSION_ABSOLUTE',
];

class DemoError extends Error {}

function portOf(name: string, fallback: number): number {
  const port = Number(process.env[name] ?? fallback);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new DemoError(`${name} must be a port between 1 and 65535`);
}

const ports = () => ({
  PORT: portOf('PORT', 3000),
  INTERNAL_PORT: portOf('INTERNAL_PORT', 3001),
  OP_PORT: portOf('OP_PORT', 4000),
  API_PORT: portOf('API_PORT', 4001),
});
type Ports = ReturnType<typeof ports>;

function newestIn(path: string): number {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newestIn(join(path, name))));
}

const product = join(ROOT, 'dist/main.js');

function isStale(): boolean {
  const sources = [
    'src',
    'package.json',
    'tsconfig.json',
    'tsconfig.build.json',
    'tsconfig.guard.json',
  ];
  const newest = Math.max(...sources.map((source) => newestIn(join(ROOT, source))));
  return !existsSync(product) || statSync(product).mtimeMs < newest;
}

function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    // A machine without IPv6 has nothing that listens there.
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'EADDRINUSE'));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

async function requireFreePorts(wanted: Ports): Promise<void> {
  if (new Set(Object.values(wanted)).size < Object.keys(wanted).length) {
    throw new DemoError('PORT, INTERNAL_PORT, OP_PORT and API_PORT must differ');
  }
  for (const [name, port] of Object.entries(wanted)) {
    if ((await isFree(port, '127.0.0.1')) && (await isFree(port, '::'))) continue;
    throw new DemoError(
      `port ${port} is taken. End what listens there, or choose another one: ${name}=${port + 100} npm run demo`,
    );
  }
}

interface Service {
  readonly name: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Answers 200 as soon as the service is ready. */
  readonly ready: string;
}

/** The three services; the OP stands on another site than the app, so that SameSite is real. */
function services(port: Ports): readonly Service[] {
  const publicUrl = `http://localhost:${port.PORT}`;
  const issuer = `http://127.0.0.1:${port.OP_PORT}`;
  const client = {
    PUBLIC_URL: publicUrl,
    OIDC_CLIENT_ID: 'vestibule-demo',
    OIDC_CLIENT_SECRET: randomBytes(32).toString('base64url'),
  };
  return [
    {
      name: 'op',
      args: ['demo/op/main.ts'],
      env: {
        ...client,
        OP_PORT: String(port.OP_PORT),
        OP_ISSUER: issuer,
        OP_RESOURCE: API_RESOURCE,
      },
      ready: `${issuer}/.well-known/openid-configuration`,
    },
    {
      name: 'api',
      args: ['demo/api/main.ts'],
      env: {
        PUBLIC_URL: publicUrl,
        API_PORT: String(port.API_PORT),
        API_JWKS_URI: `http://127.0.0.1:${port.INTERNAL_PORT}/.well-known/jwks.json`,
      },
      ready: `http://127.0.0.1:${port.API_PORT}/healthz`,
    },
    {
      name: 'vestibule',
      args: ['dist/main.js', 'serve'],
      env: {
        ...client,
        NODE_ENV: 'production',
        PORT: String(port.PORT),
        INTERNAL_PORT: String(port.INTERNAL_PORT),
        OIDC_ISSUER: issuer,
        OIDC_SCOPE: 'openid profile email groups orders:read orders:write',
        OIDC_CLAIMS: 'sub,name,email,groups',
        SESSION_KEYS: `demo:${randomBytes(32).toString('base64url')}`,
        API_UPSTREAM: `http://127.0.0.1:${port.API_PORT}`,
        SPA_DIR: join(ROOT, 'demo/spa'),
        CONFIG_FILE: join(ROOT, 'demo/vestibule.yaml'),
      },
      ready: `http://127.0.0.1:${port.INTERNAL_PORT}/readyz`,
    },
  ];
}

function inherited(): Record<string, string> {
  const entries = PASSED_ON.map((name) => [name, process.env[name]] as const);
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

function forward(stream: NodeJS.ReadableStream | null, name: string): void {
  if (stream === null) return;
  createInterface({ input: stream }).on('line', (line) => console.log(`[${name}] ${line}`));
}

/** The started processes; `failed` rejects when one of them ends by itself. */
class Household {
  private readonly children = new Map<string, ChildProcess>();
  private ending = false;
  private fail: (error: Error) => void = () => undefined;
  readonly failed = new Promise<never>((_resolve, reject) => {
    this.fail = reject;
  });

  start(service: Service): void {
    const child = spawn(process.execPath, ['--import', LEASH, ...service.args], {
      cwd: ROOT,
      env: { ...inherited(), ...service.env },
      // A group of its own: Ctrl-C reaches this process alone, which then ends the others in order.
      detached: true,
      // The channel is the leash: it closes when this process dies, however it dies.
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.children.set(service.name, child);
    forward(child.stdout, service.name);
    forward(child.stderr, service.name);
    child.once('error', (error) => this.fail(new DemoError(`${service.name}: ${error.message}`)));
    child.once('exit', (code, signal) => {
      this.children.delete(service.name);
      if (!this.ending) {
        this.fail(
          new DemoError(`${service.name} ended by itself (${signal ?? `exit code ${code}`})`),
        );
      }
    });
  }

  /** Runs `npm run build`; rejects when it fails. */
  async build(): Promise<void> {
    console.log('Building …');
    const child = spawn('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: 'inherit' });
    this.children.set('build', child);
    const status = await new Promise((resolve) => child.once('close', resolve));
    this.children.delete('build');
    if (status !== 0 || !existsSync(product)) throw new DemoError('the build failed');
  }

  /** Ends every child: asks first, and kills what is still there after ten seconds. */
  async end(): Promise<void> {
    this.ending = true;
    const gone = [...this.children.values()].map(
      (child) => new Promise<void>((resolve) => child.once('exit', () => resolve())),
    );
    this.signal('SIGTERM');
    await Promise.race([Promise.all(gone), delay(END_MS, undefined, { ref: false })]);
    this.signal('SIGKILL');
  }

  signal(signal: NodeJS.Signals): void {
    for (const child of this.children.values()) child.kill(signal);
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
    await response.arrayBuffer();
    return response.status === 200;
  } catch {
    return false;
  }
}

async function waitUntilReady(service: Service, stopped: AbortSignal): Promise<void> {
  const end = Date.now() + READY_MS;
  while (!stopped.aborted) {
    if (await answers(service.ready)) return;
    if (Date.now() > end) {
      throw new DemoError(
        `${service.name} is not ready after ${READY_MS / 1000} s (${service.ready})`,
      );
    }
    await delay(100);
  }
}

function announce(port: Ports): void {
  const people = demoUsers.map((user) => user.name).join(', ');
  console.log(`
  Vestibule is open:  http://localhost:${port.PORT}

  Log in as           ${people} (no password)
  Identity provider   http://127.0.0.1:${port.OP_PORT}
  Sample API          http://127.0.0.1:${port.API_PORT} (through /api)
  Health              http://127.0.0.1:${port.INTERNAL_PORT}/readyz

  Ctrl-C ends everything.
`);
}

/** Resolves with the exit code of a signal that asks to stop. */
function stopRequested(): Promise<number> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(signal, () => resolve(0));
  });
}

async function main(): Promise<number> {
  const stop = stopRequested();
  const port = ports();
  await requireFreePorts(port);
  const household = new Household();
  process.once('exit', () => household.signal('SIGKILL'));
  const over = new AbortController();
  const open = async (): Promise<void> => {
    if (isStale()) await household.build();
    if (over.signal.aborted) return;
    const all = services(port);
    for (const service of all) household.start(service);
    await Promise.all(all.map((service) => waitUntilReady(service, over.signal)));
    if (!over.signal.aborted) announce(port);
  };
  const opened = open();
  try {
    return await Promise.race([stop, household.failed, opened.then(() => stop)]);
  } finally {
    over.abort();
    await household.end();
    await opened.catch(() => undefined);
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof DemoError)) throw error;
  console.error(`\nThe demo stopped: ${error.message}`);
  process.exitCode = 1;
}
