import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { startVestibule, type Vestibule } from '../../src/app/vestibule.js';
import { AuditStream } from '../../src/audit/audit-stream.js';
import type { VestibuleConfig } from '../../src/config/config.types.js';
import { loadConfig } from '../../src/config/load-config.js';
import type { Env } from '../../src/config/source/environment.js';
import { systemClock, type Clock } from '../../src/domain/clock.js';
import { JsonEventLog } from '../../src/logging/json-event-log.js';
import { freePort } from './redis-host.js';

export interface BffOptions {
  readonly env: Env;
  /** The content of a vestibule.yaml. */
  readonly file?: string;
  readonly clock?: Clock;
  readonly https?: boolean;
  readonly port?: number;
}

export type LogLine = Readonly<Record<string, unknown>>;

export const SPA_DIR = new URL('../fixtures/spa', import.meta.url).pathname;

/** A key ring as `vestibule keys generate` prints it. */
export function newSessionKeys(): string {
  return `k1:${randomBytes(32).toString('base64url')}`;
}

/** The product, started as its command starts it: configuration from an environment, log lines from pino. */
export class BffHost {
  readonly lines: string[] = [];
  /** The audit stream, a line each. */
  readonly audit: string[] = [];
  private readonly events = new EventEmitter();
  private running: Vestibule | undefined;

  private constructor(
    readonly config: VestibuleConfig,
    readonly port: number,
    private readonly clock: Clock | undefined,
  ) {
    this.events.setMaxListeners(0);
  }

  static async start({ env, file, clock, https = false, port }: BffOptions): Promise<BffHost> {
    const taken = port ?? (await freePort());
    const config = read(
      {
        PUBLIC_URL: `${https ? 'https' : 'http'}://localhost:${taken}`,
        PORT: String(taken),
        INTERNAL_PORT: '0',
        LOG_LEVEL: 'debug',
        SHUTDOWN_DELAY: '0s',
        ...env,
      },
      file,
    );
    const host = new BffHost(config, taken, clock);
    await host.run();
    return host;
  }

  /** Starts it (again) with the same configuration, as a restart does. */
  async run(): Promise<void> {
    const log = new JsonEventLog(this.config.log, { write: (line: string) => this.onLine(line) });
    const audit = new AuditStream((lines) => this.onAudit(lines), this.clock ?? systemClock, log);
    this.running = await startVestibule(this.config, {
      log,
      // One that the configuration wants in a file is the product's own.
      ...(this.config.log.audit.kind !== 'file' && { audit }),
      ...(this.clock !== undefined && { clock: this.clock }),
    });
  }

  get origin(): string {
    return this.config.server.origin;
  }

  get internalOrigin(): string {
    return `http://127.0.0.1:${this.vestibule.internalPort}`;
  }

  get vestibule(): Vestibule {
    if (this.running === undefined) throw new Error('not running');
    return this.running;
  }

  get cookieName(): string {
    return this.config.cookie.name;
  }

  get loginCookieName(): string {
    return this.config.cookie.loginName;
  }

  url(path: string): string {
    return `${this.origin}${this.config.server.basePath}${path}`;
  }

  /** The log lines of one event. */
  logged(event: string): LogLine[] {
    return this.lines
      .map((line) => JSON.parse(line) as LogLine)
      .filter((line) => line['event'] === event);
  }

  /** The lines of the audit stream since this many of them. */
  audited(since = 0): LogLine[] {
    return this.audit.slice(since).map((line) => JSON.parse(line) as LogLine);
  }

  /** Resolves with the next log line of an event. */
  async nextLog(event: string): Promise<LogLine> {
    const [line] = (await once(this.events, event)) as [LogLine];
    return line;
  }

  /** The same, but content with one that came already. */
  async untilLogged(event: string): Promise<void> {
    if (this.logged(event).length === 0) await this.nextLog(event);
  }

  /** Resolves when it is connected to its store, however often it came and went before. */
  async untilConnected(): Promise<void> {
    while (this.lastOfStore() !== 'store.connected') await once(this.events, 'store.connected');
  }

  private lastOfStore(): unknown {
    return this.lines
      .map((line) => (JSON.parse(line) as LogLine)['event'])
      .findLast((event) => event === 'store.connected' || event === 'store.disconnected');
  }

  async stop(): Promise<void> {
    await this.running?.stop();
  }

  private onAudit(lines: string): void {
    this.audit.push(...lines.trimEnd().split('\n'));
  }

  private onLine(line: string): void {
    this.lines.push(line);
    const parsed = JSON.parse(line) as LogLine;
    this.events.emit(String(parsed['event']), parsed);
  }
}

function read(env: Env, file: string | undefined): VestibuleConfig {
  const given = file === undefined ? env : { ...env, CONFIG_FILE: 'vestibule.yaml' };
  const readFile = (path: string | URL): string =>
    path === 'vestibule.yaml' ? (file ?? '') : readFileSync(path, 'utf8');
  const loaded = loadConfig(given, readFile, (path) => statSync(path).isDirectory());
  if (loaded.kind === 'ok') return loaded.config;
  throw new Error(`the configuration of this test is wrong: ${JSON.stringify(loaded.problems)}`);
}
