import {
  createHash,
  createHmac,
  createPublicKey,
  constants,
  generateKeyPairSync,
  sign,
  type KeyObject,
} from 'node:crypto';
import type { SigningKey, TokenClaims } from '../signing-key.js';

const CURVES: Readonly<Record<string, string>> = {
  ES256: 'P-256',
  ES384: 'P-384',
  ES512: 'P-521',
};

/** A signing key of any asymmetric algorithm of RFC 7518 §3.1, or EdDSA. */
export function newProviderKey(alg: string, kid: string): SigningKey {
  const privateKey = newPrivateKey(alg);
  const publicKey = createPublicKey(privateKey);
  const names = { kid, use: 'sig', alg };
  return {
    kid,
    privateJwk: { ...privateKey.export({ format: 'jwk' }), ...names },
    publicJwk: { ...publicKey.export({ format: 'jwk' }), ...names },
    publicKey,
    sign: (claims, header = {}) => {
      const input = [{ alg, typ: 'JWT', kid, ...header }, claims].map(encode).join('.');
      return `${input}.${signatureOf(alg, input, privateKey).toString('base64url')}`;
    },
  };
}

/** Signs with what both sides know (RFC 7518 §3.2): such tokens name no key. */
export function signWithSecret(
  alg: string,
  secret: string,
  claims: TokenClaims,
  header: Readonly<Record<string, unknown>> = {},
): string {
  const input = [{ alg, typ: 'JWT', ...header }, claims].map(encode).join('.');
  const signature = createHmac(`sha${alg.slice(-3)}`, secret).update(input);
  return `${input}.${signature.digest('base64url')}`;
}

/** The left half of a token's hash, as `at_hash` says it (OIDC Core §3.1.3.6). */
export function halfHash(alg: string, token: string): string {
  const digest = createHash(digestOf(alg) ?? 'sha512')
    .update(token)
    .digest();
  return digest.subarray(0, digest.length / 2).toString('base64url');
}

function newPrivateKey(alg: string): KeyObject {
  if (alg === 'EdDSA') return generateKeyPairSync('ed25519').privateKey;
  const namedCurve = CURVES[alg];
  if (namedCurve !== undefined) return generateKeyPairSync('ec', { namedCurve }).privateKey;
  return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
}

function signatureOf(alg: string, input: string, key: KeyObject): Buffer {
  const bytes = Buffer.from(input);
  if (alg.startsWith('ES')) return sign(digestOf(alg), bytes, { key, dsaEncoding: 'ieee-p1363' });
  if (!alg.startsWith('PS')) return sign(digestOf(alg), bytes, key);
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  return sign(digestOf(alg), bytes, {
    key,
    padding,
    saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
  });
}

function digestOf(alg: string): string | undefined {
  return alg === 'EdDSA' ? undefined : `sha${alg.slice(-3)}`;
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
