import { randomUUID } from 'node:crypto';
import { spawn, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import type { Certificates } from './certificates.js';

export interface RedisHostOptions {
  /** Settings as in redis.conf, without the leading dashes: `{ maxmemory: '3mb' }`. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly password?: string;
  /** A port that was reserved before, for a Redis that is to appear later. */
  readonly port?: number;
  /** TLS instead of plain TCP, replication included. */
  readonly tls?: Certificates;
  /** Makes it a Sentinel with this configuration, which it rewrites. */
  readonly sentinel?: readonly string[];
}

const READY_MS = 5_000;

/** A real redis-server on its own free port of 127.0.0.1 with its own directory; whoever starts it stops it. */
export class RedisHost {
  private process: ChildProcess | undefined;

  private constructor(
    readonly port: number,
    private readonly directory: string,
    private readonly options: RedisHostOptions,
  ) {}

  static async start(options: RedisHostOptions = {}): Promise<RedisHost> {
    const directory = await mkdtemp(join(tmpdir(), 'vestibule-redis-'));
    const host = new RedisHost(options.port ?? (await freePort()), directory, options);
    if (options.sentinel !== undefined) {
      await writeFile(host.sentinelFile, `${options.sentinel.join('\n')}\n`);
    }
    await host.run();
    return host;
  }

  get url(): string {
    const login = this.options.password === undefined ? '' : `:${this.options.password}@`;
    const scheme = this.options.tls === undefined ? 'redis' : 'rediss';
    return `${scheme}://${login}127.0.0.1:${this.port}`;
  }

  private get sentinelFile(): string {
    return join(this.directory, 'sentinel.conf');
  }

  /** Starts the process (again); the port stays the same. */
  async run(): Promise<void> {
    const child = spawn('redis-server', this.commandLine(), { stdio: 'ignore' });
    this.process = child;
    await Promise.race([
      this.answers(),
      once(child, 'error').then(([error]) => Promise.reject(notStarted(error))),
      once(child, 'exit').then(([code]) =>
        Promise.reject(new Error(`redis-server ended with ${code}`)),
      ),
    ]);
  }

  /** Ends the process at once, as a crash would. */
  async kill(): Promise<void> {
    const child = this.process;
    this.process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  /** Stops the process from running while its connections stay open. */
  pause(): void {
    this.process?.kill('SIGSTOP');
  }

  resume(): void {
    this.process?.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    await this.kill();
    await rm(this.directory, { recursive: true, force: true });
  }

  /** Everything that clients say to it while `work` lasts, scripts with their arguments and what they do. */
  async overhear(work: () => Promise<unknown>): Promise<string> {
    const socket = connect(this.port, '127.0.0.1');
    const end = `"end-of-${randomUUID()}"`;
    let heard = '';
    socket.setEncoding('utf8').on('data', (text: string) => (heard += text));
    try {
      await once(socket, 'connect');
      socket.write('MONITOR\r\n');
      await once(socket, 'data');
      await work();
      const said = this.command('ECHO', JSON.parse(end) as string);
      while (!heard.includes(end)) await once(socket, 'data');
      await said;
      return heard;
    } finally {
      socket.destroy();
    }
  }

  async flush(): Promise<void> {
    await this.command('FLUSHALL');
  }

  /** Sends one command on a connection of its own; the raw reply, as the protocol has it (RESP2). */
  async command(...words: readonly string[]): Promise<string> {
    const { password, tls } = this.options;
    const socket =
      tls === undefined
        ? connect(this.port, '127.0.0.1')
        : connectTls({ port: this.port, host: '127.0.0.1', ca: tls.ca });
    try {
      await once(socket, tls === undefined ? 'connect' : 'secureConnect');
      if (password !== undefined) await exchange(socket, ['AUTH', password]);
      return await exchange(socket, words);
    } finally {
      socket.destroy();
    }
  }

  /** How often the server has run a command since its statistics were reset. */
  async calls(command: string): Promise<number> {
    const stats = await this.command('INFO', 'commandstats');
    return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
  }

  private commandLine(): string[] {
    const { tls, sentinel } = this.options;
    const settings: Record<string, string> = {
      ...(tls === undefined ? { port: String(this.port) } : tlsSettings(this.port, tls)),
      bind: '127.0.0.1',
      dir: this.directory,
      ...(sentinel === undefined && { save: '' }),
      ...(this.options.password === undefined ? {} : { requirepass: this.options.password }),
      ...this.options.settings,
    };
    const words = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
    return sentinel === undefined ? words : [this.sentinelFile, '--sentinel', ...words];
  }

  private async answers(): Promise<void> {
    const deadline = Date.now() + READY_MS;
    while (Date.now() < deadline) {
      try {
        if ((await this.command('PING')).startsWith('+PONG')) return;
      } catch {
        // Nobody listens yet.
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`redis-server did not answer within ${READY_MS} ms`);
  }
}

/** Below the ports that outgoing connections take (32768 and up), one of which may hold a port for a minute after its end. */
const PORTS = { from: 12_000, below: 32_000 };

/** A port of 127.0.0.1 that nobody listens on, and that no outgoing connection will take meanwhile. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(PORTS.from, PORTS.below);
    if (await canListen(port)) return port;
  }
}

async function canListen(port: number): Promise<boolean> {
  const server = createServer();
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening');
  } catch {
    // Taken: another one will do.
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}

function tlsSettings(port: number, tls: Certificates): Record<string, string> {
  return {
    port: '0',
    'tls-port': String(port),
    'tls-cert-file': tls.certFile,
    'tls-key-file': tls.keyFile,
    'tls-ca-cert-file': tls.caFile,
    'tls-auth-clients': 'no',
    'tls-replication': 'yes',
  };
}

function notStarted(error: unknown): Error {
  const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
  const message = missing
    ? 'redis-server is not installed: these tests need a real one (apt-get install redis-server)'
    : 'redis-server could not be started';
  return new Error(message, { cause: error });
}

async function exchange(socket: Socket, words: readonly string[]): Promise<string> {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  socket.write(`*${words.length}\r\n${parts.join('')}`);
  let reply = '';
  while (!complete(reply)) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    reply += chunk.toString('latin1');
  }
  return reply;
}

/** Enough of RESP2 for status, integer, error and bulk replies; arrays count as complete with their first chunk. */
function complete(reply: string): boolean {
  const line = reply.indexOf('\r\n');
  if (line === -1) return false;
  if (!reply.startsWith('$')) return true;
  const length = Number(reply.slice(1, line));
  return length === -1 || reply.length >= line + 2 + length + 2;
}
