/**
 * `npm test`: installs what is missing, builds the product, and climbs the test ladder.
 * `npm run test:full` runs the heavier suites. Arguments after `--` go to jest.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensurePrerequisites } from './prerequisites.ts';

const LADDER = ['unit', 'architecture', 'fuzz', 'integration', 'e2e', 'browser'];
const full = process.argv.includes('--full');
const rest = process.argv.slice(2).filter((argument) => argument !== '--full');
const projects = full ? ['full'] : LADDER;

function run(
  label: string,
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): number {
  console.log(`\n== ${label}`);
  return (
    spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, ...env } }).status ?? 1
  );
}

ensurePrerequisites();
if (run('build', 'npm', ['run', '-s', 'build']) !== 0) process.exit(1);

const report = join(mkdtempSync(join(tmpdir(), 'vestibule-tests-')), 'report.json');
const status = run(
  `test: ${projects.join(', ')}`,
  process.execPath,
  [
    'node_modules/jest/bin/jest.js',
    '--config=test/jest.config.mjs',
    '--maxWorkers=2',
    '--passWithNoTests',
    '--json',
    `--outputFile=${report}`,
    '--selectProjects',
    ...projects,
    ...(rest.length === 0 ? [] : ['--', ...rest]),
  ],
  { NODE_OPTIONS: '--experimental-vm-modules --no-warnings' },
);

const { numPassedTests, numFailedTests, numFailedTestSuites } = JSON.parse(
  readFileSync(report, 'utf8'),
) as Record<string, number>;
console.log(
  `\n${numPassedTests} passed, ${(numFailedTests ?? 0) + (numFailedTests === 0 ? (numFailedTestSuites ?? 0) : 0)} failed`,
);
process.exit(status);
