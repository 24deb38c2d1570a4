import type { TokenSet } from '../domain/token-set.js';

/** A successful answer of the token endpoint (RFC 6749 §5.1, OIDC Core §3.1.3.3, RFC 8693 §2.2.1). */
export interface TokenResponse {
  readonly access_token?: string;
  readonly token_type: 'Bearer';
  /** Seconds. */
  readonly expires_in?: number;
  readonly scope?: string;
  readonly id_token?: string;
  readonly refresh_token?: string;
  readonly issued_token_type?: string;
}

/** What every answer says of an access token at `now`. */
export function tokenResponse(
  {
    accessToken,
    accessTokenExpiresAt: end,
    scope,
  }: Pick<TokenSet, 'accessToken' | 'accessTokenExpiresAt' | 'scope'>,
  now: number,
): TokenResponse {
  return {
    ...(accessToken !== undefined && { access_token: accessToken }),
    token_type: 'Bearer',
    ...(end !== undefined && { expires_in: Math.max(0, Math.floor((end - now) / 1000)) }),
    ...(scope !== undefined && { scope }),
  };
}
