import { join } from 'node:path';
import { ATTACKS } from './attacks.ts';
import { CONFORMANCE } from './conformance.ts';
import { judgeCoverage, type Coverage, type RowState } from './coverage.ts';
import { EXCUSES } from './excuses.ts';
import { renderRows } from './rows-document.ts';
import { readTitles } from './test-titles.ts';

/** Where the table of all rows is written. */
export const ROWS_DOCUMENT = join(import.meta.dirname, '../ROWS.md');

export interface RowsReport extends Coverage {
  readonly attacks: readonly RowState[];
  readonly conformance: readonly RowState[];
  /** What ROWS.md should be. */
  readonly document: string;
}

/** Both catalogues held against the tests as they are now. */
export function reportRows(): RowsReport {
  const coverage = judgeCoverage([...ATTACKS, ...CONFORMANCE], readTitles(), EXCUSES);
  const attacks = coverage.states.slice(0, ATTACKS.length);
  const conformance = coverage.states.slice(ATTACKS.length);
  return { ...coverage, attacks, conformance, document: renderRows(attacks, conformance) };
}
