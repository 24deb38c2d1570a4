import { Command } from 'commander';
import { randomBytes } from 'node:crypto';
import { randomToken } from '../crypto/random.js';
import type { CliIo } from './cli-io.js';

/** `vestibule keys generate`: a new server key, alone on standard output so that it can be piped. */
export function keysGenerateCommand(io: CliIo): Command {
  return new Command('generate')
    .description('print a new server key for SESSION_KEYS')
    .action(() => {
      io.stdout(`${newKid(io.clock.now())}:${randomToken()}\n`);
      io.stderr(
        'Set SESSION_KEYS to this line. To rotate, put it in front of the others with a comma; remove the old one after SESSION_ABSOLUTE has passed.\n',
      );
      io.exit(0);
    });
}

/** Names the day (UTC), so that an operator sees the age of a key; the rest tells keys of one day apart. */
function newKid(now: number): string {
  const day = new Date(now).toISOString().slice(0, 10).replaceAll('-', '');
  return `k${day}-${randomBytes(2).toString('hex')}`;
}
