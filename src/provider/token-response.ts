import type { TokenEndpointResponse } from 'openid-client';
import type { TokenSet } from '../domain/token-set.js';
import { VestibuleError } from '../errors/vestibule.error.js';

/** A year: what says more says nothing (RFC 6749 §5.1 sets no limit). */
const MAX_LIFE_S = 31_536_000;

/**
 * A token answer with absolute times. In a refresh, what the answer leaves out stays as it was
 * (RFC 6749 §6: refresh token and scope; OIDC Core §12.2: ID token).
 * @throws VestibuleError `login_rejected` for a token type that is not Bearer
 */
export function toTokenSet(
  answer: TokenEndpointResponse,
  now: number,
  before?: TokenSet,
): TokenSet {
  if (answer.token_type.toLowerCase() !== 'bearer')
    throw new VestibuleError('login_rejected', { detail: 'token type' });
  const refreshToken = answer.refresh_token ?? before?.refreshToken;
  const idToken = answer.id_token ?? before?.idToken;
  const scope = answer.scope ?? before?.scope;
  const life = lifeOf(answer.expires_in);
  return {
    accessToken: answer.access_token,
    tokenType: 'Bearer',
    obtainedAt: now,
    ...(refreshToken !== undefined && { refreshToken }),
    ...(idToken !== undefined && { idToken }),
    ...(scope !== undefined && { scope }),
    ...(life !== undefined && { accessTokenExpiresAt: now + Math.floor(life * 1000) }),
  };
}

/** Seconds of life, or undefined where the answer says nothing sensible. */
function lifeOf(expiresIn: number | undefined): number | undefined {
  if (expiresIn === undefined || !Number.isFinite(expiresIn) || expiresIn <= 0) return undefined;
  return Math.min(expiresIn, MAX_LIFE_S);
}
