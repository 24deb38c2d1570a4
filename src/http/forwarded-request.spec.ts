import { configOf, LOOPBACK_ENV } from '../../test/support/config-env.js';
import { fakeExchange } from '../../test/support/fake-exchange.js';
import { ForwardedRequests, type ForwardedReading } from './forwarded-request.js';

const GATEWAY = '10.0.0.7';
const requests = new ForwardedRequests(
  configOf({ ...LOOPBACK_ENV, TRUST_PROXY: '10.0.0.0/8' }).server,
);

type Lines = Readonly<Record<string, string>>;

function read(headers: Lines, peer = GATEWAY): ForwardedReading {
  const exchange = fakeExchange({ headers });
  Object.defineProperty(exchange.req.socket, 'remoteAddress', { value: peer });
  return requests.of(exchange);
}

const told = (request: object): object => ({ kind: 'told', request });

describe('what a trusted gateway forwards', () => {
  it.each<[string, Lines, object]>([
    [
      'Traefik or Caddy',
      {
        'x-forwarded-method': 'POST',
        'x-forwarded-uri': '/orders?a=1',
        'x-forwarded-proto': 'https',
        'x-forwarded-host': 'app.example.com',
      },
      { method: 'POST', target: '/orders?a=1' },
    ],
    [
      'nginx',
      { 'x-original-method': 'GET', 'x-original-uri': '/orders' },
      { method: 'GET', target: '/orders' },
    ],
    [
      'ingress-nginx',
      { 'x-original-method': 'GET', 'x-original-url': 'https://app.example.com/orders?a=1' },
      { method: 'GET', target: '/orders?a=1' },
    ],
    [
      'all of them alike',
      {
        'x-forwarded-method': 'GET',
        'x-original-method': 'GET',
        'x-forwarded-uri': '/a',
        'x-original-uri': '/a',
        'x-original-url': '/a',
      },
      { method: 'GET', target: '/a' },
    ],
    ['the handshake of a WebSocket', { 'x-forwarded-proto': 'wss' }, {}],
    ['a scheme only', { 'x-forwarded-proto': 'http' }, {}],
    ['another port', { 'x-forwarded-host': '[::1]:8080' }, {}],
    [
      'a method of WebDAV',
      { 'x-forwarded-method': 'VERSION-CONTROL' },
      { method: 'VERSION-CONTROL' },
    ],
    [
      'what is no path of ours',
      { 'x-forwarded-uri': '/a%2Fb//c;d/../e' },
      { target: '/a%2Fb//c;d/../e' },
    ],
    [
      'a query of any kind',
      { 'x-forwarded-uri': '/a?b=%zz&c=\\|{"\'}' },
      { target: '/a?b=%zz&c=\\|{"\'}' },
    ],
    [
      '16 kB',
      { 'x-forwarded-uri': `/${'a'.repeat(16_383)}` },
      { target: `/${'a'.repeat(16_383)}` },
    ],
  ])('is read: %s', (_what, headers, request) => {
    expect(read(headers)).toEqual(told(request));
  });

  it.each<[string, Lines]>([
    ['a broken escape', { 'x-forwarded-uri': '/%zz' }],
    ['half an escape', { 'x-forwarded-uri': '/a%2' }],
    ['a space', { 'x-forwarded-uri': '/a b' }],
    ['a tab', { 'x-forwarded-uri': '/a\tb' }],
    ['a fragment', { 'x-forwarded-uri': '/api/secret#/public/' }],
    ['a fragment behind a query', { 'x-forwarded-uri': '/a?b#c' }],
    ['a backslash', { 'x-forwarded-uri': '/\\evil.example' }],
    ['letters that are not ASCII', { 'x-forwarded-uri': '/ä' }],
    ['a whole address', { 'x-forwarded-uri': 'https://evil.example/a' }],
    ['a whole address for nginx', { 'x-original-uri': 'https://evil.example/a' }],
    ['an address without a path', { 'x-original-url': 'https://evil.example' }],
    ['an address with a user', { 'x-original-url': 'https://a@evil.example/a' }],
    ['an address of another scheme', { 'x-original-url': 'ftp://app.example.com/a' }],
    ['no root', { 'x-forwarded-uri': 'a' }],
    ['a star', { 'x-forwarded-uri': '*' }],
    ['nothing', { 'x-forwarded-uri': '' }],
    ['more than 16 kB', { 'x-forwarded-uri': `/${'a'.repeat(16_384)}` }],
    ['two addresses', { 'x-forwarded-uri': '/a, /b' }],
    ['an empty method', { 'x-forwarded-method': '' }],
    ['two methods', { 'x-forwarded-method': 'GET, POST' }],
    ['a list of methods', { 'x-original-method': 'GET,POST' }],
    ['the same method twice', { 'x-forwarded-method': 'GET, GET' }],
    ['a method with a space', { 'x-forwarded-method': 'GET ' }],
    ['a long method', { 'x-forwarded-method': 'A'.repeat(33) }],
    ['another scheme', { 'x-forwarded-proto': 'ftp' }],
    ['two schemes', { 'x-forwarded-proto': 'https, http' }],
    ['a scheme with more', { 'x-forwarded-proto': 'https://' }],
    ['no scheme', { 'x-forwarded-proto': '' }],
    ['two hosts', { 'x-forwarded-host': 'a.example, b.example' }],
    ['a host with a path', { 'x-forwarded-host': 'a.example/b' }],
    ['a host with a user', { 'x-forwarded-host': 'b@a.example' }],
    ['no host', { 'x-forwarded-host': '' }],
    ['two minds about the method', { 'x-forwarded-method': 'GET', 'x-original-method': 'POST' }],
    ['two minds about the address', { 'x-forwarded-uri': '/a', 'x-original-uri': '/b' }],
    ['two minds about it in one manner', { 'x-original-uri': '/a', 'x-original-url': '/b' }],
  ])('is nothing to go by: %s (ATK-12, ATK-14)', (_what, headers) => {
    expect(read(headers)).toMatchObject({ kind: 'malformed' });
  });

  it('is nothing where it forwards nothing', () => {
    expect(read({})).toEqual({ kind: 'nothing' });
    expect(read({ 'x-forwarded-for': '192.0.2.1', 'x-rewrite-url': '/a' })).toEqual({
      kind: 'nothing',
    });
  });
});

describe('what anybody else forwards', () => {
  it.each([
    'x-forwarded-method',
    'x-forwarded-uri',
    'x-forwarded-proto',
    'x-forwarded-host',
    'x-original-method',
    'x-original-uri',
    'x-original-url',
  ])('is hearsay, whatever it says: %s (ATK-01, ATK-14)', (name) => {
    for (const value of ['GET', '/a', 'https', '', '%zz', 'a, b'])
      for (const peer of ['192.0.2.1', '127.0.0.1', '::1', '11.0.0.7', ''])
        expect(read({ [name]: value }, peer)).toEqual({ kind: 'hearsay' });
  });

  it('is hearsay from everybody where nobody is trusted (ATK-02)', () => {
    const exchange = fakeExchange({ headers: { 'x-forwarded-method': 'GET' } });
    Object.defineProperty(exchange.req.socket, 'remoteAddress', { value: '127.0.0.1' });
    const nobody = new ForwardedRequests(configOf(LOOPBACK_ENV).server);
    expect(nobody.of(exchange)).toEqual({ kind: 'hearsay' });
  });
});
