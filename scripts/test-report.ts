import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** What came of one file of tests. */
export interface SuiteResult {
  /** Absolute path. */
  readonly file: string;
  /** Number of tests. */
  readonly passed: number;
  /** Number of tests; one for a file that could not be run at all. */
  readonly failures: number;
}

const report = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      assertionResults: z.array(z.object({ status: z.string() })),
    }),
  ),
});

/**
 * Reads what `jest --json` wrote to `file`.
 * @throws Error when there is no such file: jest did not come to its end
 */
export function suitesOf(file: string): SuiteResult[] {
  const { testResults } = report.parse(JSON.parse(readFileSync(file, 'utf8')));
  return testResults.map(({ name, status, assertionResults }) => {
    const count = (wanted: string): number =>
      assertionResults.filter((assertion) => assertion.status === wanted).length;
    return {
      file: name,
      passed: count('passed'),
      failures: Math.max(count('failed'), status === 'failed' ? 1 : 0),
    };
  });
}

/** The tests of all these files together. */
export function sumOf(suites: readonly SuiteResult[]): { passed: number; failures: number } {
  return {
    passed: suites.reduce((sum, suite) => sum + suite.passed, 0),
    failures: suites.reduce((sum, suite) => sum + suite.failures, 0),
  };
}
