import { Command, CommanderError } from 'commander';
import type { CliIo } from './cli-io.js';
import { configCheckCommand } from './config-check.command.js';
import { keysGenerateCommand } from './keys-generate.command.js';
import { sessionsCommand } from './sessions.command.js';
import { serveCommand } from './serve.command.js';

/** The command line. Throws CommanderError where commander itself would end the process. */
export function buildProgram(io: CliIo): Command {
  const program = new Command('vestibule')
    .description('A backend-for-frontend login proxy: one httpOnly cookie outside, tokens inside.')
    .version(io.version);
  program.addCommand(serveCommand(io), { isDefault: true });
  program.addCommand(
    new Command('config').description('the configuration').addCommand(configCheckCommand(io)),
  );
  program.addCommand(
    new Command('keys').description('server keys').addCommand(keysGenerateCommand(io)),
  );
  program.addCommand(sessionsCommand(io));
  for (const command of withSubcommands(program)) {
    command.exitOverride().configureOutput({ writeOut: io.stdout, writeErr: io.stderr });
  }
  return program;
}

/** `addCommand` hands nothing down, so every command gets its settings by itself. */
function withSubcommands(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap((child) => withSubcommands(child))];
}

/** Runs one command line (without node and script); never throws, sets the exit code instead. */
export async function runProgram(args: readonly string[], io: CliIo): Promise<void> {
  try {
    await buildProgram(io).parseAsync([...args], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      io.exit(error.exitCode);
      return;
    }
    io.stderr(`vestibule could not start: ${describe(error)}\n`);
    io.exit(1);
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : 'unknown reason';
}
