import type * as fc from 'fast-check';

/** A piece of the product that reads or decides something, what is thrown at it, and what must be true then. */
export interface FuzzTarget<Input = unknown> {
  readonly name: string;
  /** The sources that it is after, below `src`: their branches are what a new input is kept for. */
  readonly files: readonly string[];
  /** JSON, so that an input can be kept. */
  readonly inputs: fc.Arbitrary<Input>;
  /** Throws for an input that is a finding. */
  readonly check: (input: Input) => void | Promise<void>;
  /** How much more an input costs than one that is answered at once: so many times fewer it gets. */
  readonly cost: number;
}

type Parts<Input> = Omit<FuzzTarget<Input>, 'check' | 'cost'>;

const WAITING = 10;

/** A target that answers at once. */
export function target<Input>(
  parts: Parts<Input> & { readonly check: (input: Input) => void },
): FuzzTarget {
  return { ...parts, cost: 1 } as FuzzTarget;
}

/** A target that must be waited for. */
export function slowTarget<Input>(
  parts: Parts<Input> & {
    readonly check: (input: Input) => Promise<void>;
    readonly cost?: number;
  },
): FuzzTarget {
  return { cost: WAITING, ...parts } as FuzzTarget;
}
