/** The provider's tokens as the session keeps them: times are absolute, helpers of libraries are gone. */
export interface TokenSet {
  /** Absent where the provider gave none: then no API can be called. */
  readonly accessToken?: string;
  readonly tokenType: 'Bearer';
  readonly refreshToken?: string;
  readonly idToken?: string;
  /** That of the login: whatever refreshed ID tokens leave out meanwhile, none may name another (OIDC Core §12.2). */
  readonly nonce?: string;
  readonly scope?: string;
  /** Epoch milliseconds; absent where the provider did not say (RFC 6749 §5.1: RECOMMENDED). */
  readonly accessTokenExpiresAt?: number;
  /** Epoch milliseconds of the answer that brought the access token. */
  readonly obtainedAt: number;
}

/**
 * True when the access token should be renewed now: it ends within `leewayMs`, or within half of its life where that
 * is less, else a short-lived one would be renewed by every request. Unknown life is never due.
 */
export function isDue(tokens: TokenSet, now: number, leewayMs: number): boolean {
  const { accessTokenExpiresAt: end, obtainedAt } = tokens;
  return end !== undefined && end - Math.min(leewayMs, (end - obtainedAt) / 2) <= now;
}

/** True when there is an access token that may still be used at `now`. */
export function isUsable(tokens: TokenSet, now: number): boolean {
  if (tokens.accessToken === undefined) return false;
  return tokens.accessTokenExpiresAt === undefined || tokens.accessTokenExpiresAt > now;
}
