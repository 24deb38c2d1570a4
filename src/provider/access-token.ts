import { jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import { VestibuleError } from '../errors/vestibule.error.js';
import { TOLERANCE_S } from './token-times.js';

const MAX_SUBJECT = 255;

export interface AccessTokenExpectation {
  readonly issuers: readonly string[];
  readonly clientId: string;
  readonly algorithm: string;
  readonly now: number;
}

export type AccessTokenClaims = JWTPayload & { readonly sub: string };

/**
 * Reads who a signed access token is about (RFC 9068 §2.2), for a provider that gives no ID token. It came from
 * the token endpoint in exchange for our own code: what is checked is that the provider made it, for this client.
 * Its audience is an API, and none of our business.
 * @throws VestibuleError `login_rejected`; jose's errors for signature and registered claims
 */
export async function verifyAccessToken(
  token: string,
  keys: JWTVerifyGetKey,
  { issuers, clientId, algorithm, now }: AccessTokenExpectation,
): Promise<AccessTokenClaims> {
  const { payload, protectedHeader } = await jwtVerify(token, keys, {
    algorithms: [algorithm],
    issuer: [...issuers],
    clockTolerance: TOLERANCE_S,
    currentDate: new Date(now),
    requiredClaims: ['iss', 'sub', 'exp'],
  });
  checkKind(payload, protectedHeader.typ);
  checkClient(payload, clientId);
  const { sub, iat = 0 } = payload;
  if (typeof sub !== 'string' || sub === '' || sub.length > MAX_SUBJECT) reject('sub');
  if (iat > now / 1000 + TOLERANCE_S) reject('iat (clock?)');
  return payload as AccessTokenClaims;
}

/**
 * `at+jwt` (RFC 9068 §2.1), `JWT` or nothing. What does not call itself an access token must name its client, as
 * no ID token does, and must not be another kind by its claims (RFC 8725 §3.12): a logout token has `events`, an
 * ID token hashes; a refresh token of idpy-oidc differs in `token_class` only.
 */
function checkKind(payload: JWTPayload, type: string | undefined): void {
  const plain = type?.toLowerCase().replace(/^application\//, '');
  if (plain !== undefined && plain !== 'at+jwt' && plain !== 'jwt') reject('typ');
  if (plain !== 'at+jwt' && payload['client_id'] === undefined) reject('typ');
  if (['events', 'at_hash', 'c_hash'].some((name) => payload[name] !== undefined)) reject('kind');
  const { token_class: tokenClass = 'access_token' } = payload;
  if (tokenClass !== 'access_token') reject('kind');
}

/** `client_id` (RFC 9068 §2.2), which older providers call `azp`. */
function checkClient({ client_id: client, azp }: JWTPayload, clientId: string): void {
  if ([client, azp].some((name) => name !== undefined && name !== clientId)) reject('client_id');
}

function reject(what: string): never {
  throw new VestibuleError('login_rejected', { detail: `access token: ${what}` });
}
