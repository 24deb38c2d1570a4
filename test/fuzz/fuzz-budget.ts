/** How much is tried, by which seed, and where the outcome goes: `npm run fuzz` says so by the environment. */
export interface FuzzBudget {
  readonly seed: number;
  /** Inputs of a target that answers at once; others get as many fewer as they cost more. */
  readonly inputs: number;
  /** For each target, in milliseconds; then the number of inputs has no limit. */
  readonly ms: number | undefined;
  /** The file to which the outcome goes; absent in the tests. */
  readonly report: string | undefined;
}

/** The tests take the same way each time: what turns red there, a change has turned. */
const SEED = 20_260_101;
const INPUTS = 1_500;

export const budget: FuzzBudget = {
  seed: Number(process.env['FUZZ_SEED'] ?? SEED),
  inputs: Number(process.env['FUZZ_INPUTS'] ?? INPUTS),
  ms: process.env['FUZZ_MS'] === undefined ? undefined : Number(process.env['FUZZ_MS']),
  report: process.env['FUZZ_REPORT'],
};

/** Inputs for one target; with a time limit there are always more. */
export function inputsFor({ cost }: { readonly cost: number }): number {
  if (budget.ms !== undefined) return 1_000_000_000;
  return Math.ceil(budget.inputs / cost);
}
