import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { untilListening } from './listening.js';

export type GatewayKind = 'nginx' | 'Caddy';

/** Whom the recipes know by their ports. */
export interface GatewayPorts {
  readonly gateway: number;
  readonly publicListener: number;
  readonly internalListener: number;
  readonly application: number;
}

const RECIPES = new URL('../../recipes/', import.meta.url);

/** A real nginx or Caddy that runs a recipe of this repository, with other ports. */
export class GatewayProcess {
  private constructor(
    private readonly child: ChildProcess,
    private readonly directory: string,
    private readonly said: string[],
  ) {}

  static async start(kind: GatewayKind, ports: GatewayPorts): Promise<GatewayProcess> {
    const directory = mkdtempSync(join(tmpdir(), 'vestibule-gateway-'));
    const [command, ...args] =
      kind === 'nginx' ? nginxCommand(directory, ports) : caddyCommand(directory, ports);
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: `${process.env['PATH']}:/usr/sbin`, HOME: directory, XDG_DATA_HOME: directory },
    });
    const said: string[] = [];
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => said.push(chunk.toString()));
    const gateway = new GatewayProcess(child, directory, said);
    await gateway.listening(ports.gateway);
    return gateway;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const gone = once(this.child, 'exit');
      this.child.kill('SIGTERM');
      await gone;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Neither of them tells in a way of its own when it is ready. */
  private async listening(port: number): Promise<void> {
    if (await untilListening(port, () => this.child.exitCode === null)) return;
    await this.stop();
    throw new Error(`the gateway does not start: ${this.said.join('')}`);
  }
}

/** The recipe as it is, with the ports of this test. */
function recipe(path: string, ports: GatewayPorts): string {
  const replaced = {
    ':8000': ports.gateway,
    ':3000': ports.publicListener,
    ':3001': ports.internalListener,
    ':8080': ports.application,
  };
  return Object.entries(replaced).reduce(
    (text, [from, to]) => text.replaceAll(from, `:${to}`),
    readFileSync(new URL(path, RECIPES), 'utf8'),
  );
}

function nginxCommand(directory: string, ports: GatewayPorts): [string, ...string[]] {
  const site = recipe('nginx/site.conf', ports).replaceAll('/etc/nginx/vestibule', directory);
  writeFileSync(join(directory, 'headers.conf'), recipe('nginx/headers.conf', ports));
  writeFileSync(join(directory, 'site.conf'), site);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => {
    mkdirSync(join(directory, name));
    return `${name}_temp_path ${directory}/${name};`;
  });
  writeFileSync(
    join(directory, 'nginx.conf'),
    `daemon off; ${process.getuid?.() === 0 ? 'user root;' : ''} worker_processes 1; pid ${directory}/nginx.pid;
error_log stderr warn;
events {}
http {
  access_log off;
  ${temporary.join('\n  ')}
  include ${directory}/site.conf;
}
`,
  );
  return ['nginx', '-p', directory, '-e', 'stderr', '-c', join(directory, 'nginx.conf')];
}

function caddyCommand(directory: string, ports: GatewayPorts): [string, ...string[]] {
  const file = join(directory, 'Caddyfile');
  writeFileSync(file, `{\n\tadmin off\n\tauto_https off\n}\n${recipe('caddy/Caddyfile', ports)}`);
  return ['caddy', 'run', '--adapter', 'caddyfile', '--config', file];
}
