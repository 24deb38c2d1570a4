/**
 * `npm test`: installs what is missing, builds the product, and climbs the test ladder.
 * `npm run test:full` runs the heavier suites. Arguments after `--` go to jest.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { ensurePrerequisites } from './prerequisites.ts';
import { sumOf, suitesOf, type SuiteResult } from './test-report.ts';

const LADDER = ['unit', 'architecture', 'fuzz', 'integration', 'e2e', 'browser'];
/**
 * A machine that others use may stand still for seconds, and whoever waits then fails. So few suites get a second
 * run, one at a time, and are named if they need it; more than these are no coincidence.
 */
const SECOND_RUNS = 3;

const full = process.argv.includes('--full');
const rest = process.argv.slice(2).filter((argument) => argument !== '--full');
const projects = full ? ['full'] : LADDER;
const reports = mkdtempSync(join(tmpdir(), 'vestibule-tests-'));

function run(label: string, command: string, args: readonly string[], env = process.env): number {
  console.log(`\n== ${label}`);
  return spawnSync(command, args, { stdio: 'inherit', env }).status ?? 1;
}

function jest(name: string, label: string, args: readonly string[]): SuiteResult[] {
  const report = join(reports, `${name}.json`);
  const status = run(
    label,
    process.execPath,
    [
      'node_modules/jest/bin/jest.js',
      '--config=test/jest.config.mjs',
      '--passWithNoTests',
      '--json',
      `--outputFile=${report}`,
      '--selectProjects',
      ...projects,
      ...args,
    ],
    { ...process.env, NODE_OPTIONS: '--experimental-vm-modules --no-warnings' },
  );
  const suites = suitesOf(report);
  if (status !== 0 && sumOf(suites).failures === 0) throw new Error(`jest ended with ${status}`);
  return suites;
}

ensurePrerequisites();
if (run('build', 'npm', ['run', '-s', 'build']) !== 0) process.exit(1);

const only = rest.length === 0 ? [] : ['--', ...rest];
const first = jest('first', `test: ${projects.join(', ')}`, ['--maxWorkers=2', ...only]);
const failed = first.filter(({ failures }) => failures > 0).map(({ file }) => file);
const again =
  failed.length > 0 && failed.length <= SECOND_RUNS
    ? jest('again', 'again: the suites that failed, one at a time', [
        '--runInBand',
        '--runTestsByPath',
        ...failed,
      ])
    : [];
for (const { file, failures } of again)
  if (failures === 0)
    console.log(`UNSTEADY: ${relative('.', file)} failed, and passed in its second run`);

const repeated = new Set(again.map(({ file }) => file));
const { passed, failures } = sumOf([...first.filter(({ file }) => !repeated.has(file)), ...again]);
console.log(`\n${passed} passed, ${failures} failed`);
process.exit(failures === 0 ? 0 : 1);
