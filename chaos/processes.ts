import { spawn, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export const ROOT = join(import.meta.dirname, '..');
const LEASH = new URL('../demo/leash.ts', import.meta.url).href;
const END_MS = 5_000;
const READY_MS = 20_000;

const children = new Set<ChildProcess>();
// However this process ends, nothing that it started stays behind.
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/** Where no operating system in its default settings takes the port of an outgoing connection from. */
const PORTS = { from: 12_000, below: 32_000 };
const taken = new Set<number>();

/** A port of 127.0.0.1 that nobody listens on, and that no outgoing connection takes while its server is restarted. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(PORTS.from, PORTS.below);
    if (taken.has(port) || !(await canListen(port))) continue;
    taken.add(port);
    return port;
  }
}

async function canListen(port: number): Promise<boolean> {
  const server = createServer();
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}

function own(child: ChildProcess): ChildProcess {
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

/** A program that is not ours, such as redis-server. In a group of its own: Ctrl-C is for us alone. */
export function startProgram(program: string, args: readonly string[]): ChildProcess {
  return own(spawn(program, args, { stdio: 'ignore', detached: true }));
}

/** One of our processes, on a leash: it dies with this one, however this one dies. `preloads` are module URLs. */
export function startNode(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  preloads: readonly string[] = [],
): ChildProcess {
  const imports = [LEASH, ...preloads].flatMap((url) => ['--import', url]);
  return own(
    spawn(process.execPath, [...imports, ...args], {
      cwd: ROOT,
      env: { PATH: process.env['PATH'] ?? '', ...env },
      detached: true,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    }),
  );
}

/** Asks a process to end, and kills it after five seconds. */
export async function end(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  await Promise.race([gone, delay(END_MS, undefined, { ref: false })]);
  child.kill('SIGKILL');
}

/** Asks again until it is so. */
export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + READY_MS;
  while (performance.now() < deadline) {
    if (await holds().catch(() => false)) return;
    await delay(20);
  }
  throw new Error(`${what}: not within ${READY_MS / 1000} s`);
}
