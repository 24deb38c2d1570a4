import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
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

/** A free port of 127.0.0.1. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
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

/** One of our processes, on a leash: it dies with this one, however this one dies. */
export function startNode(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): ChildProcess {
  return own(
    spawn(process.execPath, ['--import', LEASH, ...args], {
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
