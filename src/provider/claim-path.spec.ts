import { claimAt } from './claim-path.js';

const CLAIMS: Readonly<Record<string, unknown>> = {
  name: 'Alice',
  'https://example.com/roles': ['admin'],
  'https://example.com/app': { roles: ['editor'], 'v1.0': { level: 2 } },
  realm_access: { roles: ['user'], nothing: null },
  resource_access: { 'my.shop.app': { roles: ['buyer'] }, my: { shop: { roles: ['other'] } } },
  'realm_access.level': 'by its whole name',
  list: [{ roles: ['of an entry'] }],
  zero: 0,
  no: false,
  empty: '',
  nothing: null,
};

describe('a claim', () => {
  it.each([
    ['name', 'Alice'],
    ['https://example.com/roles', ['admin']],
    ['realm_access.roles', ['user']],
    ['https://example.com/app.roles', ['editor']],
    ['https://example.com/app.v1.0.level', 2],
    ['resource_access.my.shop.app.roles', ['buyer']],
    ['resource_access.my.shop.roles', ['other']],
    ['realm_access.level', 'by its whole name'],
    ['zero', 0],
    ['no', false],
    ['empty', ''],
  ])('is found at %s', (path, value) => {
    expect(claimAt(CLAIMS, path)).toEqual(value);
  });

  it.each([
    ['Name'],
    ['realm_access.missing'],
    ['realm_access.roles.0'],
    ['realm_access.'],
    ['.realm_access'],
    ['name.length'],
    ['list.0.roles'],
    ['list.length'],
    ['nothing'],
    ['nothing.at.all'],
    ['realm_access.nothing'],
    [''],
    ['.'],
  ])('is not there at %j', (path) => {
    expect(claimAt(CLAIMS, path)).toBeUndefined();
  });

  it.each([
    ['__proto__'],
    ['constructor'],
    ['constructor.name'],
    ['toString'],
    ['realm_access.constructor'],
    ['realm_access.__proto__.admin'],
    ['hasOwnProperty'],
  ])('is nothing that objects inherit: %s', (path) => {
    expect(claimAt(CLAIMS, path)).toBeUndefined();
  });

  it('may have such a name, and is data then', () => {
    const claims = JSON.parse('{"__proto__":{"roles":["a"]},"toString":"text"}') as object;
    expect(claimAt({ ...claims }, '__proto__.roles')).toEqual(['a']);
    expect(claimAt({ ...claims }, 'toString')).toBe('text');
  });

  it('is looked for in no time, however many dots there are', () => {
    const path = Array.from({ length: 100 }, () => 'a').join('.');
    const nested = path
      .split('.')
      .slice(0, -1)
      .reduce<Readonly<Record<string, unknown>>>((below) => ({ a: below }), {});
    const started = performance.now();
    expect(claimAt(nested, path)).toBeUndefined();
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});
