import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface Load {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly seconds: number;
}

export interface Measured {
  /** Requests per second. */
  readonly rate: number;
  /** Answers other than 2xx and 3xx. */
  readonly errors: number;
}

/** Loads an address with wrk (one thread, 32 connections) on the first core. */
export async function load({ url, headers = {}, seconds }: Load): Promise<Measured> {
  const lines = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const child = spawn(
    'taskset',
    ['-c', '0', 'wrk', '-t1', '-c32', `-d${seconds}s`, ...lines, url],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error('wrk failed; install it with: apt-get install wrk');
  return {
    rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1]),
    errors: Number(/Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? 0),
  };
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
