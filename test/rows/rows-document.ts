import type { RowState } from './coverage.ts';

const HEAD = `# Rows of the catalogues

What an attack catalogue (ATK-…) and a conformance catalogue (A-… to R-…) ask of a proxy like this one, and which tests name
each row in their titles. \`npm run coverage:rows\` writes this file; \`test/architecture/rows.spec.ts\` compares it at every
run. Names, priorities and excuses are data in [test/rows](rows).
`;

/** The text of test/ROWS.md: a line for each row. */
export function renderRows(attacks: readonly RowState[], conformance: readonly RowState[]): string {
  return `${HEAD}
<!-- prettier-ignore-start -->

## Attacks

| row | priority | name | tests |
| --- | --- | --- | --- |
${attacks.map((state) => line(state, [state.row.id, priorityOf(state), state.row.name])).join('\n')}

## Conformance and reliability

| row | name | tests |
| --- | --- | --- |
${conformance.map((state) => line(state, [state.row.id, state.row.name])).join('\n')}

<!-- prettier-ignore-end -->
`;
}

function line(state: RowState, cells: readonly string[]): string {
  return `| ${[...cells, testsOf(state)].join(' | ')} |`;
}

function priorityOf({ row }: RowState): string {
  return 'priority' in row ? String(row.priority) : '';
}

/** `e2e/login`; then what is left out and why. */
function testsOf({ files, excuses }: RowState): string {
  const names = files.map((file) => file.replace(/^test\//, '').replace(/(?:\.spec)?\.ts$/, ''));
  const left = excuses.map(
    ({ part, reason, note }) => `_${reason}${part === undefined ? '' : ` (${part})`}: ${note}_`,
  );
  return [names.join(', '), ...left].filter((text) => text !== '').join('; ') || '**open**';
}
