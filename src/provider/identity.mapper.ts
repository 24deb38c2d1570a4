import type { ClaimMapping } from '../config/provider-config.types.js';
import type { Claims, Identity, Json } from '../domain/identity.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import { claimAt } from './claim-path.js';

const NEVER: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);
/** Characters of JSON. A record is read with every request: what does not fit does not belong into it. */
const MAX_IDENTITY = 32_768;

type Source = Readonly<Record<string, unknown>>;

export interface IdentitySource {
  readonly provider: string;
  /** The configured issuer, whatever form `iss` had: one user has one name. */
  readonly issuer: string;
  /** `sub`, byte for byte. */
  readonly subject: string;
  /** What proved who it is; the facts of the login come from nowhere else. */
  readonly proof: Source;
  /** All that the provider says of the user, userinfo included. */
  readonly told: Source;
}

/**
 * The session's identity from verified claims: the allow-listed ones and nothing else. Null and absent claims are
 * left out; a value stays what it is, be it a list or an object.
 * @throws VestibuleError `login_rejected` when the identity is too large
 */
export function toIdentity(
  { provider, issuer, subject, proof, told }: IdentitySource,
  mappings: readonly ClaimMapping[],
): Identity {
  const { sid, acr, amr, auth_time: authTime } = proof;
  const expiry = proof['session_expiry'];
  const identity: Identity = {
    provider,
    issuer,
    subject,
    ...(typeof sid === 'string' && { providerSessionId: sid }),
    ...(typeof authTime === 'number' && { authTime }),
    ...(isInstant(expiry) && { sessionExpiry: expiry }),
    ...(typeof acr === 'string' && { acr }),
    ...(Array.isArray(amr) && {
      amr: amr.filter((value): value is string => typeof value === 'string'),
    }),
    claims: pick(told, mappings),
  };
  if (JSON.stringify(identity).length > MAX_IDENTITY)
    throw new VestibuleError('login_rejected', { detail: 'the claims are too large' });
  return identity;
}

/** A sensible NumericDate; a ceiling of another shape is none. */
function isInstant(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 && value < 1e11;
}

function pick(told: Source, mappings: readonly ClaimMapping[]): Claims {
  const picked: Record<string, Json> = {};
  for (const { name, source } of mappings) {
    const value = NEVER.has(name) ? undefined : claimAt(told, source);
    // Claims come out of a JSON document.
    if (value !== undefined) picked[name] = value as Json;
  }
  return picked;
}
