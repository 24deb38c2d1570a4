import { decodeJwt, type JWTPayload } from 'jose';

/** How far clocks may differ before anybody is told. */
export const TOLERANCE_S = 30;

/**
 * Whether a token is of the present by this clock; by the same limits as every check of a token.
 * `maxAgeS`: how long ago it may have been made.
 */
export function isOfNow(
  { iat = 0, exp, nbf }: JWTPayload,
  now: number,
  maxAgeS = Number.POSITIVE_INFINITY,
): boolean {
  const seconds = now / 1000;
  if (iat > seconds + TOLERANCE_S || iat < seconds - maxAgeS) return false;
  if (nbf !== undefined && nbf > seconds + TOLERANCE_S) return false;
  return exp === undefined || exp > seconds - TOLERANCE_S;
}

/**
 * When a token says that it was made, in epoch milliseconds; `otherwise` where it says nothing of the kind. Nothing is
 * verified here.
 */
export function madeAt(token: string, otherwise: number): number {
  try {
    const { iat } = decodeJwt(token);
    return typeof iat === 'number' ? iat * 1000 : otherwise;
  } catch {
    // It is no token: whoever verifies it says so.
    return otherwise;
  }
}
