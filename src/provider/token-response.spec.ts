import type { TokenEndpointResponse } from 'openid-client';
import type { TokenSet } from '../domain/token-set.js';
import { toTokenSet } from './token-response.js';

const NOW = 1_000_000;
const answer = (more: Partial<TokenEndpointResponse> = {}): TokenEndpointResponse => ({
  access_token: 'access-2',
  token_type: 'bearer',
  ...more,
});

const before: TokenSet = {
  accessToken: 'access-1',
  tokenType: 'Bearer',
  refreshToken: 'refresh-1',
  idToken: 'id-1',
  scope: 'openid',
  accessTokenExpiresAt: 5,
  obtainedAt: 1,
};

describe('toTokenSet', () => {
  it('turns the life of the access token into an instant', () => {
    expect(toTokenSet(answer({ expires_in: 300 }), NOW)).toEqual({
      accessToken: 'access-2',
      tokenType: 'Bearer',
      obtainedAt: NOW,
      accessTokenExpiresAt: NOW + 300_000,
    });
  });

  it.each([[undefined], [0], [-1], [Number.NaN], [Number.POSITIVE_INFINITY]])(
    'leaves the life unknown when the answer says %p',
    (expiresIn) => {
      const tokens = toTokenSet(
        expiresIn === undefined ? answer() : answer({ expires_in: expiresIn }),
        NOW,
      );
      expect(tokens).not.toHaveProperty('accessTokenExpiresAt');
    },
  );

  it.each([[299.999], [0.3333], [1.1]])('makes whole milliseconds of %p seconds', (expiresIn) => {
    const { accessTokenExpiresAt = 0 } = toTokenSet(answer({ expires_in: expiresIn }), NOW);
    expect(Number.isSafeInteger(accessTokenExpiresAt)).toBe(true);
    expect(accessTokenExpiresAt).toBeLessThanOrEqual(NOW + expiresIn * 1000);
    expect(accessTokenExpiresAt).toBeGreaterThan(NOW);
  });

  it.each([[31_536_001], [1e15], [Number.MAX_VALUE]])(
    'takes %p seconds for a year',
    (expiresIn) => {
      expect(toTokenSet(answer({ expires_in: expiresIn }), NOW).accessTokenExpiresAt).toBe(
        NOW + 31_536_000_000,
      );
    },
  );

  it('keeps what a refresh leaves out (RFC 6749 §6, OIDC Core §12.2)', () => {
    expect(toTokenSet(answer(), NOW, before)).toEqual({
      accessToken: 'access-2',
      tokenType: 'Bearer',
      refreshToken: 'refresh-1',
      idToken: 'id-1',
      scope: 'openid',
      obtainedAt: NOW,
    });
  });

  it('takes what a refresh brings', () => {
    const rotated = answer({ refresh_token: 'refresh-2', id_token: 'id-2', scope: 'email' });
    expect(toTokenSet(rotated, NOW, before)).toMatchObject({
      refreshToken: 'refresh-2',
      idToken: 'id-2',
      scope: 'email',
    });
  });

  it('takes no token for a bearer token that is none', () => {
    const bound = answer({ token_type: 'dpop' });
    expect(() => toTokenSet(bound, NOW)).toThrow(
      expect.objectContaining({ code: 'login_rejected' }),
    );
  });

  it('keeps nothing else of the answer', () => {
    const talkative = answer({ session_state: 'x', custom: 'y' });
    expect(Object.keys(toTokenSet(talkative, NOW)).toSorted()).toEqual([
      'accessToken',
      'obtainedAt',
      'tokenType',
    ]);
  });
});
