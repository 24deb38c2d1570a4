import { markdownTable } from '../generated-table.js';
import type { Lie } from './lie.types.js';
import type { AskedCall } from './scene.js';

export interface Outcome {
  /** The paragraph above the table. */
  readonly section: string;
  readonly teller: string;
  readonly answer: string;
  readonly afterwards: readonly AskedCall[];
}

interface Line {
  readonly rows: readonly string[];
  readonly answers: Set<string>;
  readonly calls: Map<string, string>;
}

/** What really became of every lie, as tables. */
export class LieTable {
  private readonly sections = new Map<string, Map<string, Line>>();

  add(
    { rows, lie }: Pick<Lie<unknown>, 'rows' | 'lie'>,
    { section, teller, answer, afterwards }: Outcome,
  ): void {
    const lines = this.sections.get(section) ?? new Map<string, Line>();
    this.sections.set(section, lines);
    const line = lines.get(lie) ?? { rows, answers: new Set(), calls: new Map() };
    lines.set(lie, line);
    line.answers.add(answer);
    line.calls.set(teller, afterwards.map(({ what }) => what).join(', ') || 'none');
  }

  /** How many lies were told, counting each provider that told one. */
  get told(): number {
    const lines = [...this.sections.values()].flatMap((section) => [...section.values()]);
    return lines.reduce((sum, { calls }) => sum + calls.size, 0);
  }

  /** Every row of the catalogues that some lie stands for. */
  get rows(): ReadonlySet<string> {
    const lines = [...this.sections.values()].flatMap((section) => [...section.values()]);
    return new Set(lines.flatMap(({ rows }) => rows));
  }

  render(): string {
    const parts = [...this.sections].map(([title, lines]) => `${title}\n\n${tableOf(lines)}`);
    return parts.join('\n\n');
  }
}

function tableOf(lines: ReadonlyMap<string, Line>): string {
  const tellers = [...new Set([...lines.values()].flatMap(({ calls }) => [...calls.keys()]))];
  const columns =
    tellers.length === 1
      ? ['calls afterwards']
      : tellers.map((teller) => `calls afterwards: ${teller}`);
  return markdownTable(
    ['rows', 'lie', 'answer', ...columns],
    [...lines].map(([lie, { rows, answers, calls }]) => [
      rows.join(', '),
      lie,
      [...answers].join(' / '),
      ...tellers.map((teller) => calls.get(teller) ?? '–'),
    ]),
  );
}
