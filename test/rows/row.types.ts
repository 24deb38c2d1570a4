/** A row of the attack catalogue (ATK-…) or of the conformance catalogue (A-… to R-…): what a trusted proxy must hold. */
export interface Row {
  readonly id: string;
  /** A few words, to know it by; what it asks for stands in the test that names it. */
  readonly name: string;
}

/** P0 must hold from the start, P1 before 1.0, P2 is good to have. */
export interface AttackRow extends Row {
  readonly priority: 'P0' | 'P1' | 'P2';
}

/** Why no test names a row, or a part of it. */
export const REASONS = [
  /** What the row is about is no feature of the product. */
  'not offered',
  /** The row says what a library or a provider does, not what this product does. */
  'library or provider',
  /** It needs a network, a clock or machines that tests on one machine do not have. */
  'network',
  'later',
] as const;
export type Reason = (typeof REASONS)[number];

export interface Excuse {
  readonly rows: readonly string[];
  /** The part of the rows that it is about, where tests name the rest of them. */
  readonly part?: string;
  readonly reason: Reason;
  readonly note: string;
}
