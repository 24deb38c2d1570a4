import * as fc from 'fast-check';
import { branchCounter } from './branch-counters.js';
import { keep, kept } from './corpus.js';
import type { Outcome } from './fuzz-report.js';
import { budget, inputsFor, isDear, msFor } from './fuzz-budget.js';
import type { FuzzTarget } from './fuzz-target.js';

/** Nothing that is read or decided takes this long; on a busy machine a pause of the process may. */
const HANG_MS = 5_000;
/** Many requests one after the other, each of which has a limit of its own. */
const WHOLE_HANG_MS = 30_000;
const PROGRESS_MS = 10_000;

/**
 * Throws inputs at a target, those that are kept first, until its budget is spent or one is a finding. A finding is
 * kept, and where branches are counted also an input that took a new way.
 */
export async function fuzz(target: FuzzTarget): Promise<Outcome> {
  const started = performance.now();
  const examples = kept(target.name);
  const counter = branchCounter(target.files);
  const news: unknown[] = [];
  const hangMs = isDear(target) ? WHOLE_HANG_MS : HANG_MS;
  let [inputs, taken, told] = [0, counter() ?? 0, started];
  /** An input counts before it is looked at: a finding is one that was tried, too. */
  const begin = (): number => {
    inputs += 1;
    return performance.now();
  };
  const note = (input: unknown, from: number): void => {
    const now = performance.now();
    if (now - from > hangMs) throw new Error(`it took ${Math.round(now - from)} ms`);
    if (budget.report === undefined) return;
    if (now - told > PROGRESS_MS) {
      told = now;
      process.stderr.write(`  ${target.name}: ${inputs.toLocaleString('en')} inputs\n`);
    }
    const ways = counter() ?? 0;
    if (ways <= taken) return;
    taken = ways;
    if (inputs > examples.length) news.push(input);
  };
  const ms = msFor(target);
  let last: Promise<void> = Promise.resolve();
  const parameters: fc.Parameters<[unknown]> = {
    seed: budget.seed,
    verbose: fc.VerbosityLevel.Verbose,
    numRuns: inputsFor(target) + examples.length,
    examples: examples.map((input) => [input]),
    ...(ms !== undefined && { interruptAfterTimeLimit: ms }),
  };
  const details =
    target.cost > 1
      ? await fc.check(
          fc.asyncProperty(target.inputs, async (input) => {
            const from = begin();
            last = Promise.resolve(target.check(input));
            await within(hangMs, last);
            note(input, from);
          }),
          parameters,
        )
      : fc.check(
          fc.property(target.inputs, (input) => {
            const from = begin();
            void target.check(input);
            note(input, from);
          }),
          parameters,
        );
  // Nobody waits for the input that the time ran out at, and the next target must not meet it at its work.
  await last.catch(() => undefined);
  // Time that runs out while a smaller input is looked for makes the finding no smaller one.
  const finding = details.counterexample === null ? undefined : reportOf(details);
  // The tests write nothing: by their seed they find it again.
  if (budget.report !== undefined) keep(target.name, { findings: found(details), news });
  const { name, files } = target;
  const took = Math.round(performance.now() - started);
  return { name, files, inputs, ms: took, ...(finding !== undefined && { finding }) };
}

/** Of a long input so much is shown; the seed brings it back. */
const MOST_SHOWN = 3_000;

function reportOf(details: fc.RunDetails<[unknown]>): string {
  const { errorInstance, seed } = details;
  const what = errorInstance instanceof Error ? errorInstance.stack : String(errorInstance);
  const shown = found(details).map((input) => JSON.stringify(input).slice(0, MOST_SHOWN));
  return `input: ${shown.join('\nfirst: ')}\nseed: ${seed}\n${what ?? ''}`;
}

/** The smallest input that fails, and the first that did: what it has broken for good, any input shows after it. */
function found({ counterexample, failures }: fc.RunDetails<[unknown]>): unknown[] {
  const [first] = failures;
  return [...(counterexample ?? []), ...(first !== counterexample ? (first ?? []) : [])];
}

/** Rejects when a promise does not settle in time: a hang is a finding. */
async function within(ms: number, promise: void | Promise<void>): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no end after ${ms} ms`)), ms);
  await Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
