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
    ...(typeof acr === 'string' && { acr }),
    ...(Array.isArray(amr) && {
      amr: amr.filter((value): value is string => typeof value === 'string'),
    }),
    claims: pick({ ...userinfo, ...claims }, allowed),
  };
}

function pick(source: Readonly<Record<string, unknown>>, allowed: readonly string[]): Claims {
  const picked: Record<string, Json> = {};
  for (const name of allowed) {
    const value = Object.hasOwn(source, name) && !NEVER.has(name) ? source[name] : undefined;
    if (value !== undefined && value !== null) picked[name] = value as Json;
  }
  return picked;
}
