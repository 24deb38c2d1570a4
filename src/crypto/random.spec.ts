import { isToken, randomToken } from './random.js';

describe('a random token', () => {
  it('is 256 bits of base64url (ATK-51)', () => {
    const token = randomToken();
    expect(token).toHaveLength(43);
    expect(Buffer.from(token, 'base64url')).toHaveLength(32);
    expect(isToken(token)).toBe(true);
  });

  it('is never the same (ATK-51)', () => {
    const tokens = Array.from({ length: 1_000 }, randomToken);
    expect(new Set(tokens).size).toBe(1_000);
  });
});

describe('the shape of a token', () => {
  const token = 'A'.repeat(43);

  it.each([
    ['nothing', ''],
    ['one character less', token.slice(1)],
    ['one character more', `${token}A`],
    ['padding', `${token}=`],
    ['a line feed at the end', `${token}\n`],
    ['base64 that is not base64url', `${token.slice(1)}+`],
    ['a letter outside ASCII', `${token.slice(1)}é`],
    ['a NUL', `${token.slice(1)}\0`],
  ])('excludes %s', (_what, value) => {
    expect(isToken(value)).toBe(false);
  });
});
