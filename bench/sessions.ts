/**
 * `npm run bench:sessions`: what live sessions cost, over Redis and in memory. `-- --sessions=100000` is the default.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeMachine } from './machine.ts';
import { freePort } from './product.ts';
import { BenchRedis } from './redis.ts';
import { renderTable } from './report.ts';

const { values } = parseArgs({ options: { sessions: { type: 'string', default: '100000' } } });
const sessions = Number(values.sessions);
const MIB = 2 ** 20;
/** The memory of one process keeps no more: it is there for development. */
const MOST_IN_MEMORY = 10_000;
const inMemory = Math.min(sessions, MOST_IN_MEMORY);

interface Told {
  readonly before: number;
  readonly after: number;
  readonly seconds: number;
  /** The share of a sample that was read back. */
  readonly live: number;
}

async function run(count: number, environment: Readonly<Record<string, string>>): Promise<Told> {
  const [port, internal] = [await freePort(), await freePort()];
  const child = fork(join(import.meta.dirname, 'servers/many-sessions.ts'), {
    execArgv: ['--expose-gc'],
    env: {
      PATH: process.env['PATH'] ?? '',
      NODE_ENV: 'production',
      LOG_LEVEL: 'error',
      SESSIONS: String(count),
      PUBLIC_URL: `http://localhost:${port}`,
      PORT: String(port),
      INTERNAL_PORT: String(internal),
      OIDC_ISSUER: 'http://127.0.0.1:9',
      OIDC_CLIENT_ID: 'bench',
      OIDC_CLIENT_SECRET: randomBytes(32).toString('base64url'),
      SESSION_KEYS: `bench:${randomBytes(32).toString('base64url')}`,
      ...environment,
    },
  });
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the product ended with ${String(code)}`);
  });
  const [told] = (await Promise.race([once(child, 'message'), ended])) as [Told];
  ended.catch(() => undefined);
  const gone = once(child, 'exit');
  child.send('end');
  await gone;
  return told;
}

function rowOf(name: string, count: number, told: Told, redisBytes?: number): string[] {
  return [
    `${count.toLocaleString('en-US')}, ${name}`,
    Math.round(count / told.seconds).toLocaleString('en-US'),
    `${told.before.toFixed(0)} MiB`,
    `${told.after.toFixed(0)} MiB`,
    `${Math.round(((told.after - told.before) * MIB) / count)} bytes`,
    redisBytes === undefined ? '' : `${Math.round(redisBytes / count)} bytes`,
    `${(100 * told.live).toFixed(0)} %`,
  ];
}

console.log(`${sessions} sessions over Redis …`);
const redis = await BenchRedis.start();
const empty = await redis.usedBytes();
const over = await run(sessions, { REDIS_URL: redis.url });
const used = (await redis.usedBytes()) - empty;
await redis.stop();
console.log(`${inMemory} sessions in memory …`);
const within = await run(inMemory, {});
console.log(`\n${describeMachine()}; ${new Date().toISOString().slice(0, 10)}\n`);
console.log(
  renderTable(
    [
      'live sessions',
      'made per second',
      'process before',
      'process after',
      'process per session',
      'Redis per session',
      'read back',
    ],
    [rowOf('Redis', sessions, over, used), rowOf('memory', inMemory, within)],
  ),
);
if (over.live < 1 || within.live < 1) process.exitCode = 1;
