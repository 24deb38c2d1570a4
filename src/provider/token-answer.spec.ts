import type { TokenSet } from '../domain/token-set.js';
import {
  readTokenAnswer,
  tokensToRevoke,
  toTokenSet,
  type RawTokenAnswer,
  type TokenAnswer,
} from './token-answer.js';

const NOW = 1_000_000;
const YEAR_S = 31_536_000;
const given = { access_token: 'access-2', token_type: 'Bearer' };

/** What is read of an answer with some members changed. */
function read(more: RawTokenAnswer = {}, accessTokenOptional = false): TokenAnswer {
  return readTokenAnswer({ ...given, ...more }, { accessTokenOptional });
}

/** The same, or why it is refused. */
function judged(more: RawTokenAnswer, accessTokenOptional = false): unknown {
  try {
    return read(more, accessTokenOptional);
  } catch (error) {
    return (error as { detail?: string }).detail;
  }
}

describe('a token answer', () => {
  it('is read with the names of our own, and nothing else of it is kept', () => {
    const all = {
      refresh_token: 'refresh-2',
      id_token: 'id-2',
      scope: 'openid email',
      expires_in: 300,
      session_state: 'x',
      expires_at: 1,
    };
    expect(read(all)).toEqual({
      accessToken: 'access-2',
      refreshToken: 'refresh-2',
      idToken: 'id-2',
      scope: 'openid email',
      expiresIn: 300,
    });
  });

  it('may have nulls or empty texts for what it leaves out', () => {
    for (const nothing of [null, '', undefined])
      expect(
        read({
          refresh_token: nothing,
          id_token: nothing,
          expires_in: nothing,
          error: nothing,
          error_description: nothing,
          ...(nothing !== '' && { scope: nothing }),
        }),
      ).toEqual({ accessToken: 'access-2' });
  });

  it.each(['Bearer', 'bearer', 'BEARER'])('may call its type %s (RFC 6749 §5.1, C-05)', (type) => {
    expect(read({ token_type: type })).toEqual({ accessToken: 'access-2' });
  });

  it.each<[string, RawTokenAnswer, string]>([
    ['an error in a 200', { error: 'invalid_grant' }, 'error'],
    ['an error that is no text', { error: { code: 1 } }, 'error'],
    ['no access token', { access_token: undefined }, 'access_token'],
    ['null for the access token', { access_token: null }, 'access_token'],
    ['an empty access token', { access_token: '' }, 'access_token'],
    ['a number for the access token', { access_token: 7 }, 'access_token'],
    ['a list for the access token', { access_token: ['a'] }, 'access_token'],
    ['a huge access token', { access_token: 'x'.repeat(65_537) }, 'access_token'],
    ['no token type', { token_type: undefined }, 'token_type'],
    ['null for the token type', { token_type: null }, 'token_type'],
    ['a token type that we cannot use', { token_type: 'DPoP' }, 'token_type'],
    ['a token type that is no text', { token_type: 1 }, 'token_type'],
    ['an object for the refresh token', { refresh_token: {} }, 'refresh_token'],
    ['an object for the ID token', { id_token: { sub: 'x' } }, 'id_token'],
    ['true for the ID token', { id_token: true }, 'id_token'],
  ])('is refused with %s (F-14)', (_what, more, member) => {
    expect(judged(more)).toBe(`token answer: ${member}`);
  });

  it('may lack the access token where the configuration says so', () => {
    expect(judged({ access_token: undefined, id_token: 'id' }, true)).toEqual({ idToken: 'id' });
    expect(judged({ access_token: null, id_token: 'id' }, true)).toEqual({ idToken: 'id' });
    expect(judged({ access_token: 7, id_token: 'id' }, true)).toBe('token answer: access_token');
    expect(judged({ token_type: undefined }, true)).toBe('token answer: token_type');
  });

  it.each<[unknown, string | undefined]>([
    ['openid email', 'openid email'],
    [['openid', 'email'], 'openid email'],
    [[], ''],
    [['openid', 7], undefined],
    [{ openid: true }, undefined],
    [7, undefined],
    [null, undefined],
  ])('tells its scope as a text or a list: %j is %p', (scope, told) => {
    expect(read({ scope }).scope).toBe(told);
  });
});

describe('the life of an access token (ATK-77)', () => {
  it.each<[unknown, number | undefined]>([
    [3600, 3600],
    ['3600', 3600],
    [0.5, 0.5],
    [YEAR_S, YEAR_S],
    [YEAR_S + 1, YEAR_S],
    [1e300, YEAR_S],
    [Number.MAX_VALUE, YEAR_S],
    ['999999999999999', YEAR_S],
    [0, undefined],
    ['0', undefined],
    [-1, undefined],
    ['-1', undefined],
    [-1e300, undefined],
    [Number.NaN, undefined],
    [Number.POSITIVE_INFINITY, undefined],
    ['', undefined],
    ['soon', undefined],
    ['1e3', undefined],
    [' 3600', undefined],
    ['9'.repeat(16), undefined],
    [null, undefined],
    [undefined, undefined],
    [true, undefined],
    [[3600], undefined],
    [{ seconds: 3600 }, undefined],
  ])('%j is %p seconds', (expiresIn, seconds) => {
    expect(read({ expires_in: expiresIn }).expiresIn).toBe(seconds);
  });
});

describe('what is kept of an answer', () => {
  const before: TokenSet = {
    accessToken: 'access-1',
    tokenType: 'Bearer',
    refreshToken: 'refresh-1',
    idToken: 'id-1',
    scope: 'openid',
    accessTokenExpiresAt: 5,
    obtainedAt: 1,
  };

  it('has an instant instead of a life (D-23)', () => {
    expect(toTokenSet(read({ expires_in: 300 }), NOW)).toEqual({
      accessToken: 'access-2',
      tokenType: 'Bearer',
      obtainedAt: NOW,
      accessTokenExpiresAt: NOW + 300_000,
    });
  });

  it('has no instant where no life was told (C-06)', () => {
    expect(toTokenSet(read(), NOW)).not.toHaveProperty('accessTokenExpiresAt');
    expect(toTokenSet(read(), NOW, before)).not.toHaveProperty('accessTokenExpiresAt');
  });

  it.each([299.999, 0.3333, 1.1])('has whole milliseconds of %p seconds', (expiresIn) => {
    const { accessTokenExpiresAt = 0 } = toTokenSet(read({ expires_in: expiresIn }), NOW);
    expect(Number.isSafeInteger(accessTokenExpiresAt)).toBe(true);
    expect(accessTokenExpiresAt).toBeLessThanOrEqual(NOW + expiresIn * 1000);
    expect(accessTokenExpiresAt).toBeGreaterThan(NOW);
  });

  it('is what a refresh left out, too (RFC 6749 §6, OIDC Core §12.2)', () => {
    expect(toTokenSet(read({ refresh_token: null, id_token: '' }), NOW, before)).toEqual({
      accessToken: 'access-2',
      tokenType: 'Bearer',
      refreshToken: 'refresh-1',
      idToken: 'id-1',
      scope: 'openid',
      obtainedAt: NOW,
    });
  });

  it('is what a refresh brings: also a narrower scope', () => {
    const rotated = read({ refresh_token: 'refresh-2', id_token: 'id-2', scope: '' });
    expect(toTokenSet(rotated, NOW, before)).toMatchObject({
      refreshToken: 'refresh-2',
      idToken: 'id-2',
      scope: '',
    });
  });
});

describe('what is revoked of a refused answer', () => {
  it('is every token that it held, whatever else was wrong', () => {
    const odd = { access_token: 'a', refresh_token: 'r', token_type: 7, error: 'x' };
    expect(tokensToRevoke(odd)).toEqual({ accessToken: 'a', refreshToken: 'r' });
  });

  it.each<[string, RawTokenAnswer]>([
    ['nothing', {}],
    ['nulls', { access_token: null, refresh_token: null }],
    ['empty texts', { access_token: '', refresh_token: '' }],
    ['other types', { access_token: 7, refresh_token: ['r'] }],
    ['texts that are no tokens', { access_token: 'x'.repeat(65_537) }],
  ])('is nothing of %s', (_what, raw) => {
    expect(tokensToRevoke(raw)).toEqual({});
  });
});
