import { configOf, HTTPS_ENV } from '../../test/support/config-env.js';
import {
  corpusFor,
  faultOf,
  REDIRECT_CORPUS,
  type Realm,
} from '../../test/support/redirect-corpus.js';
import { ownPrefixes } from '../http/route-table.js';
import { ReturnTo } from './return-to.js';

const ENV = {
  ...HTTPS_ENV,
  RETURN_ORIGINS: 'https://partner.example',
  API_UPSTREAM: 'http://api:8080',
};

function resolverOf(env: Readonly<Record<string, string>> = {}): ReturnTo {
  const { server, routes } = configOf({ ...ENV, ...env });
  return new ReturnTo(server, routes);
}

const root = resolverOf();
const based = resolverOf({ BASE_PATH: '/app' });

describe('leads there', () => {
  it.each([
    ['/', '/'],
    ['/orders', '/orders'],
    ['/orders/7?tab=2&x=%20#part', '/orders/7?tab=2&x=%20#part'],
    ['/#/hash/route?x=1', '/#/hash/route?x=1'],
    ['/?next=https://evil.example', '/?next=https://evil.example'],
    ['/caf%C3%A9', '/caf%C3%A9'],
    ['/café', '/caf%C3%A9'],
    ['/loginx', '/loginx'],
    ['/apix', '/apix'],
    ['https://app.example.com/orders#a', '/orders#a'],
    ['https://partner.example', 'https://partner.example/'],
    ['https://partner.example/x?y#z', 'https://partner.example/x?y#z'],
  ])('%s', (value, target) => {
    expect(root.resolve(value)).toBe(target);
  });

  it.each([
    ['/app', '/app'],
    ['/app/orders', '/app/orders'],
    ['https://app.example.com/app/orders', '/app/orders'],
  ])('below the base path: %s', (value, target) => {
    expect(based.resolve(value)).toBe(target);
  });
});

describe('leads home instead', () => {
  it.each([
    ['nothing', undefined],
    ['an empty value', ''],
    ['another origin', 'https://evil.example/'],
    ['a protocol-relative address', '//evil.example'],
    ['three slashes', '///evil.example'],
    ['a backslash', '/\\evil.example'],
    ['two backslashes', '\\\\evil.example'],
    ['a tab that parsers drop', '/\t/evil.example'],
    ['a line break that parsers drop', '/\n/evil.example'],
    ['a leading space', ' //evil.example'],
    ['a leading control character', '\u0001//evil.example'],
    ['a zero-width space', '/\u200b/evil.example'],
    ['dot segments that leave two slashes', '/..//evil.example'],
    ['encoded dot segments that leave two slashes', '/%2e%2e//evil.example'],
    ['dot segments that leave two slashes, later', '/a/..//evil.example'],
    ['an encoded slash', '/%2f%2fevil.example'],
    ['an encoded backslash', '/%5cevil.example'],
    ['a scheme without slashes', 'https:evil.example'],
    ['a scheme with one slash', 'https:/evil.example'],
    ['our own host after a scheme with one slash', 'https:/app.example.com/x'],
    ['a script', 'javascript:alert(1)'],
    ['a script with slashes', 'javascript://app.example.com/%0aalert(1)'],
    ['data', 'data:text/html,x'],
    ['a blob of an allowed origin', 'blob:https://partner.example/x'],
    ['our origin as the user', 'https://app.example.com@evil.example/'],
    ['a user at an allowed origin', 'https://user@partner.example/'],
    ['an origin that begins with ours', 'https://app.example.com.evil.example/'],
    ['an origin that ends with an allowed one', 'https://evilpartner.example/'],
    ['a subdomain of an allowed one', 'https://x.partner.example/'],
    ['an allowed host with another scheme', 'http://partner.example/'],
    ['an allowed host with another port', 'https://partner.example:444/'],
    ['a host in capitals', 'https://PARTNER.example/'],
    ['a host with a dot at the end', 'https://partner.example./'],
    ['a full-width host', 'https://ｐartner.example/'],
    ['no leading slash', 'orders'],
    ['only a query', '?x=1'],
    ['more than 2,048 characters', `/${'x'.repeat(2_048)}`],
    ['more than 2,048 characters when it is written out', `/${'é'.repeat(400)}`],
    ['our own route', '/login'],
    ['our own route with a query', '/login?return_to=/login'],
    ['a path below our own route', '/callback/google'],
    ['our own route reached by dots', '/x/../logout'],
    ['our own route as a whole address', 'https://app.example.com/logout'],
    ['a route that is yet to come', '/sessions'],
    ['a proxied prefix', '/api'],
    ['a path below a proxied prefix', '/api/orders'],
  ])('%s', (_what, value) => {
    expect(root.resolve(value)).toBe('/');
  });

  it.each([
    ['/orders'],
    ['/'],
    ['/application'],
    ['/app/login'],
    ['/app/api/x'],
    ['/app/../orders'],
  ])('which is the base path, for %s', (value) => {
    expect(based.resolve(value)).toBe('/app/');
  });
});

describe('the corpus of redirects', () => {
  const ORIGIN = 'https://app.example.com';
  const closed = [...ownPrefixes(), '/api'];
  const corpus = corpusFor(ORIGIN);
  const realm: Realm = { origin: ORIGIN, basePath: '', closed };

  it('has 520 different strings and more', () => {
    expect(new Set(REDIRECT_CORPUS).size).toBe(REDIRECT_CORPUS.length);
    expect(REDIRECT_CORPUS.length).toBeGreaterThanOrEqual(520);
  });

  it.each([
    ['at the root', root, realm],
    ['below a base path', based, { ...realm, basePath: '/app' }],
  ])('leads to a page of ours, %s (ATK-20…24, ATK-29, H-01, P-39)', (_where, resolver, ours) => {
    const faults = corpus
      .map((given) => ({ given, fault: faultOf(resolver.resolve(given), ours) }))
      .filter(({ fault }) => fault !== undefined);
    expect(faults).toEqual([]);
  });

  it('is written out as an address that every parser reads alike', () => {
    for (const given of corpus) expect(root.resolve(given)).toMatch(/^\/(?![/\\])[!-~]*$/);
  });

  // That a string cannot do harm shows nothing unless it would to somebody less careful.
  it.each<[string, number, (value: string) => string]>([
    ['nothing', 540, (value) => value],
    ['a rooted path', 200, (value) => (value.startsWith('/') ? value : '/')],
    ['one slash', 100, (value) => (/^\/(?!\/)/.test(value) ? value : '/')],
    ['one slash, no backslash', 90, (value) => (/^\/(?![/\\])/.test(value) ? value : '/')],
    ['no host of others', 150, (value) => (/evil|\\|^\/\//.test(value) ? '/' : value)],
    ['a beginning like ours', 40, (value) => (value.startsWith(ORIGIN) ? value : '/')],
    [
      'our own origin, of which the path is kept',
      100,
      (value) => {
        const url = URL.canParse(value, ORIGIN) ? new URL(value, ORIGIN) : undefined;
        return url?.origin === ORIGIN ? url.pathname : '/';
      },
    ],
  ])('fools whoever looks for %s, by %i strings and more', (_what, least, naive) => {
    const fooled = corpus.filter((given) => faultOf(naive(given), realm) !== undefined);
    expect(fooled.length).toBeGreaterThanOrEqual(least);
  });
});

it('changes nothing when its own answer is judged again', () => {
  for (const value of ['/a?b#c', '/café', 'https://partner.example', 'https://app.example.com/x']) {
    const once = root.resolve(value);
    expect(root.resolve(once)).toBe(once);
  }
});
