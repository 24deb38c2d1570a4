import { EXIT_CONFIG, formatProblem } from '../config/config-problem.js';
import { loadConfig, type LoadedConfig } from '../config/load-config.js';
import type { CliIo } from './cli-io.js';

/** The configuration, or undefined after every problem was printed and the exit code set to 78. */
export function loadOrExplain(io: CliIo): Extract<LoadedConfig, { kind: 'ok' }> | undefined {
  const loaded = loadConfig(io.env, io.readFile, io.isDirectory);
  if (loaded.kind === 'ok') return loaded;
  for (const problem of loaded.problems) io.stderr(`${formatProblem(problem)}\n`);
  io.exit(EXIT_CONFIG);
  return undefined;
}
