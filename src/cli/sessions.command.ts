import { Command } from 'commander';
import type { CliIo } from './cli-io.js';
import { loadOrExplain } from './load-or-explain.js';

interface SubjectOptions {
  readonly sub: string;
  readonly provider?: string;
  readonly json?: boolean;
}

/** `vestibule sessions list|revoke`: what an operator does without a browser, straight on the store. */
export function sessionsCommand(io: CliIo): Command {
  return new Command('sessions')
    .description('sessions in the store')
    .addCommand(listCommand(io))
    .addCommand(revokeCommand(io));
}

function listCommand(io: CliIo): Command {
  return new Command('list')
    .description("a user's live sessions, newest first")
    .requiredOption('--sub <subject>', "the user's subject at the provider")
    .option('--provider <id>', 'the provider, where several are configured')
    .option('--json', 'one JSON object a line')
    .action(async (options: SubjectOptions) => {
      const admin = await openAdmin(io);
      if (admin === undefined) return;
      try {
        const devices = await admin.list(options.sub, options.provider);
        for (const device of devices)
          io.stdout(`${options.json === true ? JSON.stringify(device) : line(device)}\n`);
        io.stderr(`${devices.length} session(s)\n`);
      } finally {
        await admin.close();
      }
    });
}

function revokeCommand(io: CliIo): Command {
  return new Command('revoke')
    .description("end one session, or all of a user's")
    .option('--session <session_id>', 'the session, as `list` shows it')
    .option('--sub <subject>', 'all sessions of this user')
    .option('--provider <id>', 'the provider, where several are configured')
    .action(async (options: Partial<SubjectOptions> & { readonly session?: string }) => {
      if ((options.session === undefined) === (options.sub === undefined)) {
        io.stderr('Name either --session or --sub.\n');
        io.exit(2);
        return;
      }
      const admin = await openAdmin(io);
      if (admin === undefined) return;
      try {
        const ended =
          options.session === undefined
            ? await admin.endAll(options.sub ?? '', options.provider)
            : await admin.endOne(options.session);
        io.stdout(`${ended} session(s) ended\n`);
      } finally {
        await admin.close();
      }
    });
}

/** Undefined after it was explained why there is nothing to administer. */
async function openAdmin(io: CliIo): ReturnType<CliIo['openSessions']> {
  const loaded = loadOrExplain(io);
  if (loaded === undefined) return undefined;
  const admin = await io.openSessions(loaded.config);
  if (admin === undefined) {
    io.stderr(
      'Sessions live in the memory of the running process; set REDIS_URL to administer them.\n',
    );
    io.exit(1);
  }
  return admin;
}

function line(device: Readonly<Record<string, string>>): string {
  return [
    device['session_id'],
    device['provider'],
    device['created_at'],
    device['last_seen_at'],
    device['client'],
  ].join('\t');
}
