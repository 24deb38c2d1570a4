import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { ask } from './http.ts';
import { startNode, until } from './processes.ts';

const CLOCK = new URL('clock.ts', import.meta.url).href;
/** The built product, or another build of it. */
const PRODUCT = process.env['CHAOS_PRODUCT'] ?? 'dist/main.js';

/** One instance of the built product. */
export class Replica {
  readonly port: number;
  readonly internalPort: number;
  private readonly env: Readonly<Record<string, string>>;
  private process: ChildProcess | undefined;

  constructor(
    { port, internalPort }: { readonly port: number; readonly internalPort: number },
    env: Readonly<Record<string, string>>,
  ) {
    this.port = port;
    this.internalPort = internalPort;
    this.env = { ...env, PORT: String(port), INTERNAL_PORT: String(internalPort) };
  }

  get pid(): number {
    return this.process?.pid ?? 0;
  }

  /** Starts it (again); resolves when it is ready. */
  async start(): Promise<void> {
    this.process = startNode([PRODUCT, 'serve'], this.env, [CLOCK]);
    await until('Vestibule', () => this.isReady());
  }

  async isReady(): Promise<boolean> {
    return (await ask(this.internalPort, '/readyz', { limitMs: 1_500 })).status === 200;
  }

  /** Stops it from running, as a paused container or a virtual machine that moves; its connections stay open. */
  pause(): void {
    this.process?.kill('SIGSTOP');
  }

  resume(): void {
    this.process?.kill('SIGCONT');
  }

  /** Ends it; resolves when it is gone, with its exit code (null after SIGKILL). */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    if (this.process === undefined) return null;
    const gone = once(this.process, 'exit') as Promise<[number | null]>;
    this.process.kill(signal);
    const [code] = await gone;
    return code;
  }

  /** Steps its clock; 0 is the true time. */
  async step(aheadMs: number): Promise<void> {
    if (this.process === undefined) throw new Error('there is no replica');
    const done = once(this.process, 'message');
    this.process.send({ aheadMs });
    await done;
  }

  close(): void {
    this.process?.kill('SIGKILL');
  }
}
