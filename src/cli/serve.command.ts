import { Command } from 'commander';
import type { CliIo } from './cli-io.js';
import { loadOrExplain } from './load-or-explain.js';

/** `vestibule`, `vestibule serve`: runs the server. */
export function serveCommand(io: CliIo): Command {
  return new Command('serve').description('run the server').action(async () => {
    const loaded = loadOrExplain(io);
    if (loaded !== undefined) await io.serve(loaded.config, loaded.notices);
  });
}
