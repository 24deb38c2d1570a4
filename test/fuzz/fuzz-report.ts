import { relative } from 'node:path';

/** What came of one target, as it was reported. */
export interface Outcome {
  readonly name: string;
  readonly files: readonly string[];
  readonly inputs: number;
  readonly ms: number;
  readonly finding?: string;
}

interface FileCoverage {
  readonly branchMap: Readonly<
    Record<string, { readonly loc: { readonly start: { readonly line: number } } }>
  >;
  readonly b: Readonly<Record<string, readonly number[]>>;
}

interface Branches {
  readonly file: string;
  readonly taken: number;
  readonly all: number;
  /** Lines with a way that was not taken. */
  readonly missed: readonly number[];
}

const SRC = new URL('../../src', import.meta.url).pathname;
const PERCENT = 100;
const FIRST = 52;
const NUMBER = 12;

/** The branches of the files that some target is after, one file a line. */
export function branchTable(coverage: string, outcomes: readonly Outcome[]): string {
  const wanted = new Set(outcomes.flatMap(({ files }) => files));
  const all = Object.entries(JSON.parse(coverage) as Record<string, FileCoverage>)
    .map(([path, one]) => branchesOf(relative(SRC, path), one))
    .filter(({ file }) => wanted.has(file))
    .toSorted((a, b) => a.file.localeCompare(b.file));
  const lines = all.map(({ file, taken, all: of, missed }) =>
    [
      file.padEnd(FIRST),
      share(taken, of),
      missed.length === 0 ? '' : `  lines ${missed.join(', ')}`,
    ].join(''),
  );
  const [taken, of] = [sum(all.map((one) => one.taken)), sum(all.map((one) => one.all))];
  return ['', 'Branches', ...lines, `${'in all'.padEnd(FIRST)}${share(taken, of)}`].join('\n');
}

/** What was thrown at each target, and the closing line. */
export function outcomeTable(outcomes: readonly Outcome[]): string {
  const lines = outcomes.map(({ name, inputs, ms, finding }) =>
    [
      name.padEnd(FIRST),
      written(inputs),
      written(Math.round(ms / 1_000)),
      finding === undefined ? '' : '  FINDING',
    ].join(''),
  );
  const findings = outcomes.filter(({ finding }) => finding !== undefined);
  return [
    '',
    `${'Target'.padEnd(FIRST)}${'inputs'.padStart(NUMBER)}${'seconds'.padStart(NUMBER)}`,
    ...lines,
    ...findings.map(({ name, finding }) => `\n${name}\n${finding ?? ''}`),
    '',
    `${outcomes.length} targets, ${written(sum(outcomes.map(({ inputs }) => inputs))).trim()} inputs, ${findings.length} findings`,
  ].join('\n');
}

function branchesOf(file: string, { branchMap, b }: FileCoverage): Branches {
  const ways = Object.entries(b).flatMap(([id, counts]) =>
    counts.map((count) => ({ count, line: branchMap[id]?.loc.start.line ?? 0 })),
  );
  const missed = ways.filter(({ count }) => count === 0).map(({ line }) => line);
  return {
    file,
    taken: ways.length - missed.length,
    all: ways.length,
    missed: [...new Set(missed)],
  };
}

function share(taken: number, all: number): string {
  const percent = all === 0 ? PERCENT : (taken / all) * PERCENT;
  return `${`${taken}/${all}`.padStart(NUMBER)}${`${percent.toFixed(1)} %`.padStart(NUMBER)}`;
}

function written(number: number): string {
  return number.toLocaleString('en').padStart(NUMBER);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}
