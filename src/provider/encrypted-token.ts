import { compactDecrypt } from 'jose';
import type { PrivateJwk } from '../config/provider-config.types.js';
import { VestibuleError } from '../errors/vestibule.error.js';

/** RSA1_5 is left out (RFC 8725 §3.2), and so is what is keyed by a password or a shared secret. */
const KEY_ALGORITHMS = {
  rsa: ['RSA-OAEP', 'RSA-OAEP-256', 'RSA-OAEP-384', 'RSA-OAEP-512'],
  ec: ['ECDH-ES', 'ECDH-ES+A128KW', 'ECDH-ES+A192KW', 'ECDH-ES+A256KW'],
} as const;
const CONTENT_ALGORITHMS = [
  'A128GCM',
  'A192GCM',
  'A256GCM',
  'A128CBC-HS256',
  'A192CBC-HS384',
  'A256CBC-HS512',
];
const JWE_PARTS = 5;

/** Whether a token has the shape of a JWE in compact form (RFC 7516 §7.1). */
export function isEncrypted(token: string): boolean {
  return token.split('.').length === JWE_PARTS;
}

/**
 * The signed token inside an encrypted one (OIDC Core §10.2: signed, then encrypted).
 * @throws VestibuleError `login_rejected` when none of the keys opens it
 */
export async function decryptToken(token: string, keys: readonly PrivateJwk[]): Promise<string> {
  for (const key of keys) {
    const opened = await attempt(token, key);
    if (opened !== undefined) return opened;
  }
  throw new VestibuleError('login_rejected', { detail: 'id token: no key decrypts it' });
}

async function attempt(token: string, { key }: PrivateJwk): Promise<string | undefined> {
  const algorithms = key.asymmetricKeyType === 'rsa' ? KEY_ALGORITHMS.rsa : KEY_ALGORITHMS.ec;
  try {
    const { plaintext } = await compactDecrypt(token, key, {
      keyManagementAlgorithms: [...algorithms],
      contentEncryptionAlgorithms: CONTENT_ALGORITHMS,
    });
    return Buffer.from(plaintext).toString('utf8');
  } catch {
    // Why a key does not open it is of no use to anybody but an attacker (RFC 7516 §11.5).
    return undefined;
  }
}
