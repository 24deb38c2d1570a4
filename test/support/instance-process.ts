import { spawn, type ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile, watch } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { LogLine } from './bff-host.js';
import { freePort } from './redis-host.js';
import type { Stage } from './stage.js';

const ROOT = new URL('../..', import.meta.url).pathname;

/**
 * The built product in a process of its own, as an instance of a stage's product: the same configuration, the same
 * store. It can be killed as nothing inside this process can.
 */
export class InstanceProcess {
  /** What it has logged; whoever has looked may empty it. */
  readonly lines: LogLine[] = [];
  private readonly events = new EventEmitter();
  private said = '';

  private constructor(
    private readonly child: ChildProcess,
    private readonly port: number,
    private readonly directory: string,
    private readonly onLine: (text: string) => void,
  ) {}

  /** `file` is a vestibule.yaml. Resolves when it listens. */
  static async start(
    stage: Stage,
    {
      env = {},
      file = '',
      heapReadable = false,
    }: {
      readonly env?: Record<string, string>;
      readonly file?: string;
      readonly heapReadable?: boolean;
    } = {},
  ): Promise<InstanceProcess> {
    const port = await freePort();
    const directory = mkdtempSync(join(tmpdir(), 'vestibule-process-'));
    const configFile = join(directory, 'vestibule.yaml');
    writeFileSync(configFile, file);
    const environment = {
      ...configurationOf(stage),
      PORT: String(port),
      CONFIG_FILE: configFile,
      ...env,
    };
    const flags = heapReadable
      ? ['--heapsnapshot-signal=SIGUSR2', `--diagnostic-dir=${directory}`]
      : [];
    const child = spawn(process.execPath, [...flags, 'dist/main.js', 'serve'], {
      cwd: ROOT,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const note = (text: string): void => stage.note({ where: 'log line of a process', text });
    const instance = new InstanceProcess(child, port, directory, note);
    await instance.listening();
    return instance;
  }

  url(path: string): string {
    return `http://localhost:${this.port}${path}`;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Resolves when it has logged this event so many times; rejects when it ends before. */
  async untilLogged(event: string, times = 1): Promise<void> {
    const ended = once(this.child, 'exit').then(() => Promise.reject(new Error('it ended')));
    ended.catch(() => undefined);
    while (this.logged(event).length < times) await Promise.race([once(this.events, event), ended]);
  }

  /** Resolves with its exit code. */
  async untilEnded(): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null)
      await once(this.child, 'exit');
    return this.child.exitCode;
  }

  signal(signal: 'SIGKILL' | 'SIGTERM'): void {
    this.child.kill(signal);
  }

  logged(event: string): LogLine[] {
    return this.lines.filter((line) => line['event'] === event);
  }

  /**
   * Every string that its heap holds after a garbage collection; it must have been started
   * `heapReadable`. `ask`: a request to it, which is answered after the snapshot.
   */
  async heapStrings(ask: () => Promise<unknown>): Promise<readonly string[]> {
    const stop = new AbortController();
    const events = watch(this.directory, { signal: stop.signal });
    this.child.kill('SIGUSR2');
    for await (const { filename } of events) {
      if (filename?.endsWith('.heapsnapshot') !== true) continue;
      // It is written without a pause: what answers has written it.
      await ask();
      const text = await readFile(join(this.directory, filename), 'utf8');
      stop.abort();
      rmSync(join(this.directory, filename));
      return (JSON.parse(text) as { readonly strings: readonly string[] }).strings;
    }
    throw new Error('no snapshot was written');
  }

  /** What it wrote beside its log. */
  get errorOutput(): string {
    return this.said;
  }

  /** Resolves with the next log line of an event. */
  async nextLog(event: string): Promise<LogLine> {
    const [line] = (await once(this.events, event)) as [LogLine];
    return line;
  }

  /** Sends a signal on which it ends by itself; its exit code, when all that it said has been read. */
  async endsOn(signal: NodeJS.Signals): Promise<number | null> {
    const gone = once(this.child, 'close');
    this.child.kill(signal);
    const [code] = (await gone) as [number | null];
    return code;
  }

  /** Ends it as a crash does, or asks it to end. */
  async end(signal: 'SIGKILL' | 'SIGTERM' = 'SIGTERM'): Promise<void> {
    rmSync(this.directory, { recursive: true, force: true });
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.kill(signal);
    await gone;
  }

  private async listening(): Promise<void> {
    const { stdout, stderr } = this.child;
    if (stdout === null || stderr === null) throw new Error('no output');
    stderr.on('data', (chunk: Buffer) => {
      this.said += chunk.toString();
      this.onLine(this.said);
    });
    createInterface({ input: stdout }).on('line', (text) => {
      this.onLine(text);
      const line = JSON.parse(text) as LogLine;
      this.lines.push(line);
      this.events.emit(String(line['event']), line);
    });
    const ended = once(this.child, 'exit').then(() => Promise.reject(new Error('it ended')));
    await Promise.race([once(this.events, 'server.listening'), ended]);
  }
}

/** The environment of an instance of the stage's product. */
export function configurationOf({
  bff,
  op,
  api,
  redis,
  clientSecret,
}: Stage): Record<string, string> {
  const { session, providers, server } = bff.config;
  const [provider] = providers;
  if (provider === undefined) throw new Error('the stage has no provider');
  return {
    PATH: process.env['PATH'] ?? '',
    PUBLIC_URL: server.origin,
    INTERNAL_PORT: '0',
    SHUTDOWN_DELAY: '0s',
    LOG_LEVEL: 'info',
    SESSION_KEYS: session.keys
      .map(({ kid, secret }) => `${kid}:${secret.toString('base64url')}`)
      .join(','),
    OIDC_ISSUER: op.issuer,
    OIDC_CLIENT_ID: provider.clientId,
    OIDC_CLIENT_SECRET: clientSecret,
    OIDC_SCOPE: provider.scope,
    OIDC_USERINFO: String(provider.userinfo),
    API_UPSTREAM: api.url,
    REDIS_URL: redis.url,
  };
}
