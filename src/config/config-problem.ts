/**
 * One thing wrong with the configuration, said so that an operator can act on it.
 * No text of it ever holds a configured value: any value may be a secret in the wrong place.
 */
export interface ConfigProblem {
  /** The environment variable, or the path in the configuration file (`providers[0].issuer`). */
  readonly key: string;
  readonly fault: string;
  readonly remedy: string;
}

/** Exit code of a process that refuses its configuration (EX_CONFIG of sysexits.h). */
export const EXIT_CONFIG = 78;

/** One line for people. */
export function formatProblem({ key, fault, remedy }: ConfigProblem): string {
  return `${key}: ${fault}. Remedy: ${remedy}${remedy.endsWith('?') ? '' : '.'}`;
}
