import type { Drill } from './drill.ts';
import type { EventTimes } from './events.ts';
import type { Result } from './perform.ts';
import { net, type Timed } from './tally.ts';

/** Guarantees of the contract, in milliseconds. */
const LONGEST_MS = 2_000;
const UNAVAILABLE_MS = 1_000;
const EVENT_P99_MS = 1_000;
/** How long a request waits for a refresh, or a login for its provider, at most: `tokens.wait`, and `OIDC_TIMEOUT` twice. */
const AWAITED_MS = 7_000;
/** Ends that leave no doubt that the refresh token is the reason. */
const OF_REFRESHES: ReadonlySet<string> = new Set(['refresh_lost', 'refresh_failed']);

const ms = (value: number): string => `${Math.round(value)} ms`;
const timed = (value: Timed): string =>
  value.stalledMs < 1 ? ms(value.ms) : `${ms(net(value))} (+${Math.round(value.stalledMs)})`;
const wrong = ({ denied, anothers, revived }: Result): number => denied + anothers + revived;
const lost = ({ losses }: Result): number =>
  [...losses.values()].reduce((sum, one) => sum + one, 0);

function losses(result: Result): string {
  if (lost(result) === 0) return '0';
  return [...result.losses].map(([reason, times]) => `${times} ${reason}`).join(', ');
}

/** The table that the README quotes. */
export function table(results: readonly Result[]): string {
  const head = [
    'what broke',
    'requests',
    'of them 503',
    'wrong answers',
    'users lost',
    'cut off',
    'longest read',
    'longest login or API call',
    'time to recover',
    'starved',
  ];
  const rows = results.map((result) => [
    result.drill.name,
    String(result.requests),
    String(result.unavailable),
    String(wrong(result)),
    losses(result),
    String(result.cuts),
    timed(result.longest),
    timed(result.longestAwaited),
    ms(result.recoverMs),
    `${Math.round(result.starved * 100)} %`,
  ]);
  const width = head.map((title, at) =>
    Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, at) => cell.padEnd(width[at] ?? 0)).join(' | ')} |`;
  return [line(head), line(width.map((count) => '-'.repeat(count))), ...rows.map(line)].join('\n');
}

export function eventLine({ samples, missed, p50, p99 }: EventTimes): string {
  return `Logged out in one tab, told in the others: median ${ms(p50)}, p99 ${ms(p99)} (${samples} samples, ${missed} missed).`;
}

interface Rule {
  readonly isBroken: (result: Result) => boolean;
  readonly says: (result: Result) => string;
}

const still = ({ allows }: Drill): number => allows?.stillMs ?? 0;
const examples = ({ examples: all }: Result): string =>
  all.size === 0 ? '' : `; ${[...all].join('; ')}`;

const RULES: readonly Rule[] = [
  {
    isBroken: (result) => wrong(result) > 0,
    says: (result) =>
      `wrong answers: ${result.denied} × 401 for a live session, ${result.anothers} × another's data, ${result.revived} × success after an end${examples(result)}`,
  },
  {
    isBroken: lostTooMany,
    says: (result) =>
      `users lost: ${losses(result)}; ${result.mayBeLost} refresh tokens were in flight`,
  },
  {
    isBroken: ({ odd }) => odd > 0,
    says: (result) => `${result.odd} answers that nothing explains${examples(result)}`,
  },
  {
    isBroken: ({ cuts, drill }) => cuts > 0 && drill.allows?.cuts !== true,
    says: (result) => `${result.cuts} requests failed${examples(result)}`,
  },
  {
    isBroken: ({ refused, drill }) => refused > 0 && drill.allows?.refusedLogins !== true,
    says: (result) => `${result.refused} logins failed${examples(result)}`,
  },
  {
    isBroken: ({ longest, drill }) => net(longest) > LONGEST_MS + still(drill),
    says: ({ longest }) => `an answer took ${timed(longest)}`,
  },
  {
    isBroken: ({ longestAwaited, drill }) =>
      net(longestAwaited) > (drill.allows?.waits === true ? AWAITED_MS : LONGEST_MS) + still(drill),
    says: ({ longestAwaited }) => `a login or a call to the API took ${timed(longestAwaited)}`,
  },
  {
    isBroken: ({ longestUnavailable, drill }) =>
      net(longestUnavailable) > UNAVAILABLE_MS + still(drill),
    says: ({ longestUnavailable }) => `a 503 took ${timed(longestUnavailable)}`,
  },
];

function lostTooMany(result: Result): boolean {
  if (result.drill.allows?.losses === 'everybody') return false;
  const unexplained = [...result.losses.keys()].some((reason) => !OF_REFRESHES.has(reason));
  return unexplained || lost(result) > result.mayBeLost;
}

/** Every guarantee that did not hold. */
export function broken(
  results: readonly Result[],
  events: EventTimes | undefined,
): readonly string[] {
  const found = results.flatMap((result) =>
    RULES.filter(({ isBroken }) => isBroken(result)).map(
      ({ says }) => `${result.drill.name}: ${says(result)}`,
    ),
  );
  if (events === undefined) return found;
  if (events.missed > 0) found.push(`${events.missed} tabs were not told of a logout`);
  if (!(events.p99 <= EVENT_P99_MS)) found.push(`a tab was told after ${ms(events.p99)} (p99)`);
  return found;
}
