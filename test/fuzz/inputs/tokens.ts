import { createHmac, createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto';
import * as fc from 'fast-check';
import { changedObject, type JsonObject } from './json-values.js';
import { changed } from './texts.js';

/** A JWT before it is signed, and what happens to it afterwards. */
export interface Forgery {
  readonly header: JsonObject;
  readonly claims: JsonObject;
  /** By the provider, by somebody else, by nobody, or with the public key as a secret. */
  readonly signer: 'provider' | 'stranger' | 'nobody' | 'secret';
  /** A change of the finished token, in its three parts; '{}' stands for it. */
  readonly text: string;
}

/** The same in every run, so that an input that was kept says the same: RFC 8410 §7 before 32 equal bytes. */
function keyOf(byte: number): KeyObject {
  const head = Buffer.from('302e020100300506032b657004220420', 'hex');
  const key = Buffer.concat([head, Buffer.alloc(32, byte)]);
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
}

const provider = keyOf(1);
const stranger = keyOf(2);
export const CLIENT_SECRET = 'a-secret-of-the-client-of-32-bytes-and-more';
export const PUBLIC_JWK = {
  ...createPublicKey(provider).export({ format: 'jwk' }),
  kid: 'k1',
  alg: 'EdDSA',
  use: 'sig',
};

const HEADERS = {
  alg: ['EdDSA', 'none', 'None', 'HS256', 'RS256', 'ES256', 'Ed25519', '', null],
  kid: ['k1', 'k2', '', '../k1', 1, ['k1']],
  typ: ['JWT', 'logout+jwt', 'at+jwt', 'application/at+jwt', 'identity+jwt', 'secevent+jwt', 1],
  crit: [[], ['b64'], ['exp'], 'b64', ['x']],
  b64: [false, true],
  jwk: [PUBLIC_JWK],
  jku: ['https://evil.example/jwks'],
  x5c: [['AA==']],
  zip: ['DEF'],
};

/** Tokens near a good one: other claims, another header, another signer, or changed when they are finished. */
export function forgeries(
  good: JsonObject,
  others: Readonly<Record<string, readonly unknown[]>>,
  header: JsonObject = { alg: 'EdDSA', kid: 'k1' },
): fc.Arbitrary<Forgery> {
  return fc.record({
    header: fc.oneof(
      { weight: 3, arbitrary: fc.constant(header) },
      { weight: 1, arbitrary: changedObject(header, HEADERS) },
    ),
    claims: changedObject(good, others),
    signer: fc.constantFrom<Forgery['signer'][]>(
      ...([
        'provider',
        'provider',
        'provider',
        'provider',
        'provider',
        'provider',
        'stranger',
        'nobody',
        'secret',
      ] as const),
    ),
    text: fc.oneof(
      { weight: 6, arbitrary: fc.constant('{}') },
      { weight: 1, arbitrary: changed(['{}', '{}.', '.{}', '{}.{}', 'e30.e30.e30', '.....'], 2) },
    ),
  });
}

/** The token; it is a true one of the provider where it is signed by it and was left alone afterwards. */
export function forged({ header, claims, signer, text }: Forgery): string {
  const input = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return text.replaceAll('{}', () => `${input}.${signatureOf(signer, input)}`);
}

function signatureOf(signer: Forgery['signer'], input: string): string {
  switch (signer) {
    case 'provider':
      return signedBy(provider, input);
    case 'stranger':
      return signedBy(stranger, input);
    case 'nobody':
      return '';
    case 'secret':
      return createHmac('sha256', CLIENT_SECRET).update(input).digest('base64url');
  }
}

function signedBy(key: KeyObject, input: string): string {
  return sign(null, Buffer.from(input), key).toString('base64url');
}

/**
 * Whether a finished token still is what was signed. Behind the signature there may be padding and blanks, over which the
 * library reads: the bytes that were signed, and those of the signature, are the same.
 */
export function isIntact(text: string): boolean {
  return /^\{\}[\s=]*$/.test(text);
}

/** Whether a token that is forged like this may be believed at all with this algorithm. */
export function isSigned({ header, signer, text }: Forgery, algorithm: 'EdDSA' | 'HS256'): boolean {
  return (
    isIntact(text) &&
    header['alg'] === algorithm &&
    signer === (algorithm === 'EdDSA' ? 'provider' : 'secret')
  );
}
