/** How much is tried, by which seed, and where the outcome goes: `npm run fuzz` says so by the environment. */
export interface FuzzBudget {
  readonly seed: number;
  /** Inputs of a target that answers at once; others get as many fewer as they cost more. */
  readonly inputs: number;
  /** One share of the time, in milliseconds; then the number of inputs has no limit. */
  readonly ms: number | undefined;
  /** Somebody chose the target: then there is nobody to share with. */
  readonly isAlone: boolean;
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
  isAlone: process.env['FUZZ_ALONE'] === 'true',
  report: process.env['FUZZ_REPORT'],
};

/** Shares of the time: what costs more gets more of it, and least of all what answers at once needs it. */
const SHARES = { slow: 2, dear: 8 } as const;
const DEAR = 20;

/** Whether an input is a whole run over sockets, or as much as that. */
export function isDear({ cost }: { readonly cost: number }): boolean {
  return cost >= DEAR;
}

/** How long one target may take; undefined where its inputs are counted. */
export function msFor({ cost }: { readonly cost: number }): number | undefined {
  if (budget.ms === undefined || budget.isAlone || cost === 1) return budget.ms;
  return budget.ms * (isDear({ cost }) ? SHARES.dear : SHARES.slow);
}

/** Inputs for one target; with a time limit there are always more. */
export function inputsFor({ cost }: { readonly cost: number }): number {
  if (budget.ms !== undefined) return 1_000_000_000;
  return Math.ceil(budget.inputs / cost);
}
