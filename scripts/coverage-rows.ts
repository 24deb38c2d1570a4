/**
 * Holds the rows of the catalogues (test/rows) against the titles of the tests, says how many are covered, and writes
 * test/ROWS.md. Exits 1 when a row that must be covered is open, a row is covered and excused, or a title names none.
 *
 * Usage: node scripts/coverage-rows.ts
 */
import { writeFileSync } from 'node:fs';
import type { RowState } from '../test/rows/coverage.ts';
import { REASONS } from '../test/rows/row.types.ts';
import { reportRows, ROWS_DOCUMENT } from '../test/rows/rows.ts';

const { attacks, conformance, faults, open, document } = reportRows();

function tell(catalogue: string, states: readonly RowState[]): void {
  const excused = states.filter(({ files, excuses }) => files.length === 0 && excuses.length > 0);
  const covered = states.filter(({ files }) => files.length > 0).length;
  const reasons = REASONS.map((reason) => {
    const count = excused.filter(({ excuses }) => excuses[0]?.reason === reason).length;
    return `${reason}: ${count}`;
  });
  const left = states.length - excused.length;
  console.log(
    `${catalogue}: ${states.length} rows; ${left} apply, ${covered} of them covered, ${left - covered} open; ` +
      `${excused.length} do not apply (${reasons.join(', ')})`,
  );
}

tell('attacks', attacks);
tell('conformance', conformance);
for (const { row } of open) console.log(`open: ${row.id} ${row.name}`);
for (const fault of faults.filter((text) => !text.includes(' is open: '))) console.error(fault);
if (faults.length > 0) process.exitCode = 1;
writeFileSync(ROWS_DOCUMENT, document);
