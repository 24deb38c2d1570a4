import { createHash } from 'node:crypto';
import { z } from 'zod';
import { accept, refuse, secretOf, valueType, type Judged, type ValueType } from './value-type.js';

const HASHED = /^sha256:([A-Za-z0-9_-]{43})$/;
const PLAIN = /^[\x21-\x7e]{32,512}$/;

/**
 * The secret of a service, kept as its SHA-256. It is random and long, so that a plain hash protects it: guessing is
 * what slow hashes are for.
 */
export const serviceSecret: ValueType<Buffer> = secretOf(
  valueType({
    label: 'a secret of 32 or more visible characters, or sha256: and its hash in base64url',
    remedy: 'run `vestibule keys generate --service`: it prints a secret and its hash',
    input: z.string(),
    judge: (given): Judged<Buffer> => {
      const [, hash] = HASHED.exec(given) ?? [];
      if (hash !== undefined) return accept(Buffer.from(hash, 'base64url'));
      if (given.startsWith('sha256:')) return refuse('is no SHA-256 in base64url (43 characters)');
      return PLAIN.test(given)
        ? accept(createHash('sha256').update(given).digest())
        : refuse('must be 32 to 512 visible ASCII characters');
    },
  }),
);
