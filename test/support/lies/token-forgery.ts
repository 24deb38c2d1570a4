import { constants, createPrivateKey, sign, type JsonWebKey } from 'node:crypto';
import { CompactEncrypt, importJWK, type JWK } from 'jose';
import type { SigningKey, TokenClaims } from '../signing-key.js';
import type { TellToken, TokenTruth } from './lie.types.js';

/** A true token but for what `change` makes of its claims. */
export const claiming =
  (change: (claims: TokenClaims, truth: TokenTruth) => TokenClaims): TellToken =>
  (truth) =>
    truth.sign(change(truth.claims, truth));
export const saying = (lie: TokenClaims): TellToken =>
  claiming((claims) => ({ ...claims, ...lie }));
export const without = (name: string): TellToken => claiming(({ [name]: _gone, ...rest }) => rest);
/** A claim that is a number of seconds from now. */
export const dated = (name: string, seconds: number): TellToken =>
  claiming((claims, { now }) => ({ ...claims, [name]: now + seconds }));
/** The whole token as a provider makes it whose clock is wrong. */
export const skewed = (seconds: number): TellToken =>
  claiming((claims) => ({
    ...claims,
    ...Object.fromEntries(
      ['iat', 'exp', 'auth_time']
        .filter((name) => name in claims)
        .map((name) => [name, Number(claims[name]) + seconds]),
    ),
  }));
/** True claims under another header, signed as ever. */
export const headed =
  (header: Readonly<Record<string, unknown>>): TellToken =>
  ({ claims, sign: signTruly }) =>
    signTruly(claims, header);
/** True claims, signed by somebody else. */
export const byStranger =
  (headerOf: (truth: TokenTruth) => Readonly<Record<string, unknown>> = () => ({})): TellToken =>
  (truth) =>
    truth.stranger.sign(truth.claims, headerOf(truth));

/** One character of the signature is another one. */
export function flipped(token: string): string {
  const at = token.lastIndexOf('.') + 10;
  return `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`;
}

/** Claims without a valid signature: header and signature are laid around them as they are. */
export function unprotected(
  header: Readonly<Record<string, unknown>>,
  claims: TokenClaims,
  signature = '',
): string {
  return [header, claims].map(encode).concat(signature).join('.');
}

/** A valid signature of an algorithm that the key is not meant for. */
export function signedAs(
  alg: 'RS512' | 'PS256' | 'ES256',
  { privateJwk, kid }: SigningKey,
  claims: TokenClaims,
): string {
  const input = [{ alg, kid }, claims].map(encode).join('.');
  const key = createPrivateKey({ key: privateJwk as JsonWebKey, format: 'jwk' });
  const digest = `sha${alg.slice(-3)}`;
  const how = alg === 'PS256' ? PSS : { dsaEncoding: 'ieee-p1363' as const };
  return `${input}.${sign(digest, Buffer.from(input), { key, ...how }).toString('base64url')}`;
}

/** A JWE in compact form (RFC 7516 §7.1) around any text. */
export async function encryptedTo(
  key: JWK | Uint8Array,
  text: string,
  header: { readonly alg: string; readonly enc: string },
): Promise<string> {
  const recipient = key instanceof Uint8Array ? key : await importJWK(key, header.alg);
  return new CompactEncrypt(Buffer.from(text)).setProtectedHeader({ ...header }).encrypt(recipient);
}

const PSS = {
  padding: constants.RSA_PKCS1_PSS_PADDING,
  saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
};

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
