/** What DESIGN's guarantees let happen in one drill; what is not named here must not happen. */
export interface Allowance {
  /**
   * Logins and refreshes may wait, but no longer than `tokens.wait`: for a slow provider, for the refresh of a replica
   * that is gone, or until a store that is away takes the tokens that have come.
   */
  readonly waits?: boolean;
  /** Logins may end with a page that says why. */
  readonly refusedLogins?: boolean;
  /** For so long a replica stands still, and whoever asks it waits. */
  readonly stillMs?: number;
  /** Answers die with the process that wrote them; the balancer asks another. */
  readonly cuts?: boolean;
  /**
   * Who may lose their session: whose refresh token was sent while it was broken, or in the last second before;
   * whose was sent in the last second before the store broke, because its last writes may be lost; everybody.
   */
  readonly losses?: 'in flight' | 'last second' | 'everybody';
}

/** What a drill says of itself that breaks and mends several times. */
export interface Rounds {
  /** The longest time until all was well again. */
  readonly recoverMs: number;
  /** Refresh tokens that were in flight as it broke. */
  readonly inFlight: number;
}

/** Something that breaks, for a while. */
export interface Drill {
  readonly name: string;
  /** Breaks it. */
  readonly breaks: () => Promise<Rounds | void>;
  /** Repairs it; from the end of this the time to recover counts. Absent: it has to repair itself. */
  readonly repairs?: () => Promise<void>;
  /** How long it stays broken. */
  readonly forMs: number;
  /** When it counts as recovered: everybody is answered (the default), or can log in. */
  readonly until?: 'answered' | 'admitted';
  readonly allows?: Allowance;
}
