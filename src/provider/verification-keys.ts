import { createSecretKey } from 'node:crypto';
import { errors, type JWTVerifyGetKey } from 'jose';
import type { ServerMetadata } from 'openid-client';
import type { ProviderConfig } from '../config/provider-config.types.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import type { ProviderKeys } from './provider-keys.js';

type Verify<T> = (keys: JWTVerifyGetKey) => Promise<T>;

/**
 * Runs a verification with the keys that our configuration names: a MAC by the client secret (OIDC Core §10.1),
 * or the provider's published keys. What the token's header says decides nothing.
 * @throws VestibuleError `provider_misconfigured`, `provider_unreachable`; what `verify` throws
 */
export async function verifyWithKeys<T>(
  { idTokenAlg, credentials }: ProviderConfig,
  server: ServerMetadata,
  published: ProviderKeys,
  verify: Verify<T>,
): Promise<T> {
  if (idTokenAlg.startsWith('HS')) {
    const secret = createSecretKey(credentials.secret ?? '', 'utf8');
    return verify(() => Promise.resolve(secret));
  }
  return published.verifyWith(jwksUriOf(server), (keys) => tryEach(keys, verify));
}

/** Several published keys may fit a token: the same `kid` twice, or none named. One of them must verify it. */
async function tryEach<T>(keys: JWTVerifyGetKey, verify: Verify<T>): Promise<T> {
  try {
    return await verify(keys);
  } catch (error) {
    if (error instanceof errors.JWKSMultipleMatchingKeys) return tryAll(error, verify);
    throw isOfTheKey(error) ? notVerified(error) : error;
  }
}

async function tryAll<T>(
  candidates: errors.JWKSMultipleMatchingKeys,
  verify: Verify<T>,
): Promise<T> {
  let last: unknown;
  for await (const key of candidates) {
    try {
      return await verify(() => Promise.resolve(key));
    } catch (error) {
      if (!isOfTheKey(error)) throw error;
      last = error;
    }
  }
  throw notVerified(last);
}

/** It did not sign this, or it cannot be used: jose says so of a broken key, or one below 2048 bits, in bare errors. */
function isOfTheKey(error: unknown): boolean {
  return (
    error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof TypeError ||
    error instanceof DOMException
  );
}

function notVerified(cause: unknown): Error {
  return cause instanceof errors.JWSSignatureVerificationFailed
    ? cause
    : new errors.JWSSignatureVerificationFailed(undefined, { cause });
}

function jwksUriOf({ jwks_uri: jwksUri }: ServerMetadata): string {
  if (jwksUri !== undefined) return jwksUri;
  throw new VestibuleError('provider_misconfigured', { detail: 'the metadata name no jwks_uri' });
}
