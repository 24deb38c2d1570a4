/**
 * `npm run bench:workers`: session checks by one process and by two, over Redis, on all cores. The load and Redis share
 * these cores, so that the rate of two is a lower bound; what a request costs in processor time is what compares.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { execFileSync } from 'node:child_process';
import { wrk } from './load.ts';
import { cpuMsOf, describeMachine, has, memoryMibOf } from './machine.ts';
import { memberOf } from './contenders.ts';
import { median, renderTable } from './report.ts';
import { openWorkersStage } from './stage.ts';

if (!has('wrk')) throw new Error('wrk is needed here: apt-get install wrk');
const COUNTS = [1, 2] as const;
const ROUNDS = 5;
const SECONDS = 4;
const ALL_CORES = '0-1';

/** The process and those that it has started. */
function family(pid: number): number[] {
  const children = execFileSync('sh', ['-c', `cat /proc/${pid}/task/${pid}/children`], {
    encoding: 'utf8',
  });
  return [pid, ...children.trim().split(' ').filter(Boolean).map(Number)];
}

const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0);
const load = wrk(ALL_CORES);
const stage = await openWorkersStage(COUNTS);
const cookies = await Promise.all(stage.products.map((product) => memberOf(product)));
// All workers, not the first one only.
await delay(4_000);
const taken = COUNTS.map(() => ({ rate: [] as number[], us: [] as number[], p99: [] as number[] }));
for (let round = 0; round <= ROUNDS; round += 1) {
  for (const [at, product] of stage.products.entries()) {
    const pids = family(product.pid);
    const before = sum(pids.map(cpuMsOf));
    const headers = { cookie: cookies[at] ?? '' };
    const measured = await load({ url: `${product.url}/session`, headers, seconds: SECONDS });
    const us = (1_000 * (sum(pids.map(cpuMsOf)) - before)) / measured.requests;
    // The first round warms up.
    if (round === 0) continue;
    taken[at]?.rate.push(measured.rate);
    taken[at]?.us.push(us);
    taken[at]?.p99.push(measured.p99Ms);
  }
  console.log(`round ${round} of ${ROUNDS}`);
}
const rows = taken.map(({ rate, us, p99 }, at) => [
  `WORKERS=${COUNTS[at]}`,
  Math.round(median(rate)).toLocaleString('en-US'),
  `${median(us).toFixed(1)} µs`,
  median(p99).toFixed(2),
  `${sum(family(stage.products[at]?.pid ?? 0).map(memoryMibOf)).toFixed(0)} MiB`,
]);
console.log(`\n${describeMachine()}; ${new Date().toISOString().slice(0, 10)}\n`);
console.log(
  renderTable(
    ['GET /session, Redis', 'requests/s', 'processor time each', 'p99 ms', 'memory, all'],
    rows,
  ),
);
await stage.stop();
