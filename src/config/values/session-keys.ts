import type { ServerKey } from '../../crypto/key-ring.js';
import { z } from 'zod';
import { accept, refuse, valueType, type Judged, type ValueType } from './value-type.js';

const KEY_BYTES = 32;
const KID = /^[A-Za-z0-9_-]{1,32}$/;
const BASE64URL = /^[A-Za-z0-9_-]{43}=?$/;
const GENERATE = 'run `vestibule keys generate`';

/** The ring of server keys, `kid:base64url` each, 256 bits; the first one seals, all of them open. */
export const sessionKeys: ValueType<readonly ServerKey[]> = valueType({
  label: 'a list of kid:base64url',
  remedy: GENERATE,
  secret: true,
  input: z.union([z.string(), z.array(z.string())]),
  judge: (given): Judged<readonly ServerKey[]> => {
    const entries = (typeof given === 'string' ? given.split(',') : given)
      .map((entry) => entry.trim())
      .filter((entry) => entry !== '');
    return entries.length === 0 ? refuse('holds no key') : judgeKeys(entries);
  },
});

function judgeKeys(entries: readonly string[]): Judged<readonly ServerKey[]> {
  const keys: ServerKey[] = [];
  for (const [at, entry] of entries.entries()) {
    const judged = judgeKey(entry, `entry ${at + 1}`);
    if (judged.kind === 'refused') return judged;
    const { kid, secret } = judged.value;
    if (keys.some((key) => key.kid === kid)) {
      return refuse(`entry ${at + 1} has the kid of an earlier one`, 'give every key its own kid');
    }
    if (keys.some((key) => key.secret.equals(secret))) {
      return refuse(`entry ${at + 1} has the secret of an earlier one`, GENERATE);
    }
    keys.push(judged.value);
  }
  return accept(keys);
}

function judgeKey(entry: string, name: string): Judged<ServerKey> {
  const colon = entry.indexOf(':');
  if (colon === -1) return refuse(`${name} has no kid (kid:base64url)`);
  const kid = entry.slice(0, colon);
  const encoded = entry.slice(colon + 1);
  if (!KID.test(kid)) {
    return refuse(`${name} has a kid that is not 1 to 32 letters, digits, '-' or '_'`);
  }
  const secret = Buffer.from(encoded, 'base64url');
  if (!BASE64URL.test(encoded) || secret.length !== KEY_BYTES) {
    return refuse(`${name} is not ${KEY_BYTES} bytes of base64url`);
  }
  return accept({ kid, secret });
}
