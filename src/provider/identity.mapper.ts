import type { Claims, Identity, Json } from '../domain/identity.js';
import type { IdTokenClaims } from './id-token.js';

const NEVER: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * The session's identity from verified claims: the allow-listed ones and nothing else. The ID token wins over
 * userinfo, null and absent claims are left out.
 */
export function toIdentity(
  provider: string,
  claims: IdTokenClaims,
  userinfo: Readonly<Record<string, unknown>>,
  allowed: readonly string[],
): Identity {
  const { sid, acr, amr, auth_time: authTime } = claims;
  return {
    provider,
    issuer: claims.iss,
    subject: claims.sub,
    ...(typeof sid === 'string' && { providerSessionId: sid }),
    ...(typeof authTime === 'number' && { authTime }),
    ...(isInstant(claims['session_expiry']) && { sessionExpiry: claims['session_expiry'] }),
    ...(typeof acr === 'string' && { acr }),
    ...(Array.isArray(amr) && {
      amr: amr.filter((value): value is string => typeof value === 'string'),
    }),
    claims: pick([claims, userinfo], allowed),
  };
}

/** A sensible NumericDate; a ceiling of another shape is none. */
function isInstant(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 && value < 1e11;
}

type Source = Readonly<Record<string, unknown>>;

/** Of each allowed claim the first value that is one. */
function pick(sources: readonly Source[], allowed: readonly string[]): Claims {
  const picked: Record<string, Json> = {};
  for (const name of allowed.filter((one) => !NEVER.has(one))) {
    const source = sources.find((one) => Object.hasOwn(one, name) && (one[name] ?? null) !== null);
    if (source !== undefined) picked[name] = source[name] as Json;
  }
  return picked;
}
