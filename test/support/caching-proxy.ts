import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { untilListening } from './listening.js';

const TEMPORARY = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];

/**
 * A real nginx in front of everything that keeps each answer for ten minutes, for whoever asks for the same address,
 * unless the answer forbids it. What it did stands in `x-cache`: MISS, HIT, EXPIRED.
 */
export class CachingProxy {
  private constructor(
    private readonly child: ChildProcess,
    private readonly directory: string,
  ) {}

  static async start(port: number, upstreamPort: number): Promise<CachingProxy> {
    const directory = mkdtempSync(join(tmpdir(), 'vestibule-cache-'));
    for (const name of [...TEMPORARY, 'kept']) mkdirSync(join(directory, name));
    writeFileSync(join(directory, 'nginx.conf'), configuration(directory, port, upstreamPort));
    const args = ['-p', directory, '-e', 'stderr', '-c', join(directory, 'nginx.conf')];
    const env = { PATH: `${process.env['PATH']}:/usr/sbin` };
    const child = spawn('nginx', args, { env, stdio: 'ignore' });
    const proxy = new CachingProxy(child, directory);
    if (await untilListening(port, () => child.exitCode === null)) return proxy;
    await proxy.stop();
    throw new Error('nginx does not start');
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const gone = once(this.child, 'exit');
      this.child.kill('SIGTERM');
      await gone;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function configuration(directory: string, port: number, upstreamPort: number): string {
  const temporary = TEMPORARY.map((name) => `${name}_temp_path ${directory}/${name};`).join('\n  ');
  return `daemon off; ${process.getuid?.() === 0 ? 'user root;' : ''} worker_processes 1; pid ${directory}/nginx.pid;
error_log stderr crit;
events {}
http {
  access_log off;
  ${temporary}
  proxy_cache_path ${directory}/kept keys_zone=kept:1m;
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://127.0.0.1:${upstreamPort};
      proxy_set_header Host $http_host;
      proxy_cache kept;
      proxy_cache_key $request_uri;
      proxy_cache_valid any 10m;
      add_header X-Cache $upstream_cache_status always;
    }
  }
}
`;
}
