import { unescapeHtml } from './html-page.js';

export type SecretKind =
  | 'access token'
  | 'refresh token'
  | 'id token'
  | 'code'
  | 'verifier'
  | 'state'
  | 'session id'
  | 'session cookie'
  | 'browser binding'
  | 'logout token'
  | 'client secret'
  | 'client assertion'
  | 'private key'
  | 'session key';

export interface Secret {
  readonly kind: SecretKind;
  readonly value: string;
}

/** A text that somebody may read, and the kinds of secrets that may stand in just this text. */
export interface Exposure {
  readonly where: string;
  readonly text: string;
  readonly allowed?: ReadonlySet<SecretKind>;
}

export interface Leak {
  readonly kind: SecretKind;
  readonly where: string;
  /** How the secret was written: `plain`, `base64` or `hex`. */
  readonly form: string;
}

/** Half of what is found at the least: any stretch of twice this length holds a whole piece. */
const PIECE = 16;

/**
 * Finds secrets, or parts of 31 characters and more of them, in what others can read: as they are,
 * percent-encoded (twice as well), HTML- or JSON-escaped, in base64 or base64url at any offset, in hex.
 */
export function findLeaks(exposures: Iterable<Exposure>, secrets: Iterable<Secret>): Leak[] {
  const known = [...secrets];
  const pieces = piecesOf(known);
  const whole = new Set(known.map(({ kind, value }) => `${kind}:${value}`));
  const leaks = new Map<string, Leak>();
  for (const { where, text, allowed } of exposures) {
    // Two JWTs of one provider share stretches of their claims: one that may stand here is not taken for the other.
    if ([...(allowed ?? [])].some((kind) => whole.has(`${kind}:${text}`))) continue;
    for (const variant of variantsOf(text)) {
      for (let at = 0; at + PIECE <= variant.length; at += 1) {
        const found = pieces.get(variant.slice(at, at + PIECE));
        if (found === undefined || allowed?.has(found.kind) === true) continue;
        leaks.set(`${found.kind} ${where}`, { ...found, where });
      }
    }
  }
  return [...leaks.values()];
}

function piecesOf(secrets: Iterable<Secret>): Map<string, Omit<Leak, 'where'>> {
  const pieces = new Map<string, Omit<Leak, 'where'>>();
  for (const { kind, value } of secrets) {
    if (value.length < PIECE)
      throw new RangeError(`a ${kind} of ${value.length} characters is too short to be looked for`);
    for (const [form, text] of formsOf(secretPart(value))) {
      for (let at = 0; at + PIECE <= text.length; at += PIECE)
        pieces.set(text.slice(at, at + PIECE), { kind, form });
      pieces.set(text.slice(-PIECE), { kind, form });
    }
  }
  return pieces;
}

/** The header of a JWT is the same for all and says nothing. */
function secretPart(value: string): string {
  return value.startsWith('eyJ') && value.includes('.')
    ? value.slice(value.indexOf('.') + 1)
    : value;
}

function* formsOf(value: string): Iterable<readonly [string, string]> {
  yield ['plain', value];
  const hex = Buffer.from(value).toString('hex');
  yield ['hex', hex];
  yield ['hex', hex.toUpperCase()];
  // A key is raw bytes, which may be written otherwise than the configuration writes them.
  const bytes = Buffer.from(value, 'base64url');
  if (bytes.toString('base64url') === value) {
    yield ['hex', bytes.toString('hex')];
    yield ['base64', bytes.toString('base64')];
  }
  for (const offset of [0, 1, 2]) {
    const shifted = Buffer.concat([Buffer.alloc(offset), Buffer.from(value)]);
    const whole = shifted.subarray(0, shifted.length - (shifted.length % 3));
    // The characters that share bits with what stands before belong to nobody.
    const start = Math.ceil((offset * 8) / 6);
    yield ['base64', whole.toString('base64').slice(start)];
    yield ['base64', whole.toString('base64url').slice(start)];
  }
}

function variantsOf(text: string): ReadonlySet<string> {
  const once = percentDecoded(text);
  return new Set([text, once, percentDecoded(once), unescapeHtml(text), jsonUnescaped(text)]);
}

function percentDecoded(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_whole, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

function jsonUnescaped(text: string): string {
  return text
    .replace(/\\u([0-9a-f]{4})/gi, (_whole, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    )
    .replace(/\\([/"\\])/g, '$1');
}
