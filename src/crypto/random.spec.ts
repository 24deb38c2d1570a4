import { isToken, randomToken } from './random.js';

describe('a random token', () => {
  it('is 256 bits of base64url (ATK-51, E-05)', () => {
    const token = randomToken();
    expect(token).toHaveLength(43);
    expect(Buffer.from(token, 'base64url')).toHaveLength(32);
    expect(isToken(token)).toBe(true);
  });

  it('is never the same, of a million, and no letter of it is the rule (ATK-31, ATK-51)', () => {
    const MILLION = 1_000_000;
    const seen = new Set<string>();
    const letters = Array.from({ length: 43 }, () => new Set<string>());
    for (let count = 0; count < MILLION; count += 1) {
      const token = randomToken();
      seen.add(token);
      if (count < 2_000) letters.forEach((set, at) => set.add(token[at] ?? ''));
    }
    expect(seen.size).toBe(MILLION);
    expect(letters.map(({ size }) => size)).toEqual([...Array<number>(42).fill(64), 16]);
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
