import { toIdentity } from './identity.mapper.js';

const base = { iss: 'https://login.example', sub: 'user-1' };
const map = (claims: object, userinfo: Record<string, unknown>, allowed: readonly string[]) =>
  toIdentity('google', { ...base, ...claims }, userinfo, allowed);

describe('toIdentity', () => {
  it('names the provider, the issuer and the subject', () => {
    expect(map({}, {}, [])).toEqual({
      provider: 'google',
      issuer: 'https://login.example',
      subject: 'user-1',
      claims: {},
    });
  });

  it('keeps the facts of the login that have the right type', () => {
    expect(
      map({ sid: 's', acr: 'gold', amr: ['pwd', 1, 'otp'], auth_time: 5 }, {}, []),
    ).toMatchObject({ providerSessionId: 's', acr: 'gold', amr: ['pwd', 'otp'], authTime: 5 });
    expect(map({ sid: 1, acr: null, amr: 'pwd', auth_time: '5' }, {}, [])).toEqual(map({}, {}, []));
  });

  it('takes those facts from the ID token only', () => {
    expect(map({}, { sid: 's', acr: 'gold', iss: 'x', sub: 'y' }, [])).toEqual(map({}, {}, []));
  });

  it('keeps allowed claims and nothing else', () => {
    const claims = { email: 'a@b.c', secret: 'x', nonce: 'n' };
    expect(map(claims, { name: 'A', other: 1 }, ['email', 'name']).claims).toEqual({
      email: 'a@b.c',
      name: 'A',
    });
  });

  it('believes the ID token before userinfo', () => {
    expect(map({ email: 'id@b.c' }, { email: 'info@b.c' }, ['email']).claims).toEqual({
      email: 'id@b.c',
    });
  });

  it('leaves null and absent claims out, and lets a null hide nothing', () => {
    expect(
      map({ email: null, name: null }, { email: 'a@b.c', picture: null }, [
        'email',
        'name',
        'picture',
        'locale',
      ]).claims,
    ).toEqual({
      email: 'a@b.c',
    });
  });

  it('keeps values that are false, zero or empty', () => {
    const claims = { email_verified: false, level: 0, groups: [], nick: '' };
    expect(map(claims, {}, Object.keys(claims)).claims).toEqual(claims);
  });

  it.each([['__proto__'], ['constructor'], ['prototype'], ['toString'], ['hasOwnProperty']])(
    'is not fooled by the name %s',
    (name) => {
      const claims = JSON.parse(
        '{"__proto__":{"admin":true},"constructor":1,"prototype":2}',
      ) as object;
      const identity = map(claims, {}, [name]);
      expect(Object.keys(identity.claims)).toEqual([]);
      expect(Object.getPrototypeOf(identity.claims)).toBe(Object.prototype);
      expect(({} as { admin?: boolean }).admin).toBeUndefined();
    },
  );
});
