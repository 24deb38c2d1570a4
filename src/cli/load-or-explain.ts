import { EXIT_CONFIG, formatProblem, type ConfigProblem } from '../config/config-problem.js';
import { loadConfig, type LoadedConfig } from '../config/load-config.js';
import type { CliIo } from './cli-io.js';

export type Loaded = Extract<LoadedConfig, { kind: 'ok' }>;

/** The configuration, or undefined after every problem was printed and the exit code set to 78. */
export function loadOrExplain(io: CliIo): Loaded | undefined {
  const loaded = loadConfig(io.env, io.readFile, io.isDirectory);
  if (loaded.kind === 'ok') return loaded;
  explain(loaded.problems, io);
  return undefined;
}

/** Prints every problem and sets the exit code. */
export function explain(problems: readonly ConfigProblem[], io: CliIo): void {
  for (const problem of problems) io.stderr(`${formatProblem(problem)}\n`);
  io.exit(EXIT_CONFIG);
}
