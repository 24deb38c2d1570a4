/** Rows that a lie cannot reach: nobody outside can take the verifier out of a sealed transaction. */
const OUT_OF_REACH: ReadonlySet<string> = new Set(['D-06']);

/** Rows of the conformance and attack catalogues that are about what a provider, or who speaks in its name, says. */
export const ROWS: readonly string[] = [
  ...rows('A', 2, 3, 4, 5, 7, 9, 10, 11, 12, 15, 18, 28, 32, 33, 34, 42, 43),
  ...rows('C', ...from(9, 20)),
  ...rows('D', ...from(1, 21)),
  ...rows('E', 17, 18, 19, 21, 30, 33, 42),
  ...rows('F', ...from(1, 22)),
  ...rows('H', 2, 5, 6, 7, 14, 18, 19, 20, 21),
  ...rows('ATK', 28, 30, 32, 33, 34, 35, 36, 73, 77, 87, 102),
].filter((row) => !OUT_OF_REACH.has(row));

function rows(group: string, ...numbers: readonly number[]): string[] {
  return numbers.map((number) => `${group}-${String(number).padStart(2, '0')}`);
}

function from(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_none, at) => first + at);
}
