import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { end, freePort, startProgram, until } from './processes.ts';

const directories = new Set<string>();
process.once('exit', () => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'vestibule-chaos-'));
  directories.add(directory);
  return directory;
}

/** A real redis-server (or Sentinel) on 127.0.0.1, with an append-only file as the README asks for. */
export class RedisServer {
  readonly port: number;
  private readonly args: readonly string[];
  private readonly directory: string;
  private process: ChildProcess | undefined;

  private constructor(port: number, directory: string, args: readonly string[]) {
    this.port = port;
    this.directory = directory;
    this.args = args;
  }

  static async start(settings: Readonly<Record<string, string>> = {}): Promise<RedisServer> {
    const [port, directory] = [await freePort(), newDirectory()];
    const all = { appendonly: 'yes', save: '', 'maxmemory-policy': 'noeviction', ...settings };
    const args = Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]);
    return RedisServer.run(port, directory, args);
  }

  static async startSentinel(lines: readonly string[]): Promise<RedisServer> {
    const [port, directory] = [await freePort(), newDirectory()];
    const file = join(directory, 'sentinel.conf');
    writeFileSync(file, `${lines.join('\n')}\n`);
    return RedisServer.run(port, directory, [file, '--sentinel']);
  }

  private static async run(
    port: number,
    directory: string,
    args: readonly string[],
  ): Promise<RedisServer> {
    const place = ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory];
    const server = new RedisServer(port, directory, [...args, ...place]);
    await server.start();
    return server;
  }

  /** Starts it (again) over the same files. */
  async start(): Promise<void> {
    this.process = startProgram('redis-server', this.args);
    await until('redis-server', async () => (await this.command('PING')).startsWith('+PONG'));
  }

  async kill(): Promise<void> {
    const gone = this.process && once(this.process, 'exit');
    this.process?.kill('SIGKILL');
    await gone;
  }

  pause(): void {
    this.process?.kill('SIGSTOP');
  }

  resume(): void {
    this.process?.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    if (this.process !== undefined) await end(this.process, 'SIGKILL');
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** One command on a connection of its own; the raw reply, as far as its first packets go. */
  async command(...words: readonly string[]): Promise<string> {
    const socket = connect(this.port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
      socket.write(`*${words.length}\r\n${parts.join('')}`);
      const [first] = (await once(socket, 'data')) as [Buffer];
      return first.toString('latin1');
    } finally {
      socket.destroy();
    }
  }
}

const NAME = 'sessions';

/** One primary, two replicas and three Sentinels. */
export class SentinelSet {
  readonly servers: readonly RedisServer[];
  readonly sentinels: readonly RedisServer[];

  private constructor(servers: readonly RedisServer[], sentinels: readonly RedisServer[]) {
    this.servers = servers;
    this.sentinels = sentinels;
  }

  static async start(): Promise<SentinelSet> {
    const servers: RedisServer[] = [];
    const sentinels: RedisServer[] = [];
    const set = new SentinelSet(servers, sentinels);
    try {
      const primary = await RedisServer.start();
      servers.push(primary);
      const follow = { replicaof: `127.0.0.1 ${primary.port}` };
      for (let at = 0; at < 2; at += 1) servers.push(await RedisServer.start(follow));
      const lines = [
        `sentinel monitor ${NAME} 127.0.0.1 ${primary.port} 2`,
        `sentinel down-after-milliseconds ${NAME} 1000`,
        `sentinel failover-timeout ${NAME} 5000`,
      ];
      for (let at = 0; at < 3; at += 1) sentinels.push(await RedisServer.startSentinel(lines));
      await until('the Sentinels', () => set.agrees());
    } catch (error) {
      await set.stop();
      throw error;
    }
    return set;
  }

  get environment(): Readonly<Record<string, string>> {
    return {
      REDIS_SENTINELS: this.sentinels.map(({ port }) => `127.0.0.1:${port}`).join(','),
      REDIS_SENTINEL_NAME: NAME,
    };
  }

  get primary(): RedisServer {
    const [primary] = this.servers;
    if (primary === undefined) throw new Error('there is no primary');
    return primary;
  }

  async stop(): Promise<void> {
    for (const server of [...this.sentinels, ...this.servers]) await server.stop();
  }

  private async agrees(): Promise<boolean> {
    const info = await Promise.all(this.sentinels.map((one) => one.command('INFO', 'sentinel')));
    return info.every((text) => /status=ok,.*slaves=2,sentinels=3/u.test(text));
  }
}
