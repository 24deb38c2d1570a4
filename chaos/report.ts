import type { Tally } from './load.ts';
import type { EventTimes } from './events.ts';

export interface Result extends Tally {
  readonly name: string;
  readonly recoverMs: number;
  readonly usersLost: number;
}

/** Guarantees of the contract, in milliseconds. */
const LONGEST_MS = 2_000;
const UNAVAILABLE_MS = 1_000;
const EVENT_P99_MS = 1_000;

const ms = (value: number): string => `${Math.round(value)} ms`;
const wrong = ({ lost, anothers, revived }: Tally): number => lost + anothers + revived;

/** The table that the README quotes. */
export function table(results: readonly Result[]): string {
  const head = [
    'what broke',
    'requests',
    'of them 503',
    'wrong answers',
    'users lost',
    'longest answer',
    'slowest 503',
    'time to recover',
  ];
  const rows = results.map((result) => [
    result.name,
    String(result.requests),
    String(result.unavailable),
    String(wrong(result)),
    String(result.usersLost),
    ms(result.longestMs),
    result.unavailable === 0 ? '–' : ms(result.longestUnavailableMs),
    ms(result.recoverMs),
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

/** Every guarantee that did not hold. */
export function broken(results: readonly Result[], events: EventTimes): readonly string[] {
  const rules: readonly (readonly [(result: Result) => boolean, (result: Result) => string])[] = [
    [
      (result) => wrong(result) > 0,
      ({ lost, anothers, revived }) =>
        `wrong answers: ${lost} × 401 for a live session, ${anothers} × another's data, ${revived} × success after an end`,
    ],
    [({ usersLost }) => usersLost > 0, ({ usersLost }) => `${usersLost} users lost`],
    [({ odd }) => odd > 0, ({ odd }) => `${odd} answers that were neither 200, 401 nor 503`],
    [
      ({ longestMs }) => longestMs > LONGEST_MS,
      ({ longestMs }) => `an answer took ${ms(longestMs)}`,
    ],
    [
      ({ longestUnavailableMs }) => longestUnavailableMs > UNAVAILABLE_MS,
      ({ longestUnavailableMs }) => `a 503 took ${ms(longestUnavailableMs)}`,
    ],
  ];
  const found = results.flatMap((result) =>
    rules
      .filter(([isBroken]) => isBroken(result))
      .map(([, text]) => `${result.name}: ${text(result)}`),
  );
  if (events.missed > 0) found.push(`${events.missed} tabs were not told of a logout`);
  if (!(events.p99 <= EVENT_P99_MS)) found.push(`a tab was told after ${ms(events.p99)} (p99)`);
  return found;
}
