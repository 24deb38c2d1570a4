import type { Excuse, Row } from './row.types.ts';
import { rowIdsIn } from './row-ids.ts';
import type { TestTitle } from './test-titles.ts';

export interface RowState {
  readonly row: Row;
  /** The files whose titles name it. */
  readonly files: readonly string[];
  /** Why none does, or why none does for a part of it. */
  readonly excuses: readonly Excuse[];
}

export interface Coverage {
  readonly states: readonly RowState[];
  /** What must not be; empty when all is well. */
  readonly faults: readonly string[];
  /** Neither named nor excused. */
  readonly open: readonly RowState[];
}

/** Holds the rows against the titles of the tests and the excuses. */
export function judgeCoverage(
  rows: readonly Row[],
  titles: readonly TestTitle[],
  excuses: readonly Excuse[],
): Coverage {
  const named = filesByRow(titles);
  const states = rows.map((row) => ({
    row,
    files: [...(named.get(row.id) ?? [])],
    excuses: excuses.filter((excuse) => excuse.rows.includes(row.id)),
  }));
  const known = new Set(rows.map(({ id }) => id));
  const open = states.filter(({ files, excuses: why }) => files.length === 0 && why.length === 0);
  return {
    states,
    open,
    faults: [
      ...[...named]
        .filter(([id]) => !known.has(id))
        .map(([id, files]) => `${id} is no row: ${[...files].join(', ')}`),
      ...excuses.flatMap((excuse) =>
        excuse.rows.filter((id) => !known.has(id)).map((id) => `${id} is excused and is no row`),
      ),
      ...states.flatMap(contradictions),
      ...open.filter(isRequired).map(({ row }) => `${row.id} is open: ${row.name}`),
    ],
  };
}

/** Of the attacks those of P0 and P1, of the conformance rows all. */
function isRequired({ row }: RowState): boolean {
  return !('priority' in row) || row.priority !== 'P2';
}

function contradictions({ row, files, excuses }: RowState): string[] {
  const whole = excuses.filter(({ part }) => part === undefined).length;
  const isNamed = files.length > 0;
  return [
    ...(isNamed && whole > 0 ? [`${row.id} is excused, and named by ${files.join(', ')}`] : []),
    ...(isNamed || excuses.length === whole ? [] : [`${row.id} is named by no test, in no part`]),
    ...(whole > 1 ? [`${row.id} is excused twice`] : []),
  ];
}

function filesByRow(titles: readonly TestTitle[]): Map<string, Set<string>> {
  const files = new Map<string, Set<string>>();
  for (const { file, text } of titles)
    for (const id of rowIdsIn(text)) files.set(id, (files.get(id) ?? new Set()).add(file));
  return files;
}
