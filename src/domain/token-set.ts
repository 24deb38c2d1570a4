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
  /**
   * Epoch milliseconds at which the refresh token was sent, while it is not known what came of it. Whoever finds it
   * without its sender at work knows that the answer was lost.
   */
  readonly refreshSentAt?: number;
  /** Tokens for single APIs, by the key of their request. */
  readonly audiences?: Readonly<Record<string, AudienceToken>>;
}

/** An access token for one API, got with the session's own (RFC 8707, RFC 8693). */
export type AudienceToken = Pick<TokenSet, 'accessTokenExpiresAt' | 'obtainedAt'> & {
  readonly accessToken: string;
};

/** For whom a token is wanted. */
export interface AudienceRequest {
  /** Exactly what is asked for, written out: two requests with one key get one token. */
  readonly key: string;
  readonly via: 'refresh' | 'exchange';
  readonly resource?: string;
  readonly audience?: string;
  readonly scope?: string;
}

/**
 * The request for a token that names an API, or undefined where none is named. Its key says all that is asked for:
 * who asks for the same shares a token, others never do.
 */
export function audienceRequest({
  via,
  resource,
  audience,
  scope,
}: {
  readonly via: AudienceRequest['via'];
  readonly resource?: string | undefined;
  readonly audience?: string | undefined;
  readonly scope?: string | undefined;
}): AudienceRequest | undefined {
  if (resource === undefined && audience === undefined) return undefined;
  return {
    key: JSON.stringify([via, resource ?? null, audience ?? null, scope ?? null]),
    via,
    ...(resource !== undefined && { resource }),
    ...(audience !== undefined && { audience }),
    ...(scope !== undefined && { scope }),
  };
}

/** How far the clocks of replicas may differ before one does not rely on what another wrote. */
const CLOCKS_MS = 30_000;

/**
 * True when the access token should be renewed now: it ends within `leewayMs`, or within half of its life where that
 * is less, else a short-lived one would be renewed by every request. Unknown life is never due. One that was obtained
 * in the future by this clock is: it was another clock's, or this one has stepped back, and its end says nothing.
 */
export function isDue(
  tokens: Pick<TokenSet, 'accessTokenExpiresAt' | 'obtainedAt'>,
  now: number,
  leewayMs: number,
): boolean {
  const { accessTokenExpiresAt: end, obtainedAt } = tokens;
  if (end === undefined) return false;
  return obtainedAt > now + CLOCKS_MS || end - Math.min(leewayMs, (end - obtainedAt) / 2) <= now;
}

/** So long nobody asks the provider again because a page wishes it. */
export const JUST_OBTAINED_MS = 5_000;

/** True when the tokens came a moment ago, by this clock or by one that is a little ahead of it. */
export function isJustObtained({ obtainedAt }: Pick<TokenSet, 'obtainedAt'>, now: number): boolean {
  return now - obtainedAt < JUST_OBTAINED_MS && obtainedAt <= now + CLOCKS_MS;
}

/** True when there is an access token that may still be used at `now`. */
export function isUsable(
  tokens: Pick<TokenSet, 'accessToken' | 'accessTokenExpiresAt'>,
  now: number,
): boolean {
  if (tokens.accessToken === undefined) return false;
  return tokens.accessTokenExpiresAt === undefined || tokens.accessTokenExpiresAt > now;
}
