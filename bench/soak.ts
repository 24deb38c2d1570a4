/**
 * `npm run bench:soak`: the product over Redis under steady load for ten minutes (`-- --minutes=10`): session checks,
 * proxied calls, forward authentication, logins and logouts. Nothing may grow in the second half: memory, open files, keys.
 * Before that V8 lets its heap grow to its height, which takes four minutes: shorter runs than eight measure that. Exit code 1 when something does, or when a
 * request fails.
 */
import { readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import { request } from 'undici';
import { memberOf } from './contenders.ts';
import { describeMachine, memoryMibOf, stayOnOtherCore } from './machine.ts';
import type { Product } from './product.ts';
import { median, renderTable } from './report.ts';
import { openStage } from './stage.ts';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } });
const minutes = Number(values.minutes);
const MINUTE_MS = 60_000;
const SAMPLES_PER_MINUTE = 6;
/** People who stay, each asking again and again; others come and go. */
const STAYING = 20;
const COMING = 2;
const PAUSE_MS = 10;
/** Growth from the middle to the last minute that is no growth. */
const SLACK = { mib: 12, files: 20, keys: 60 } as const;

interface Sample {
  readonly mib: number;
  readonly files: number;
  readonly keys: number;
}

const counts = { requests: 0, logins: 0, failures: 0 };

async function asks(url: string, headers: Readonly<Record<string, string>>): Promise<void> {
  try {
    const { statusCode, body } = await request(url, { headers });
    await body.dump();
    counts.requests += 1;
    if (statusCode !== 200) counts.failures += 1;
  } catch {
    counts.failures += 1;
  }
}

async function stay(
  { url, internalUrl }: Product,
  cookie: string,
  over: AbortSignal,
): Promise<void> {
  const headers = { cookie, 'x-csrf': '1' };
  while (!over.aborted) {
    await asks(`${url}/session`, headers);
    await asks(`${internalUrl}/verify`, headers);
    await asks(`${url}/api/orders`, headers);
    await delay(PAUSE_MS);
  }
}

async function comeAndGo(product: Product, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    const cookie = await memberOf(product);
    await asks(`${product.url}/session`, { cookie });
    const { statusCode, body } = await request(`${product.url}/logout`, {
      method: 'POST',
      headers: { cookie, 'x-csrf': '1' },
    });
    await body.dump();
    counts.logins += 1;
    if (statusCode !== 200) counts.failures += 1;
  }
}

stayOnOtherCore();
const stage = await openStage();
const { overRedis: product, redis } = stage;

async function sample(): Promise<Sample> {
  return {
    mib: memoryMibOf(product.pid),
    files: readdirSync(`/proc/${product.pid}/fd`).length,
    // Sessions and their indexes; what is left of a login or an end goes by itself, after an hour and ten minutes.
    keys:
      (await redis.bytesOf('vestibule:s:*:i')).keys + (await redis.bytesOf('vestibule:x:*')).keys,
  };
}

const over = new AbortController();
const people = await Promise.all(Array.from({ length: STAYING }, () => memberOf(product)));
const running = [
  ...people.map((cookie) => stay(product, cookie, over.signal)),
  ...Array.from({ length: COMING }, () => comeAndGo(product, over.signal)),
];
const rows: Sample[] = [];
for (let minute = 1; minute <= minutes; minute += 1) {
  const taken: Sample[] = [];
  for (let at = 0; at < SAMPLES_PER_MINUTE; at += 1) {
    await delay(MINUTE_MS / SAMPLES_PER_MINUTE);
    taken.push(await sample());
  }
  const row = {
    mib: median(taken.map(({ mib }) => mib)),
    files: median(taken.map(({ files }) => files)),
    keys: median(taken.map(({ keys }) => keys)),
  };
  rows.push(row);
  console.log(
    `minute ${minute} of ${minutes}: ${row.mib.toFixed(0)} MiB, ${row.files} files, ${row.keys} keys; ` +
      `${counts.requests} requests, ${counts.logins} logins, ${counts.failures} failures`,
  );
}
over.abort();
await Promise.all(running);
await stage.stop();

const middle = rows[Math.ceil(minutes / 2) - 1];
const last = rows.at(-1);
if (minutes < 2 || middle === undefined || last === undefined)
  throw new Error('it takes two minutes at least');
console.log(`\n${describeMachine()}; ${new Date().toISOString().slice(0, 10)}\n`);
const line = (what: string, of: keyof Sample, digits = 0): string[] => [
  what,
  middle[of].toFixed(digits),
  last[of].toFixed(digits),
];
console.log(
  renderTable(
    [`${minutes} minutes under load`, `minute ${Math.ceil(minutes / 2)}`, 'last minute'],
    [
      line('memory, MiB', 'mib'),
      line('open files and connections', 'files'),
      line('keys of sessions and indexes', 'keys'),
    ],
  ),
);
console.log(
  `${counts.requests.toLocaleString('en-US')} requests, ${counts.logins.toLocaleString('en-US')} logins and logouts, ${counts.failures} failures`,
);
const grown = (Object.keys(SLACK) as (keyof Sample)[]).filter(
  (of) => last[of] - middle[of] > SLACK[of],
);
for (const of of grown) console.log(`GROWN  ${of}`);
if (grown.length > 0 || counts.failures > 0) process.exitCode = 1;
