import {
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  sign,
  type KeyObject,
} from 'node:crypto';
import type { JWK } from 'oidc-provider';

export type TokenClaims = Record<string, unknown>;

export interface ReadToken {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: TokenClaims;
  readonly token: string;
}

/** A key that signs ID tokens with RS256, true ones and lies. */
export interface SigningKey {
  readonly kid: string;
  readonly privateJwk: JWK;
  readonly publicJwk: JWK;
  readonly publicKey: KeyObject;
  /** A compact JWS over any claims; the header may be bent. */
  sign(claims: TokenClaims, header?: Readonly<Record<string, unknown>>): string;
}

/** Made by hand, because libraries refuse to sign what these tests need. */
export function newSigningKey(kid: string): SigningKey {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const publicKey = createPublicKey(privateKey);
  const names = { kid, use: 'sig', alg: 'RS256' };
  return {
    kid,
    privateJwk: { ...privateKey.export({ format: 'jwk' }), ...names },
    publicJwk: { ...publicKey.export({ format: 'jwk' }), ...names },
    publicKey,
    sign: (claims, header = {}) => {
      const input = signingInput({ alg: 'RS256', kid, ...header }, claims);
      return `${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`;
    },
  };
}

/** An unsigned token (RFC 7519 §6). */
export function unsignedToken(claims: TokenClaims): string {
  return `${signingInput({ alg: 'none' }, claims)}.`;
}

/** HS256 under a text that an attacker knows, such as a public key (RFC 8725 §2.1). */
export function hmacToken(claims: TokenClaims, secret: string, kid?: string): string {
  const input = signingInput({ alg: 'HS256', ...(kid !== undefined && { kid }) }, claims);
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

export function readToken(token: string): ReadToken {
  const [header = '', claims = ''] = token.split('.');
  return { header: decode(header), claims: decode(claims), token };
}

/** The key that a token names, also an encrypted one. */
export function kidOf(token: string): unknown {
  return decode(token.split('.', 1)[0] ?? '')['kid'];
}

export function publicKeys(keys: readonly SigningKey[]): { keys: JWK[] } {
  return { keys: keys.map((key) => key.publicJwk) };
}

function signingInput(header: object, claims: object): string {
  return `${encode(header)}.${encode(claims)}`;
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

function decode(part: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Record<string, unknown>;
}
