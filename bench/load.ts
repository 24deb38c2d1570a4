import { spawn } from 'node:child_process';
import { once } from 'node:events';
import autocannon from 'autocannon';

export interface Load {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A form: then it is a POST. */
  readonly form?: string;
  readonly seconds: number;
}

export interface Measured {
  readonly requests: number;
  /** Requests per second. */
  readonly rate: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers by another status than the first one; broken connections. */
  readonly errors: number;
}

const CONNECTIONS = 32;

/** Loads an address over 32 connections, with wrk, or with autocannon where wrk is not installed. */
export type Generator = (load: Load) => Promise<Measured>;

/** One thread of wrk on the given core. */
export function wrk(core: string): Generator {
  return async ({ url, headers = {}, form, seconds }) => {
    const lines = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
    const script = form === undefined ? [] : ['-s', `${import.meta.dirname}/post.lua`];
    const run = ['-c', core, 'wrk', '-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '--latency'];
    const child = spawn('taskset', [...run, ...script, ...lines, url], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, FORM: form ?? '' },
    });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new Error(`wrk ended with ${code}`);
    return {
      requests: Number(/(\d+) requests in/.exec(text)?.[1]),
      rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1]),
      p50Ms: percentile(text, '50%'),
      p99Ms: percentile(text, '99%'),
      errors: Number(/Socket errors: connect (\d+)/.exec(text)?.[1] ?? 0),
    };
  };
}

const UNITS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1_000 };

function percentile(text: string, name: string): number {
  const [, value, unit = ''] = new RegExp(`\\s${name}\\s+([\\d.]+)(us|ms|s)`).exec(text) ?? [];
  return Number(value) * (UNITS[unit] ?? Number.NaN);
}

/** In this process: it costs more than wrk, so that fast servers are measured lower than they are. */
export const autocannonHere: Generator = async ({ url, headers = {}, form, seconds }) => {
  const result = await autocannon({
    url,
    connections: CONNECTIONS,
    duration: seconds,
    headers: {
      ...headers,
      ...(form !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
    },
    method: form === undefined ? 'GET' : 'POST',
    ...(form !== undefined && { body: form }),
  });
  return {
    requests: result.requests.total,
    rate: result.requests.total / result.duration,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
    errors: result.errors,
  };
};
