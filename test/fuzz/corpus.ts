import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const FOLDER = new URL('corpus/', import.meta.url);

/** Inputs of one target that once took a way through the product that none before had taken, or that were findings. */
export function kept(name: string): readonly unknown[] {
  const file = fileOf(name);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as unknown[]) : [];
}

/** Longer ones are not worth their room: what is long is easily made anew. */
const LONGEST = 3_000;

/** Adds inputs to what is kept: findings before all others, so that the next run begins with them, however long they are. */
export function keep(
  name: string,
  { findings = [], news = [] }: { readonly [kind in 'findings' | 'news']?: readonly unknown[] },
): void {
  if (findings.length + news.length === 0) return;
  const before = new Set(kept(name).map(asLine));
  const added = news.map(asLine).filter((line) => line.length <= LONGEST);
  const lines = new Set([...findings.map(asLine), ...before, ...added]);
  writeFileSync(fileOf(name), `[\n${[...lines].filter(hasNoKey).join(',\n')}\n]\n`);
}

function asLine(input: unknown): string {
  return JSON.stringify(input);
}

/** A private key is made anew in each run, and looks in a repository like one that got lost. */
function hasNoKey(line: string): boolean {
  return !/PRIVATE KEY|\\"d\\"/.test(line);
}

function fileOf(name: string): URL {
  return new URL(`${name.replaceAll(/[^a-z0-9]+/g, '-')}.json`, FOLDER);
}
