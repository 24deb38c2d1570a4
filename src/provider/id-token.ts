import { createHash } from 'node:crypto';
import { jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import { equalText } from '../crypto/equal.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import { TOLERANCE_S } from './token-times.js';

export const MAX_AGE_OF_TOKEN_S = 600;
const MAX_SUBJECT = 255;

export interface IdTokenExpectation {
  /** What `iss` may be, byte for byte. */
  readonly issuers: readonly string[];
  readonly clientId: string;
  readonly algorithm: string;
  readonly now: number;
  /** Absent for a refreshed ID token of a login whose nonce is not known any more. */
  readonly nonce?: string;
  /** The token may leave the nonce out: in a refresh (OIDC Core §12.2), or where the provider never has one. */
  readonly nonceOptional?: boolean;
  readonly maxAge?: number;
  readonly acrValues?: string;
  readonly accessToken?: string;
}

export type IdTokenClaims = JWTPayload & { readonly iss: string; readonly sub: string };

/**
 * Validates an ID token (OIDC Core §3.1.3.7, in its order). The signature is always verified, with the
 * algorithm of our configuration, never the token's choice.
 * @throws VestibuleError `login_rejected`; jose's errors for signature and registered claims
 */
export async function verifyIdToken(
  idToken: string,
  keys: JWTVerifyGetKey,
  expected: IdTokenExpectation,
): Promise<IdTokenClaims> {
  const { payload, protectedHeader } = await jwtVerify(idToken, keys, {
    algorithms: [expected.algorithm],
    issuer: [...expected.issuers],
    audience: expected.clientId,
    clockTolerance: TOLERANCE_S,
    currentDate: new Date(expected.now),
    requiredClaims: ['iss', 'sub', 'aud', 'exp', 'iat'],
  });
  checkKind(payload, protectedHeader.typ);
  checkSubject(payload);
  checkAudience(payload, expected);
  checkIssuedAt(payload, expected.now);
  checkNonce(payload, expected);
  checkAccessTokenHash(payload, expected.algorithm, expected.accessToken);
  checkAuthTime(payload, expected);
  checkAcr(payload, expected.acrValues);
  return payload as IdTokenClaims;
}

function reject(claim: string): never {
  throw new VestibuleError('login_rejected', { detail: `id token: ${claim}` });
}

/** Another kind of token of the same provider, for the same client, with the same claims (RFC 8725 §3.11). */
function checkKind({ events }: JWTPayload, type: string | undefined): void {
  const plain = type?.toLowerCase().replace(/^application\//, '');
  if (plain === 'logout+jwt' || plain === 'at+jwt' || events !== undefined) reject('kind');
}

/** At most 255 ASCII characters (OIDC Core §2). */
function checkSubject({ sub }: JWTPayload): void {
  if (typeof sub !== 'string' || sub === '' || sub.length > MAX_SUBJECT) reject('sub');
}

/**
 * Several audiences need an `azp`, and an `azp` must be us (§3.1.3.7-4, -5 of the original list). A MAC by our
 * secret with several audiences is undefined: another of them would have to know the secret (§3.1.3.7-8).
 */
function checkAudience(
  { aud, azp }: JWTPayload,
  { clientId, algorithm }: IdTokenExpectation,
): void {
  const several = Array.isArray(aud) && aud.length > 1;
  if (several && (azp === undefined || algorithm.startsWith('HS'))) reject('azp');
  if (azp !== undefined && azp !== clientId) reject('azp');
}

function checkIssuedAt({ iat = 0 }: JWTPayload, now: number): void {
  const seconds = now / 1000;
  if (iat > seconds + TOLERANCE_S || iat < seconds - MAX_AGE_OF_TOKEN_S) reject('iat (clock?)');
}

function checkNonce({ nonce }: JWTPayload, expected: IdTokenExpectation): void {
  if (expected.nonce === undefined) return;
  if ((nonce ?? null) === null && expected.nonceOptional === true) return;
  if (typeof nonce !== 'string' || !equalText(nonce, expected.nonce)) reject('nonce');
}

/** `at_hash` is optional in the code flow, but a wrong one is a substituted token (§3.1.3.6). */
function checkAccessTokenHash(
  payload: JWTPayload,
  algorithm: string,
  accessToken: string | undefined,
): void {
  const claimed = payload['at_hash'];
  if (claimed === undefined || accessToken === undefined) return;
  const digest = hashOf(algorithm);
  if (digest === undefined) return;
  const full = createHash(digest).update(accessToken).digest();
  const half = full.subarray(0, full.length / 2).toString('base64url');
  if (typeof claimed !== 'string' || !equalText(claimed, half)) reject('at_hash');
}

function hashOf(algorithm: string): string | undefined {
  if (algorithm.endsWith('256')) return 'sha256';
  if (algorithm.endsWith('384')) return 'sha384';
  if (algorithm.endsWith('512')) return 'sha512';
  // Ed25519 hashes with SHA-512 inside (RFC 8032), and so do the providers for at_hash.
  return algorithm === 'EdDSA' || algorithm === 'Ed25519' ? 'sha512' : undefined;
}

function checkAuthTime(payload: JWTPayload, { maxAge, now }: IdTokenExpectation): void {
  const authTime = payload['auth_time'];
  if (authTime !== undefined && authTime !== null && (typeof authTime !== 'number' || authTime < 0))
    reject('auth_time');
  if (maxAge === undefined) return;
  if (typeof authTime !== 'number' || authTime + maxAge < now / 1000 - TOLERANCE_S)
    reject('auth_time');
}

function checkAcr(payload: JWTPayload, requested: string | undefined): void {
  if (requested === undefined) return;
  const acr = payload['acr'];
  if (typeof acr !== 'string' || !requested.split(' ').includes(acr)) reject('acr');
}
