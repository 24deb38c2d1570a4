import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import type { JWK } from 'jose';
import type { TellToken, TokenLie } from './lie.types.js';
import { encryptedTo, unprotected } from './token-forgery.js';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const PUBLIC_JWK = createPublicKey(privateKey).export({ format: 'jwk' }) as JWK;
const AGREED = { alg: 'RSA-OAEP-256', enc: 'A256GCM' };

/** The private key for OIDC_DECRYPTION_KEY. */
export const DECRYPTION_KEY = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
/** The truth: signed, then encrypted to the agreed key (OIDC Core §10.2). */
export const encryptedTruth: TellToken = ({ token }) => encryptedTo(PUBLIC_JWK, token, AGREED);

/** Where encryption was agreed on (OIDC Core §3.1.3.7-1). */
export const ENCRYPTION_LIES: readonly TokenLie[] = [
  { rows: ['F-01'], lie: 'the true ID token, not encrypted', tell: ({ token }) => token },
  {
    rows: ['F-01'],
    lie: 'encrypted to another key',
    tell: ({ token, stranger }) => encryptedTo(stranger.publicJwk as JWK, token, AGREED),
  },
  {
    rows: ['F-01'],
    lie: 'encrypted under the client secret (`A256GCMKW`)',
    tell: ({ token, clientSecret }) =>
      encryptedTo(Buffer.from(clientSecret.slice(0, 32)), token, {
        alg: 'A256GCMKW',
        enc: 'A256GCM',
      }),
  },
  {
    rows: ['F-01'],
    lie: 'encrypted under a password (`PBES2`), which is expensive to open',
    tell: ({ token, clientSecret }) =>
      encryptedTo(Buffer.from(clientSecret), token, { alg: 'PBES2-HS256+A128KW', enc: 'A256GCM' }),
  },
  {
    rows: ['F-01', 'F-06'],
    lie: 'encrypted claims without a signature',
    tell: ({ claims }) => encryptedTo(PUBLIC_JWK, JSON.stringify(claims), AGREED),
  },
  {
    rows: ['F-01', 'A-09', 'E-18'],
    lie: 'encrypted, and inside is `alg: none`',
    tell: ({ claims }) => encryptedTo(PUBLIC_JWK, unprotected({ alg: 'none' }, claims), AGREED),
  },
  {
    rows: ['F-01', 'A-10'],
    lie: "encrypted, and inside is a stranger's signature",
    tell: ({ claims, stranger }) => encryptedTo(PUBLIC_JWK, stranger.sign(claims), AGREED),
  },
  {
    rows: ['F-01'],
    lie: 'encrypted twice',
    tell: async (truth) => encryptedTo(PUBLIC_JWK, String(await encryptedTruth(truth)), AGREED),
  },
];
