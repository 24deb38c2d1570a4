import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const ROOT = join(import.meta.dirname, '..');

/** A free port of 127.0.0.1. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** The built product as a process of its own. */
export class Product {
  readonly url: string;
  /** Milliseconds from the start of the process to the first answer. */
  readonly startUpMs: number;
  private readonly process: ChildProcess;

  private constructor(process: ChildProcess, url: string, startUpMs: number) {
    this.process = process;
    this.url = url;
    this.startUpMs = startUpMs;
  }

  /** `core`: the one core that it may use; any where it is not given. */
  static async start(
    environment: Readonly<Record<string, string>> = {},
    core?: string,
  ): Promise<Product> {
    const [port, internal] = [await freePort(), await freePort()];
    const started = performance.now();
    const serve = [process.execPath, 'dist/main.js', 'serve'];
    const [command = '', ...args] = core === undefined ? serve : ['taskset', '-c', core, ...serve];
    const child = spawn(command, args, {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        PATH: process.env['PATH'] ?? '',
        NODE_ENV: 'production',
        LOG_LEVEL: 'error',
        PUBLIC_URL: `http://localhost:${port}`,
        PORT: String(port),
        INTERNAL_PORT: String(internal),
        OIDC_ISSUER: 'http://127.0.0.1:9',
        OIDC_CLIENT_ID: 'bench',
        OIDC_CLIENT_SECRET: randomBytes(32).toString('base64url'),
        SESSION_KEYS: `bench:${randomBytes(32).toString('base64url')}`,
        ...environment,
      },
    });
    const url = `http://127.0.0.1:${environment['PORT'] ?? port}`;
    await firstAnswer(`${url}/session`, child);
    return new Product(child, url, performance.now() - started);
  }

  /** Resident memory in MiB. */
  get memoryMib(): number {
    const status = readFileSync(`/proc/${this.process.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? Number.NaN) / 1024;
  }

  async stop(): Promise<void> {
    const gone = once(this.process, 'exit');
    this.process.kill('SIGTERM');
    await gone;
  }
}

async function firstAnswer(url: string, child: ChildProcess): Promise<void> {
  const until = performance.now() + 20_000;
  while (performance.now() < until) {
    if (child.exitCode !== null) throw new Error(`the product ended with ${child.exitCode}`);
    try {
      await (await fetch(url)).arrayBuffer();
      return;
    } catch {
      await delay(5);
    }
  }
  throw new Error('the product did not answer within 20 s');
}
