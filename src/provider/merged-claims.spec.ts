import { mergeClaims } from './merged-claims.js';

describe('what a provider says of a user', () => {
  it('is what the proof and userinfo say', () => {
    expect(mergeClaims({ sub: 'a' }, { name: 'Alice' })).toEqual({ sub: 'a', name: 'Alice' });
  });

  it('is what the proof says where both do', () => {
    expect(mergeClaims({ name: 'Alice' }, { name: 'Eve' })).toEqual({ name: 'Alice' });
  });

  it('has no nulls, and a null hides nothing', () => {
    const merged = mergeClaims({ name: null, zero: 0 }, { name: 'Alice', phone_number: null });
    expect(merged).toEqual({ name: 'Alice', zero: 0 });
  });

  it.each([
    ['the proof alone', { email: 'a@x.org', email_verified: true }, {}, true],
    ['userinfo alone', {}, { email: 'a@x.org', email_verified: true }, true],
    [
      'userinfo, of the same',
      { email: 'a@x.org' },
      { email: 'a@x.org', email_verified: true },
      true,
    ],
    [
      'the proof before userinfo',
      { email: 'a@x.org', email_verified: false },
      { email: 'a@x.org', email_verified: true },
      false,
    ],
    [
      'userinfo, but of another',
      { email: 'a@x.org' },
      { email: 'e@x.org', email_verified: true },
      undefined,
    ],
    ['userinfo, but of none', { email: 'a@x.org' }, { email_verified: true }, undefined],
    ['the proof, but of none', { email_verified: true }, { email: 'e@x.org' }, undefined],
    ['nobody', { email: 'a@x.org' }, {}, undefined],
  ])('has an address verified by %s', (_by, proof, userinfo, verified) => {
    expect(mergeClaims(proof, userinfo)['email_verified']).toBe(verified);
  });
});
