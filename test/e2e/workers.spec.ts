import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import type { Hop } from '../support/http-exchange.js';
import { configurationOf, InstanceProcess } from '../support/instance-process.js';
import { Stage } from '../support/stage.js';

const WORKERS = 2;
/** Connections are handed to workers in turn: with so many each gets some. */
const MANY = 20;

let stage: Stage;
let instance: InstanceProcess;
let cookie: string;
beforeAll(async () => {
  stage = await Stage.open({ redis: true });
  cookie = await stage.cookieOf(await stage.member());
});
afterAll(() => stage.close());

async function start(env: Record<string, string> = {}): Promise<void> {
  instance = await InstanceProcess.start(stage, { env: { WORKERS: String(WORKERS), ...env } });
  await instance.untilLogged('workers.listening');
}

/** Each over a connection of its own, as the stage sends them. */
const ask = (): Promise<Hop> => stage.send(instance.url('/session'), { headers: { cookie } });

const internalUrl = (path: string): string => {
  const [line] = instance.logged('server.listening');
  return `http://127.0.0.1:${String(line?.['internalPort'])}${path}`;
};

/** The processes that it started and that are there. */
function workerPids(): number[] {
  const task = `/proc/${instance.pid}/task/${instance.pid}/children`;
  return readFileSync(task, 'utf8').trim().split(' ').filter(Boolean).map(Number);
}

function isThere(pid: number): boolean {
  try {
    // One that ended and was not waited for by anybody is a zombie.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe('an instance of two processes', () => {
  beforeAll(() => start({ LOG_LEVEL: 'debug' }));
  afterAll(() => instance.end());

  it('answers by both of them, for the sessions of all', async () => {
    const by = (): Set<unknown> =>
      new Set(instance.logged('request.completed').map(({ worker }) => worker));
    for (let round = 0; by().size < 2 && round < MANY; round += 1) {
      const answers = await Promise.all(Array.from({ length: MANY }, ask));
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    }
    expect(by()).toEqual(new Set([1, 2]));
  });

  it('lets nobody in by one process who logged out by the other (ATK-60)', async () => {
    for (let round = 0; round < MANY; round += 1) {
      const person = await stage.member();
      const own = await stage.cookieOf(person);
      const headers = { cookie: own, 'x-csrf': '1', 'sec-fetch-site': 'same-origin' };
      const out = await stage.send(instance.url('/logout'), { method: 'POST', headers });
      expect(out.status).toBe(200);
      const reads = [1, 2, 3, 4].map(() => stage.send(instance.url('/session'), { headers }));
      for (const read of await Promise.all(reads)) expect(read.status).toBe(401);
    }
  });

  it('tells the metrics of both, whichever is asked', async () => {
    const counted = /^vestibule_http_requests_total\{.*route="session",status="200"\} (\d+)$/m;
    const before = Number(counted.exec((await stage.send(internalUrl('/metrics'))).body)?.[1]);
    for (let times = 0; times < MANY; times += 1) await ask();
    for (let times = 0; times < 4; times += 1) {
      const { body, status } = await stage.send(internalUrl('/metrics'));
      expect(status).toBe(200);
      expect(Number(counted.exec(body)?.[1])).toBe(before + MANY);
      expect(body).toMatch(/^vestibule_http_request_duration_seconds_count\{.*"session"\} \d+$/m);
      expect(body).toMatch(/^vestibule_store_up 1$/m);
      expect(body).toMatch(/^vestibule_build_info\{.*\} 1$/m);
    }
  });

  it('goes on while a process is gone, and replaces it', async () => {
    const [victim = 0] = workerPids();
    process.kill(victim, 'SIGKILL');
    await instance.untilLogged('worker.exited');
    expect((await ask()).status).toBe(200);
    expect(instance.logged('worker.exited')).toEqual([
      expect.objectContaining({ level: 'error', signal: 'SIGKILL' }),
    ]);
    await instance.untilLogged('server.listening', WORKERS + 1);
    expect(workerPids()).toHaveLength(WORKERS);
    expect((await ask()).status).toBe(200);
  });
});

describe('the end of an instance of two processes', () => {
  beforeEach(() => start({ SHUTDOWN_DELAY: '1s' }));
  afterEach(() => instance.end());

  it('ends in order when it is asked to: all processes, with code 0', async () => {
    const pids = workerPids();
    instance.signal('SIGTERM');
    expect(await instance.untilEnded()).toBe(0);
    expect(pids.filter(isThere)).toEqual([]);
    expect(instance.logged('server.stopped')).toHaveLength(WORKERS);
  });

  it('leaves no process behind when the one that started them is killed', async () => {
    const pids = workerPids();
    expect(pids).toHaveLength(WORKERS);
    instance.signal('SIGKILL');
    await until(() => !pids.some(isThere));
  });

  it('fails no request while it is asked to end, as long as clients heed "Connection: close"', async () => {
    const statuses: number[] = [];
    const going = new AbortController();
    const client = async (): Promise<void> => {
      // Until readiness has turned red, as a load balancer sends.
      while (!going.signal.aborted) statuses.push((await ask()).status);
    };
    const clients = Promise.all(Array.from({ length: 8 }, client));
    await until(() => statuses.length > MANY);
    instance.signal('SIGTERM');
    await until(async () => (await stage.send(internalUrl('/readyz'))).status === 503);
    going.abort();
    await clients;
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
    expect(await instance.untilEnded()).toBe(0);
  });
});

describe('several processes that cannot be started', () => {
  /** How the process ends, which is expected to fail. */
  const failing = (env: Record<string, string>): Promise<{ code?: number; stderr: string }> =>
    promisify(execFile)(process.execPath, ['dist/main.js', 'serve'], {
      cwd: new URL('../..', import.meta.url).pathname,
      env: { ...configurationOf(stage), WORKERS: '2', ...env },
    }).catch((error: unknown) => error as { code: number; stderr: string });

  it('say why, once, and end', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const failed = await failing({ PORT: String(port) });
    taken.close();
    expect(failed).toMatchObject({ code: 1 });
    expect(failed.stderr.match(/EADDRINUSE/g)).toHaveLength(1);
  });

  it('are refused without Redis', async () => {
    const failed = await failing({ REDIS_URL: '' });
    expect(failed).toMatchObject({ code: 78 });
    expect(failed.stderr).toContain('WORKERS');
  });
});
