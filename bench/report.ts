import type { Base } from './contenders.ts';
import type { Result, Sample } from './rounds.ts';

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** One row of the table; rates per second, times in milliseconds. */
export interface Row {
  readonly name: string;
  readonly rate: number;
  readonly perCpuSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly base: Base;
  /** Median over the rounds of the ratio to the base in the same round. */
  readonly ratio: number;
  /** The same of what a processor second yields: steady on a machine that others use too. */
  readonly cpuRatio: number;
  readonly redisCommands: number | undefined;
  readonly thrownAway: number;
  /** The load's own core was full all the same: the rate is a lower bound. */
  readonly isBound: boolean;
}

const BASES: Readonly<Record<Base, string>> = { L1: 'L1 ', L2: 'L2 ', P2: 'P2 ' };
const FULL = 0.97;

export function rowsOf(results: readonly Result[]): readonly Row[] {
  return results.map(({ contender: { name, base }, samples, thrownAway }) => {
    const bases = results.find(({ contender }) => contender.name.startsWith(BASES[base]));
    const ratio = (value: (sample: Sample) => number): number =>
      median(
        samples.map((sample, round) => {
          const other = bases?.samples[round];
          return other === undefined ? Number.NaN : value(sample) / value(other);
        }),
      );
    const commands = samples.flatMap(({ redisCommands }) => redisCommands ?? []);
    return {
      name,
      rate: median(samples.map((sample) => sample.rate)),
      perCpuSecond: median(samples.map((sample) => sample.perCpuSecond)),
      p50Ms: median(samples.map((sample) => sample.p50Ms)),
      p99Ms: median(samples.map((sample) => sample.p99Ms)),
      base,
      ratio: ratio((sample) => sample.rate),
      cpuRatio: ratio((sample) => sample.perCpuSecond),
      redisCommands: commands.length === 0 ? undefined : median(commands),
      thrownAway,
      isBound: samples.some(({ otherCore }) => otherCore > FULL),
    };
  });
}

const HEAD = [
  'what',
  'requests/s',
  'per CPU second',
  'p50 ms',
  'p99 ms',
  'ratio',
  'CPU ratio',
  'Redis commands',
];

/** The rows as a Markdown table, which is read as well on a terminal. */
export function renderRows(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    row.name,
    `${row.isBound ? '≥ ' : ''}${thousands(row.rate)}`,
    thousands(row.perCpuSecond),
    row.p50Ms.toFixed(2),
    row.p99Ms.toFixed(2),
    `${row.ratio.toFixed(2)} of ${row.base}`,
    `${row.cpuRatio.toFixed(2)} of ${row.base}`,
    row.redisCommands?.toFixed(2) ?? '',
  ]);
  return renderTable(HEAD, cells);
}

export function renderTable(
  head: readonly string[],
  cells: readonly (readonly string[])[],
): string {
  const widths = head.map((title, at) =>
    Math.max(title.length, ...cells.map((row) => row[at]?.length ?? 0)),
  );
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join(' | ')} |`;
  const rule = `| ${widths.map((width, at) => (at === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [line(head), rule, ...cells.map(line)].join('\n');
}

function thousands(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
