import { Command } from 'commander';
import { randomBytes } from 'node:crypto';
import { sha256 } from '../crypto/kdf.js';
import { randomToken } from '../crypto/random.js';
import type { CliIo } from './cli-io.js';

interface GenerateOptions {
  readonly service?: boolean;
}

/**
 * `vestibule keys generate`: a new server key, alone on standard output so that it can be piped; with `--service` the
 * secret of an internal service and the hash of it.
 */
export function keysGenerateCommand(io: CliIo): Command {
  return new Command('generate')
    .description('print a new server key for SESSION_KEYS, or a secret for a service')
    .option('--service', 'a secret for an internal service, and its hash')
    .action(({ service = false }: GenerateOptions) => {
      if (service) return printServiceSecret(io);
      io.stdout(`${newKid(io.clock.now())}:${randomToken()}\n`);
      io.stderr(
        'Set SESSION_KEYS to this line. To rotate, put it in front of the others with a comma; remove the old one after SESSION_ABSOLUTE has passed.\n',
      );
      io.exit(0);
    });
}

/** The secret and its hash, a line each (config/values/service-secret.ts reads the second). */
function printServiceSecret(io: CliIo): void {
  const secret = randomToken();
  io.stdout(`${secret}\nsha256:${sha256(secret)}\n`);
  io.stderr(
    'The first line is the secret: give it to the service and to nobody else. The second line is its hash: set it as the secret of the service in the configuration of Vestibule, which never needs the first.\n',
  );
  io.exit(0);
}

/** Names the day (UTC), so that an operator sees the age of a key; the rest tells keys of one day apart. */
function newKid(now: number): string {
  const day = new Date(now).toISOString().slice(0, 10).replaceAll('-', '');
  return `k${day}-${randomBytes(2).toString('hex')}`;
}
