/** The provider's tokens as the session keeps them: times are absolute, helpers of libraries are gone. */
export interface TokenSet {
  readonly accessToken: string;
  readonly tokenType: 'Bearer';
  readonly refreshToken?: string;
  readonly idToken?: string;
  readonly scope?: string;
  /** Epoch milliseconds; absent where the provider did not say (RFC 6749 §5.1: RECOMMENDED). */
  readonly accessTokenExpiresAt?: number;
  /** Epoch milliseconds of the answer that brought the access token. */
  readonly obtainedAt: number;
}

/** True when the access token should be renewed now: it ends within `leewayMs`. Unknown life is never due. */
export function isDue(tokens: TokenSet, now: number, leewayMs: number): boolean {
  return tokens.accessTokenExpiresAt !== undefined && tokens.accessTokenExpiresAt - leewayMs <= now;
}

/** True when the access token may still be used at `now`. */
export function isUsable(tokens: TokenSet, now: number): boolean {
  return tokens.accessTokenExpiresAt === undefined || tokens.accessTokenExpiresAt > now;
}
