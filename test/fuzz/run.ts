/**
 * `npm run fuzz`: throws inputs at everything that reads or decides something, longer than the tests do, and tells which
 * branches were reached. `--inputs=N` for each target (a tenth of it where each must be waited for), or `--minutes=N` in
 * all, of which what costs more has more; `--seed=N`; `--target=part of a name, as jest prints it`, which then has the
 * minutes to itself. New inputs that took a new way are added to test/fuzz/corpus, and so is every finding.
 */
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { branchTable, outcomeTable, type Outcome } from './fuzz-report.ts';

const { values } = parseArgs({
  options: {
    inputs: { type: 'string' },
    minutes: { type: 'string' },
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
    target: { type: 'string', default: '' },
  },
});

/** So many shares the targets of one process have together (fuzz-budget.ts). */
const SHARES = 80;
const MS_PER_MINUTE = 60_000;

function budgetOf({ inputs, minutes, target }: typeof values): Record<string, string> {
  if (minutes === undefined) return { FUZZ_INPUTS: inputs ?? '20000' };
  const ms = (Number(minutes) * MS_PER_MINUTE) / (target === '' ? SHARES : 1);
  return { FUZZ_MS: String(Math.ceil(ms)) };
}

/** Jest joins what it prints with arrows by blanks. */
function patternOf(target: string): string {
  return target.replaceAll(' › ', ' ').replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`);
}

const folder = mkdtempSync(join(tmpdir(), 'vestibule-fuzz-'));
const report = join(folder, 'outcomes.jsonl');
console.log(`seed ${values.seed}`);
const { status } = spawnSync(
  process.execPath,
  [
    'node_modules/jest/bin/jest.js',
    '--config=test/jest.config.mjs',
    '--selectProjects',
    'fuzz',
    '--maxWorkers=2',
    `--testNamePattern=${patternOf(values.target)}`,
    '--coverage',
    `--coverageDirectory=${folder}`,
    '--coverageReporters=json',
  ],
  {
    stdio: 'inherit',
    env: {
      ...process.env,
      ...budgetOf(values),
      FUZZ_SEED: values.seed,
      FUZZ_ALONE: String(values.target !== ''),
      FUZZ_REPORT: report,
      NODE_OPTIONS: '--experimental-vm-modules --no-warnings',
    },
  },
);

if (!existsSync(report)) {
  console.error(`no target is called like '${values.target}'`);
  process.exit(1);
}
const outcomes = readFileSync(report, 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Outcome);
console.log(branchTable(readFileSync(join(folder, 'coverage-final.json'), 'utf8'), outcomes));
console.log(outcomeTable(outcomes));
process.exit(status ?? 1);
