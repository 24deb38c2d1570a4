import { readFileSync, writeFileSync } from 'node:fs';

type Cells = readonly string[];

const ROOT = new URL('../../', import.meta.url);

/** What stands in a document between two markers, and what should. */
export interface GeneratedBlock {
  readonly documented: string;
  readonly found: string;
}

/** A table of Markdown; what would end a cell is escaped. */
export function markdownTable(header: Cells, rows: readonly Cells[]): string {
  return [header, header.map(() => '---'), ...rows].map(lineOf).join('\n');
}

/**
 * Compares what tests found out with a document of the repository, between `<!-- name:begin -->` and
 * `<!-- name:end -->`: expect the two to be the same. With `UPDATE_TABLES=1` it is written first.
 */
export function generatedBlock(document: string, name: string, content: string): GeneratedBlock {
  const path = new URL(document, ROOT);
  const found = `\n<!-- prettier-ignore-start -->\n\n${content}\n\n<!-- prettier-ignore-end -->\n`;
  const text = readFileSync(path, 'utf8');
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const [from, to] = [text.indexOf(begin) + begin.length, text.indexOf(end)];
  if (!text.includes(begin) || to < from) throw new Error(`${document} needs ${begin} and ${end}`);
  if (process.env['UPDATE_TABLES'] !== '1') return { documented: text.slice(from, to), found };
  writeFileSync(path, `${text.slice(0, from)}${found}${text.slice(to)}`);
  return { documented: found, found };
}

function lineOf(cells: Cells): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`;
}
