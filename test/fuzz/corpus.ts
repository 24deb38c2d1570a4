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
  const short = inputs.filter((input) => JSON.stringify(input).length <= LONGEST);
  if (short.length === 0) return;
  const lines = [...kept(name), ...short].map((input) => JSON.stringify(input));
  writeFileSync(fileOf(name), `[\n${[...new Set(lines)].join(',\n')}\n]\n`);
}

function fileOf(name: string): URL {
  return new URL(`${name.replaceAll(/[^a-z0-9]+/g, '-')}.json`, FOLDER);
}
