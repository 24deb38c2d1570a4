/** How often something was counted in the window that runs. */
export interface Counted {
  /** This time included. */
  readonly count: number;
  /** Until the window ends and the count begins anew. */
  readonly remainingMs: number;
}

/** Counts in windows: one begins with the first count of a name, and ends by itself. */
export interface CounterStore {
  /** Counts once more, in one command. */
  count(name: string, windowMs: number): Promise<Counted>;
}
