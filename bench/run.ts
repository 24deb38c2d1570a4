/**
 * `npm run bench`: what a request costs, as ratios to the least that Node can do, in one run on one machine. `--quick`
 * does fewer and shorter rounds, `--only=text` measures what has the text in its name beside what it is compared with.
 * Prints tables and writes `bench/results.json`.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { contendersOf, type Contender } from './contenders.ts';
import { footprintOf } from './footprint.ts';
import { autocannonHere, wrk } from './load.ts';
import { describeMachine, has, OTHER_CORE, stayOnOtherCore } from './machine.ts';
import { renderRows, renderTable, rowsOf } from './report.ts';
import { measure } from './rounds.ts';
import { openStage } from './stage.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    rounds: { type: 'string' },
  },
});
const rounds = Number(values.rounds ?? (values.quick ? 3 : 5));
const plan = { rounds, seconds: values.quick ? 2 : 4, runUpSeconds: values.quick ? 1 : 5 };

const say = (line: string): void => console.log(line);

function isWanted({ name }: Contender): boolean {
  return /^[LP]\d /.test(name) || name.includes(values.only);
}

/** Every contender must answer as it should before it is measured: an error is fast, too. */
async function check({ name, url, headers = {}, form }: Contender): Promise<void> {
  const answer = await fetch(url, {
    headers,
    ...(form !== undefined && { method: 'POST', body: new URLSearchParams(form) }),
  });
  const expected = name.startsWith('anonymous') ? 401 : 200;
  const body = await answer.text();
  if (answer.status !== expected || body.includes('"active":false'))
    throw new Error(`${name} answers ${answer.status}: ${body.slice(0, 200)}`);
}

stayOnOtherCore();
const generator = has('wrk') ? wrk(OTHER_CORE) : autocannonHere;
if (!has('wrk')) say('wrk is not installed (apt-get install wrk): autocannon measures, with less');
say('starting Redis, a provider, an API and the servers');
const stage = await openStage();
const field = await contendersOf(stage);
try {
  const contenders = field.contenders.filter(isWanted);
  for (const contender of contenders) await check(contender);
  say(`${contenders.length} servers and questions, ${rounds} rounds of ${plan.seconds} s each`);
  const results = await measure(contenders, generator, stage.redis, plan, say);
  const rows = rowsOf(results);
  say(`\n${describeMachine()}; ${new Date().toISOString().slice(0, 10)}\n\n${renderRows(rows)}\n`);
  const thrownAway = rows.filter((row) => row.thrownAway > 0);
  for (const row of thrownAway)
    say(`${row.name}: ${row.thrownAway} samples thrown away, the core of the load was full`);
  const footprint = await footprintOf(stage, {
    starts: values.quick ? 1 : 5,
    logins: values.quick ? 40 : 200,
  });
  const { startUpMs, idleMib, loadedMib, loginsPerSecond, redisBytesBesideTokens } = footprint;
  say(
    renderTable(
      ['an instance', 'median'],
      [
        ['start to the first answer', `${startUpMs.toFixed(0)} ms`],
        ['memory, idle', `${idleMib.toFixed(0)} MiB`],
        ['memory, after this load', `${loadedMib.toFixed(0)} MiB`],
        ['logins per second, provider on the other core', loginsPerSecond.toFixed(0)],
        ['Redis per session, beside its tokens', `${redisBytesBesideTokens.toFixed(0)} bytes`],
      ],
    ),
  );
  const file = join(import.meta.dirname, 'results.json');
  writeFileSync(
    file,
    `${JSON.stringify({ machine: describeMachine(), plan, rows, footprint }, null, 2)}\n`,
  );
  say(`\nwritten: ${file}`);
} finally {
  field.stop();
  await stage.stop();
}
