import { exportJWK, generateKeyPair, SignJWT, type JWK } from 'jose';
import type { TokenClaims } from './signing-key.js';

type Algorithm = 'EdDSA' | 'ES256' | 'RS256';

export interface AssertionSigner {
  readonly publicJwk: JWK;
  /** Any claims under any header; undefined in either leaves the member out. */
  sign(claims: TokenClaims, header?: Readonly<Record<string, unknown>>): Promise<string>;
}

/** A key that signs identity assertions, true ones and lies. */
export async function newAssertionSigner(
  kid: string,
  alg: Algorithm = 'EdDSA',
): Promise<AssertionSigner> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return {
    publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' },
    sign: (claims, header = {}) =>
      new SignJWT(claims)
        .setProtectedHeader({ typ: 'identity+jwt', alg, kid, ...header })
        .sign(privateKey),
  };
}
