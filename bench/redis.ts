import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { OTHER_CORE } from './machine.ts';
import { freePort } from './product.ts';

/** A real redis-server of this run. */
export class BenchRedis {
  readonly url: string;
  private readonly process: ChildProcess;
  private readonly directory: string;
  private readonly redis: Redis;

  private constructor(process: ChildProcess, directory: string, url: string, redis: Redis) {
    this.process = process;
    this.directory = directory;
    this.url = url;
    this.redis = redis;
  }

  static async start(): Promise<BenchRedis> {
    const port = await freePort();
    const directory = mkdtempSync(join(tmpdir(), 'vestibule-bench-'));
    const settings = ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory];
    const child = spawn(
      'taskset',
      ['-c', OTHER_CORE, 'redis-server', ...settings, '--save', '', '--appendonly', 'yes'],
      { stdio: 'ignore' },
    );
    const url = `redis://127.0.0.1:${port}`;
    const redis = new Redis(url, { replyMapping: 'legacy', retryStrategy: () => 50 });
    redis.on('error', () => undefined);
    while (redis.status !== 'ready') await delay(20);
    return new BenchRedis(child, directory, url, redis);
  }

  /** Commands that were carried out so far, but for those of `INFO` itself. */
  async commands(): Promise<number> {
    const info = await this.redis.info('stats');
    return Number(/total_commands_processed:(\d+)/.exec(info)?.[1]);
  }

  /** Bytes that the keys of a pattern take, as Redis counts them, and how many keys there are. */
  async bytesOf(pattern: string): Promise<{ readonly bytes: number; readonly keys: number }> {
    const keys = await this.redis.keys(pattern);
    const sizes = await Promise.all(keys.map((key) => this.redis.memory('USAGE', key)));
    return { bytes: sizes.reduce<number>((sum, size) => sum + Number(size), 0), keys: keys.length };
  }

  /** What it holds in memory: the keys, its tables of them, its buffers. */
  async usedBytes(): Promise<number> {
    const info = await this.redis.info('memory');
    return Number(/used_memory:(\d+)/.exec(info)?.[1]);
  }

  keyCount(): Promise<number> {
    return this.redis.dbsize();
  }

  async lengthOf(pattern: string): Promise<number> {
    const [key = ''] = await this.redis.keys(pattern);
    return this.redis.strlen(key);
  }

  async stop(): Promise<void> {
    await this.redis.quit();
    const gone = once(this.process, 'exit');
    this.process.kill();
    await gone;
    rmSync(this.directory, { recursive: true, force: true });
  }
}
