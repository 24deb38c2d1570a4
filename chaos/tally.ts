import type { Sent } from './balancer.ts';

/** What was seen during one drill. */
export interface Tally {
  requests: number;
  unavailable: number;
  /** 401 for a live session. */
  denied: number;
  anothers: number;
  /** Success after the end of the session was acknowledged. */
  revived: number;
  /** None of the answers that the documents name, or nothing at all. */
  odd: number;
  /** Connections that broke under a request; it was sent again to another replica. */
  cuts: number;
  /** Of a read: who is there, may it pass, a logout. */
  longest: Timed;
  /** Of what may have to wait for the provider: a login, a call to the API. */
  longestAwaited: Timed;
  longestUnavailable: Timed;
  logins: number;
  /** Logins that were not possible at the time. */
  refused: number;
  logouts: number;
  /** People who had no session any more, by the reason that they were told. */
  readonly losses: Map<string, number>;
  /** Odd and wrong answers, as they were. */
  readonly examples: Set<string>;
}

export interface Timed {
  readonly ms: number;
  /** How much of it the load generator is to blame for, because it got no CPU. */
  readonly stalledMs: number;
}

export type Kind = 'session' | 'verify' | 'api' | 'login' | 'logout';

const NONE: Timed = { ms: 0, stalledMs: 0 };
const MOST_EXAMPLES = 5;
const EXPECTED: Readonly<Record<Kind, readonly number[]>> = {
  session: [200, 401, 503],
  verify: [200, 401, 503],
  api: [200, 401, 503],
  // 400: the page of a login that the provider's answer ended.
  login: [200, 302, 303, 400, 503],
  logout: [200, 401, 503],
};

export function emptyTally(): Tally {
  return {
    requests: 0,
    unavailable: 0,
    denied: 0,
    anothers: 0,
    revived: 0,
    odd: 0,
    cuts: 0,
    longest: NONE,
    longestAwaited: NONE,
    longestUnavailable: NONE,
    logins: 0,
    refused: 0,
    logouts: 0,
    losses: new Map(),
    examples: new Set(),
  };
}

/** Counts one answer. */
export function count(tally: Tally, kind: Kind, sent: Sent): void {
  const { status, cuts } = sent;
  tally.requests += 1;
  if (cuts > 0 || sent.isCut) {
    tally.cuts += cuts + (sent.isCut ? 1 : 0);
    note(tally, `${kind}: ${sent.cutBy}`);
  }
  const mayWait = kind === 'api' || kind === 'login';
  if (mayWait) tally.longestAwaited = longer(tally.longestAwaited, sent);
  else tally.longest = longer(tally.longest, sent);
  if (status === 503) {
    tally.unavailable += 1;
    if (!mayWait) tally.longestUnavailable = longer(tally.longestUnavailable, sent);
  }
  // Everybody who could have answered was cut off: it is counted as that.
  if (sent.isCut || EXPECTED[kind].includes(status)) return;
  tally.odd += 1;
  note(tally, `${kind} ${status}${status === 0 ? ` after ${Math.round(sent.ms)} ms` : ''}`);
}

/** Remembers an example of what should not have been. */
export function note(tally: Tally, example: string): void {
  if (tally.examples.size < MOST_EXAMPLES) tally.examples.add(example);
}

/** The time that is left when the measurer's own pauses are taken away. */
export function net({ ms, stalledMs }: Timed): number {
  return Math.max(0, ms - stalledMs);
}

function longer(known: Timed, { ms, stalledMs }: Timed): Timed {
  return net({ ms, stalledMs }) > net(known) ? { ms, stalledMs } : known;
}
