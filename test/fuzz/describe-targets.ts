import { appendFileSync } from 'node:fs';
import { budget } from './fuzz-budget.js';
import { fuzz } from './fuzz-run.js';
import type { FuzzTarget } from './fuzz-target.js';

/** With a limit of time the longest that a target takes, the search for a smaller input included. */
const LONGEST_MS = 10 * (budget.ms ?? 0) + 1_800_000;

/** One test for each target. */
export function describeTargets(targets: readonly FuzzTarget[]): void {
  it.each(targets.map((one) => [one.name, one] as const))(
    '%s: it is read or refused, and what was decided holds (ATK-83)',
    async (_name, target) => {
      const outcome = await fuzz(target);
      if (budget.report !== undefined)
        appendFileSync(budget.report, `${JSON.stringify(outcome)}\n`);
      expect(outcome.finding).toBeUndefined();
    },
    LONGEST_MS,
  );
}
