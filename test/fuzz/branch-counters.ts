import { existsSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = new URL('../..', import.meta.url).pathname;

/** What istanbul counts: for each branch of a file the number of times that each of its ways was taken. */
interface FileCoverage {
  readonly b: Readonly<Record<string, readonly number[]>>;
}

/**
 * Counts the ways through some files that were taken so far. Undefined where nothing is counted, because the run was
 * not asked for coverage.
 * @throws Error for a file that is not there any more: its branches would be counted nowhere
 */
export function branchCounter(files: readonly string[]): () => number | undefined {
  const paths = files.map((file) => join(ROOT, 'src', file));
  const gone = paths.find((path) => !existsSync(path));
  if (gone !== undefined) throw new Error(`there is no ${gone}`);
  return () => {
    const all = Reflect.get(globalThis, '__coverage__') as
      Readonly<Record<string, FileCoverage>> | undefined;
    if (all === undefined) return undefined;
    let taken = 0;
    for (const path of paths) {
      const ways = all[path]?.b;
      for (const id in ways) for (const count of ways[id] ?? []) if (count > 0) taken += 1;
    }
    return taken;
  };
}
