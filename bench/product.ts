import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { memoryMibOf, SERVER_CORE } from './machine.ts';

const ROOT = join(import.meta.dirname, '..');

/** What Node is given by `npm start`: flags, program, command. */
function startArguments(): readonly string[] {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    readonly scripts: { readonly start: string };
  };
  const [, given] = scripts.start.split('exec node ');
  if (given === undefined) throw new Error('`npm start` does not begin with "exec node"');
  return given.split(' ');
}

/** A free port of 127.0.0.1. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

interface Known {
  readonly port: string;
  readonly internalPort: string;
  readonly publicUrl: string;
  readonly serviceSecret: string;
}

/** The built product as a process of its own. */
export class Product {
  /** As it is asked: over IPv4. */
  readonly url: string;
  readonly internalUrl: string;
  /** As browsers know it. */
  readonly publicUrl: string;
  /** Of the service `bench`, where the configuration has one. */
  readonly serviceSecret: string;
  /** Milliseconds from the start of the process to the first answer. */
  readonly startUpMs: number;
  private readonly process: ChildProcess;

  private constructor(process: ChildProcess, known: Known, startUpMs: number) {
    this.process = process;
    this.url = `http://127.0.0.1:${known.port}`;
    this.internalUrl = `http://127.0.0.1:${known.internalPort}`;
    this.publicUrl = known.publicUrl;
    this.serviceSecret = known.serviceSecret;
    this.startUpMs = startUpMs;
  }

  /** `pinned`: to the core of the servers under test. */
  static async start({
    environment = {},
    pinned = false,
  }: {
    readonly environment?: Readonly<Record<string, string>>;
    readonly pinned?: boolean;
  } = {}): Promise<Product> {
    const [port, internal] = [await freePort(), await freePort()];
    const serviceSecret = randomBytes(32).toString('base64url');
    const started = performance.now();
    const serve = [process.execPath, ...startArguments()];
    const [command = '', ...args] = pinned ? ['taskset', '-c', SERVER_CORE, ...serve] : serve;
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
        SERVICE_SECRET: serviceSecret,
        ...environment,
      },
    });
    const known = {
      port: environment['PORT'] ?? String(port),
      internalPort: String(internal),
      publicUrl: environment['PUBLIC_URL'] ?? `http://localhost:${port}`,
      serviceSecret,
    };
    await firstAnswer(`http://127.0.0.1:${known.port}/session`, child);
    return new Product(child, known, performance.now() - started);
  }

  get pid(): number {
    return this.process.pid ?? 0;
  }

  /** Resident memory in MiB. */
  get memoryMib(): number {
    return memoryMibOf(this.pid);
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
