import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const FOLDER = new URL('corpus/', import.meta.url);

/** Inputs of one target that once took a way through the product that none before had taken, or that were findings. */
export function kept(name: string): readonly unknown[] {
  const file = fileOf(name);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as unknown[]) : [];
}

/** Longer ones are not worth their room: what is long is easily made anew. */
const LONGEST = 3_000;

/** Adds inputs to what is kept. */
export function keep(name: string, inputs: readonly unknown[]): void {
  const lines = [...kept(name), ...inputs]
    .map((input) => JSON.stringify(input))
    .filter(isWorthKeeping);
  if (lines.length === 0) return;
  writeFileSync(fileOf(name), `[\n${[...new Set(lines)].join(',\n')}\n]\n`);
}

/** A private key is made anew in each run, and looks in a repository like one that got lost. */
function isWorthKeeping(line: string): boolean {
  return line.length <= LONGEST && !/PRIVATE KEY|\\"d\\"/.test(line);
}

function fileOf(name: string): URL {
  return new URL(`${name.replaceAll(/[^a-z0-9]+/g, '-')}.json`, FOLDER);
}
