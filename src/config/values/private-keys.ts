import { createPrivateKey, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import type { PrivateJwk } from '../provider-config.types.js';
import { accept, refuse, secretOf, valueType, type Judged, type ValueType } from './value-type.js';

const PEM_BLOCK = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----/g;
const SHORTEST_RSA = 2_048;

const jwk = z.looseObject({
  kty: z.string(),
  d: z.string(),
  kid: z.string().optional(),
  alg: z.string().optional(),
});
const jwkSet = z.object({ keys: z.array(jwk) });

/**
 * Private keys: PEM (one block or several), a JWK (RFC 7517 §4) or a JWK Set (§5). The first is the one that
 * signs; those behind it are still good for reading what was encrypted to them.
 */
export const privateKeys: ValueType<readonly PrivateJwk[]> = secretOf(
  valueType({
    label: 'a private key in PEM, or as a JWK or JWK Set',
    remedy: 'give the private key (RSA of 2048 bits or more, EC or Ed25519), not the public one',
    input: z.string(),
    judge: (given): Judged<readonly PrivateJwk[]> => {
      if (given.includes('BEGIN ENCRYPTED PRIVATE KEY'))
        return refuse('holds a key behind a passphrase', 'write the key without one to a file');
      const keys = readKeys(given);
      if (keys.length === 0) return refuse('holds no private key that can be read');
      if (keys.some(isShort))
        return refuse('holds an RSA key shorter than 2048 bits', 'make a new key (RFC 7518 §3.3)');
      return keys.every(({ key }) => Object.hasOwn(ALGORITHMS, kindOf(key)))
        ? accept(keys)
        : refuse('holds a key of a kind that is not taken');
    },
  }),
);

const OF_RSA = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
/** What a key can sign with (RFC 7518 §3.1, RFC 8037 §3.1); one for key agreement alone signs nothing. */
const ALGORITHMS: Readonly<Record<string, readonly string[]>> = {
  rsa: OF_RSA,
  prime256v1: ['ES256'],
  secp384r1: ['ES384'],
  secp521r1: ['ES512'],
  ed25519: ['EdDSA'],
  x25519: [],
};

/** The algorithms of signatures that a private key can make; the one to choose first. */
export function signatureAlgorithmsOf({ key }: PrivateJwk): readonly string[] {
  return ALGORITHMS[kindOf(key)] ?? [];
}

function kindOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string {
  return asymmetricKeyDetails?.namedCurve ?? asymmetricKeyType ?? '';
}

/** What the parsers say may hold parts of the key: only that they failed is of use. */
function readKeys(given: string): readonly PrivateJwk[] {
  try {
    return given.trimStart().startsWith('{') ? fromJson(given) : fromPem(given);
  } catch {
    return [];
  }
}

function fromPem(text: string): readonly PrivateJwk[] {
  return (text.match(PEM_BLOCK) ?? []).map((pem) => ({ key: createPrivateKey(pem) }));
}

function fromJson(text: string): readonly PrivateJwk[] {
  const parsed: unknown = JSON.parse(text);
  const set = jwkSet.safeParse(parsed);
  const jwks = set.success ? set.data.keys : [jwk.parse(parsed)];
  return jwks.map((one) => ({
    key: createPrivateKey({ key: one, format: 'jwk' }),
    ...(one.kid !== undefined && { kid: one.kid }),
    ...(one.alg !== undefined && { alg: one.alg }),
  }));
}

function isShort({ key }: PrivateJwk): boolean {
  const { modulusLength } = key.asymmetricKeyDetails ?? {};
  return modulusLength !== undefined && modulusLength < SHORTEST_RSA;
}
