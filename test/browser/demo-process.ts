import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { freePort } from '../support/redis-host.js';

const ROOT = new URL('../..', import.meta.url).pathname;
const PORT_NAMES = ['PORT', 'INTERNAL_PORT', 'OP_PORT', 'API_PORT'] as const;
const ANNOUNCED = /is open:\s+(http:\S+)/u;

/** The demo as a person starts it: `npm run demo` in a process of its own, on free ports. */
export class DemoProcess {
  readonly lines: string[] = [];
  /** The URL that the demo prints for a person to open; rejects when it ends instead. */
  readonly announcement: Promise<string>;
  private announce: (url: string) => void = () => undefined;

  private constructor(
    private readonly child: ChildProcess,
    readonly ports: readonly number[],
  ) {
    const announced = new Promise<string>((resolve) => {
      this.announce = resolve;
    });
    const ended = once(child, 'close').then(() => {
      throw new Error(`the demo ended by itself:\n${this.lines.join('\n')}`);
    });
    this.announcement = Promise.race([announced, ended]);
    for (const stream of [child.stdout, child.stderr]) {
      if (stream !== null)
        createInterface({ input: stream }).on('line', (line) => this.onLine(line));
    }
  }

  /** Resolves once it is spawned; `announcement` tells when the demo is ready. */
  static async start(): Promise<DemoProcess> {
    const ports = await Promise.all(PORT_NAMES.map(() => freePort()));
    const chosen = Object.fromEntries(PORT_NAMES.map((name, at) => [name, String(ports[at])]));
    const { NODE_OPTIONS: _ofTheTests, ...inherited } = process.env;
    const child = spawn('npm', ['run', 'demo'], {
      cwd: ROOT,
      env: { ...inherited, ...chosen },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own, so that a demo that does not end can be ended with everything in it.
      detached: true,
    });
    return new DemoProcess(child, ports);
  }

  /** Every process that descends from the demo, itself included. */
  processes(): number[] {
    const parents = new Map(
      readdirSync('/proc')
        .filter((name) => /^\d+$/u.test(name))
        .map((name) => [Number(name), parentOf(name)]),
    );
    const family = [this.child.pid ?? 0];
    for (const pid of family) {
      for (const [child, parent] of parents) if (parent === pid) family.push(child);
    }
    return family;
  }

  /** Asks it to end, as a process manager does, and resolves when npm, whom it asked, has ended. */
  async end(): Promise<void> {
    const gone = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await gone;
  }

  /** Kills npm and the demo at once: neither can say good-bye to what the demo started. */
  kill(): void {
    try {
      process.kill(-(this.child.pid ?? Number.NaN), 'SIGKILL');
    } catch {
      // The group is gone already: what a test that passed leaves.
    }
  }

  private onLine(line: string): void {
    this.lines.push(line);
    const url = ANNOUNCED.exec(line)?.[1];
    if (url !== undefined) this.announce(url);
  }
}

/** True while the process runs; one that ended and waits to be collected does not. */
export function isRunning(pid: number): boolean {
  const state = statOf(String(pid))?.[0];
  return state !== undefined && state !== 'Z';
}

/** True when something accepts connections there. */
export async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  return once(socket, 'connect')
    .then(
      () => true,
      () => false,
    )
    .finally(() => socket.destroy());
}

function parentOf(pid: string): number {
  return Number(statOf(pid)?.[1] ?? 0);
}

/** State, parent and what follows in /proc/{pid}/stat; the name before them may hold anything, even brackets. */
function statOf(pid: string): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}
