import { isDue, isJustObtained, isUsable, JUST_OBTAINED_MS, type TokenSet } from './token-set.js';

const EXPIRY = 1_000_000;
const tokens: TokenSet = {
  accessToken: 'access',
  tokenType: 'Bearer',
  obtainedAt: 0,
  accessTokenExpiresAt: EXPIRY,
};
const ageless: TokenSet = { accessToken: 'access', tokenType: 'Bearer', obtainedAt: 0 };

describe('isJustObtained', () => {
  it.each([
    [0, true],
    [JUST_OBTAINED_MS - 1, true],
    [JUST_OBTAINED_MS, false],
    [-30_000, true],
    [-30_001, false],
  ])('of tokens obtained at 0 by a clock that says %d by now: %s', (now, isJust) => {
    expect(isJustObtained(tokens, now)).toBe(isJust);
  });
});

describe('isDue', () => {
  it.each([
    [EXPIRY - 30_001, false],
    [EXPIRY - 30_000, true],
    [EXPIRY, true],
    [EXPIRY + 1, true],
  ])('at %d with a leeway of 30 s: %s', (now, due) => {
    expect(isDue(tokens, now, 30_000)).toBe(due);
  });

  it.each([
    [9_999, false],
    [10_000, true],
  ])('of a life of 20 s, at %d ms: %s, because no leeway is more than half of it', (now, due) => {
    expect(isDue({ obtainedAt: 0, accessTokenExpiresAt: 20_000 }, now, 30_000)).toBe(due);
  });

  it.each([
    [-30_000, false],
    [-30_001, true],
  ])(
    'obtained at 0 by a clock that says %d by now: %s, its end says nothing (R-23)',
    (now, due) => {
      expect(isDue(tokens, now, 30_000)).toBe(due);
    },
  );

  it('never renews a token of unknown life (C-06)', () => {
    expect(isDue(ageless, Number.MAX_SAFE_INTEGER, 30_000)).toBe(false);
  });
});

describe('isUsable', () => {
  it.each([
    [EXPIRY - 1, true],
    [EXPIRY, false],
    [EXPIRY + 1, false],
  ])('at %d: %s', (now, usable) => {
    expect(isUsable(tokens, now)).toBe(usable);
  });

  it('takes a token of unknown life for usable', () => {
    expect(isUsable(ageless, Number.MAX_SAFE_INTEGER)).toBe(true);
  });
});
