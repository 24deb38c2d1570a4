import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { OTHER_CORE, SERVER_CORE } from './machine.ts';
import { freePort } from './product.ts';

/** A server of this benchmark as a process of its own, pinned to one core. */
export interface BenchServer {
  readonly url: string;
  readonly pid: number;
  stop(): void;
}

/** Starts `servers/<file>` on the core under test, or on the other one where it only helps. */
export async function startServer(
  file: string,
  env: Readonly<Record<string, string>>,
  core: typeof SERVER_CORE | typeof OTHER_CORE = SERVER_CORE,
): Promise<BenchServer> {
  const port = await freePort();
  const child = spawn(
    'taskset',
    ['-c', core, process.execPath, join(import.meta.dirname, 'servers', file)],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        PATH: process.env['PATH'] ?? '',
        NODE_ENV: 'production',
        PORT: String(port),
        ...env,
      },
    },
  );
  const url = `http://127.0.0.1:${port}`;
  await answers(url, child);
  return { url, pid: child.pid ?? 0, stop: () => void child.kill() };
}

async function answers(url: string, child: ChildProcess): Promise<void> {
  while (child.exitCode === null) {
    try {
      await (await fetch(url)).arrayBuffer();
      return;
    } catch {
      await delay(20);
    }
  }
  throw new Error(`a server of the benchmark ended with ${child.exitCode}`);
}
