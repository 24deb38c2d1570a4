import type { ClaimMapping } from '../config/provider-config.types.js';
import type { Identity } from '../domain/identity.js';
import { toIdentity } from './identity.mapper.js';

const map = (
  proof: object,
  more: Readonly<Record<string, unknown>>,
  allowed: readonly (string | ClaimMapping)[],
): Identity =>
  toIdentity(
    {
      provider: 'google',
      issuer: 'https://login.example',
      subject: 'user-1',
      proof: { ...proof },
      told: { ...more, ...proof },
    },
    allowed.map((one) => (typeof one === 'string' ? { name: one, source: one } : one)),
  );

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

  it('takes those facts from the proof only', () => {
    expect(map({}, { sid: 's', acr: 'gold', iss: 'x', sub: 'y' }, [])).toEqual(map({}, {}, []));
  });

  it('keeps allowed claims and nothing else', () => {
    const claims = { email: 'a@b.c', secret: 'x', nonce: 'n' };
    expect(map(claims, { name: 'A', other: 1 }, ['email', 'name']).claims).toEqual({
      email: 'a@b.c',
      name: 'A',
    });
  });

  it('leaves null and absent claims out', () => {
    expect(map({ email: null, name: 'A' }, {}, ['email', 'name', 'locale']).claims).toEqual({
      name: 'A',
    });
  });

  it('takes a nested claim under a name of its own', () => {
    const claims = { realm_access: { roles: ['admin'] }, 'https://corp.com/unit': 'sales' };
    expect(
      map(claims, {}, [
        { name: 'roles', source: 'realm_access.roles' },
        { name: 'unit', source: 'https://corp.com/unit' },
        { name: 'nothing', source: 'realm_access.nothing' },
      ]).claims,
    ).toEqual({ roles: ['admin'], unit: 'sales' });
  });

  it('keeps values that are false, zero or empty', () => {
    const claims = { email_verified: false, level: 0, groups: [], nick: '' };
    expect(map(claims, {}, Object.keys(claims)).claims).toEqual(claims);
  });

  it.each([['__proto__'], ['constructor'], ['prototype'], ['toString'], ['hasOwnProperty']])(
    'is not fooled by the name %s (ATK-83)',
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

  it('takes a value as it is, whatever its type', () => {
    const claims = { number: 1.5, list: [1, 'a', null, [true]], object: { a: { b: null } } };
    expect(map(claims, {}, Object.keys(claims)).claims).toEqual(claims);
  });

  it('fetches nothing that objects inherit through a path', () => {
    const mappings = ['constructor.name', '__proto__.admin', 'email.length'].map((source, at) => ({
      name: `taken${at}`,
      source,
    }));
    expect(map({ email: 'a@b.c' }, {}, mappings).claims).toEqual({});
  });

  // ATK-67
  it.each(['User', 'user', 'usér', 'use\u0301r', 'a'.repeat(300), ' user ', 'iss|user'])(
    'keeps the subject %j byte for byte',
    (subject) => {
      const source = { provider: 'p', issuer: 'https://login.example', proof: {}, told: {} };
      expect(toIdentity({ ...source, subject }, []).subject).toBe(subject);
    },
  );

  it('tells the same subject of two issuers apart (E-31)', () => {
    const source = {
      provider: 'p',
      subject: 'user',
      proof: {},
      told: { iss: 'https://c.example' },
    };
    const identities = ['https://a.example', 'https://b.example'].map(
      (issuer) => toIdentity({ ...source, issuer }, []).issuer,
    );
    expect(identities).toEqual(['https://a.example', 'https://b.example']);
  });

  it('refuses more than a record should hold, and takes what is just below', () => {
    const tooLarge = expect.objectContaining({ code: 'login_rejected' });
    expect(() => map({ groups: 'g'.repeat(33_000) }, {}, ['groups'])).toThrow(tooLarge);
    expect(() => map({ sid: 's'.repeat(33_000) }, {}, [])).toThrow(tooLarge);
    expect(() => map({ groups: 'g'.repeat(32_000) }, {}, ['groups'])).not.toThrow();
    expect(() => map({ groups: 'g'.repeat(1_000_000) }, {}, [])).not.toThrow();
  });
});
