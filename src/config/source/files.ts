import type { Report } from '../report.js';

export type ReadFile = (path: string) => string;
export type IsDirectory = (path: string) => boolean;

/** The text of a file that the operator named, or undefined after saying why not. */
export function readNamedFile(
  readFile: ReadFile,
  path: string,
  key: string,
  report: Report,
): string | undefined {
  try {
    return readFile(path);
  } catch (error) {
    report.problem(
      key,
      `names a file that cannot be read (${codeOf(error)})`,
      'check the path and who may read it',
    );
    return undefined;
  }
}

function codeOf(error: unknown): string {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : 'unknown reason';
}
