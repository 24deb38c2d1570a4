import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload } from 'jose';

/** What the API knows about its caller after the check. */
export type Caller =
  | { readonly kind: 'known'; readonly claims: JWTPayload }
  | { readonly kind: 'refused'; readonly detail: string }
  | { readonly kind: 'unavailable'; readonly detail: string };

export type CheckCaller = (authorization: string | undefined) => Promise<Caller>;

/** `Bearer` and the token, by RFC 6750 §2.1. */
const BEARER = /^Bearer +([\w.~+/-]+=*)$/iu;

async function discoverKeys(issuer: string) {
  const response = await fetch(`${issuer}/.well-known/openid-configuration`, {
    signal: AbortSignal.timeout(3000),
  });
  const metadata = (await response.json()) as { issuer?: unknown; jwks_uri?: unknown };
  if (metadata.issuer !== issuer || typeof metadata.jwks_uri !== 'string') {
    throw new TypeError(`${issuer} does not describe itself`);
  }
  return createRemoteJWKSet(new URL(metadata.jwks_uri));
}

/**
 * A checker of JWT access tokens (RFC 9068): signature by the issuer's published keys, `typ`, `iss`,
 * `aud`, `exp`. The keys are looked up at the first call, so the API starts before its issuer.
 */
export function accessTokenCheck(issuer: string, audience: string): CheckCaller {
  let keys: ReturnType<typeof discoverKeys> | undefined;
  const find = async () => {
    keys ??= discoverKeys(issuer);
    return keys.catch((error: unknown) => {
      keys = undefined;
      throw error;
    });
  };
  return async (authorization) => {
    const token = BEARER.exec(authorization ?? '')?.[1];
    if (token === undefined) return { kind: 'refused', detail: 'An access token is required.' };
    let keySet;
    try {
      keySet = await find();
    } catch {
      return { kind: 'unavailable', detail: 'The keys of the identity provider cannot be read.' };
    }
    try {
      const options = { issuer, audience, typ: 'at+jwt', algorithms: ['RS256', 'ES256'] };
      const { payload } = await jwtVerify(token, keySet, options);
      return { kind: 'known', claims: payload };
    } catch (error) {
      if (error instanceof errors.JOSEError && !(error instanceof errors.JWKSTimeout)) {
        return { kind: 'refused', detail: `The access token was refused (${error.code}).` };
      }
      return { kind: 'unavailable', detail: 'The keys of the identity provider cannot be read.' };
    }
  };
}
