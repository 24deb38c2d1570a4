import { fakeExchange } from '../../test/support/fake-exchange.js';
import { comesFromOwnPage, isOwnRead, passesCsrf, provesOwnPage } from './csrf.js';

const csrf = { header: 'x-csrf', value: '1' };
const server = { origin: 'https://app.example', allowedOrigins: ['https://other.example'] };
const OWN = 'https://app.example';
const ALLOWED = 'https://other.example';

type Headers = Readonly<Record<string, string>>;

describe('provesOwnPage', () => {
  it.each<[string, Headers]>([
    ['the header alone', { 'x-csrf': '1' }],
    ['the header and our origin', { 'x-csrf': '1', origin: OWN }],
    ['the header and same-origin', { 'x-csrf': '1', 'sec-fetch-site': 'same-origin' }],
    ['an allowed origin', { 'x-csrf': '1', origin: ALLOWED, 'sec-fetch-site': 'same-site' }],
  ])('passes %s', (_what, headers) => {
    expect(provesOwnPage(fakeExchange({ headers }), csrf, server)).toBe(true);
  });

  it.each<[string, Headers]>([
    ['no header', { origin: OWN, 'sec-fetch-site': 'same-origin' }],
    ['an empty header', { 'x-csrf': '' }],
    ['another value', { 'x-csrf': '0' }],
    ['a header sent twice', { 'x-csrf': '1, 1' }],
    ['a foreign origin', { 'x-csrf': '1', origin: 'https://evil.example' }],
    ['an opaque origin', { 'x-csrf': '1', origin: 'null' }],
    ['our host with another scheme', { 'x-csrf': '1', origin: 'http://app.example' }],
    ['our host with another port', { 'x-csrf': '1', origin: 'https://app.example:8443' }],
    ['an origin that begins like ours', { 'x-csrf': '1', origin: 'https://app.example.evil' }],
    ['a sibling site', { 'x-csrf': '1', 'sec-fetch-site': 'same-site' }],
    ['a cross-site request', { 'x-csrf': '1', 'sec-fetch-site': 'cross-site' }],
    ['a typed address', { 'x-csrf': '1', 'sec-fetch-site': 'none' }],
    ['cross-site with our origin', { 'x-csrf': '1', origin: OWN, 'sec-fetch-site': 'cross-site' }],
  ])('refuses %s', (_what, headers) => {
    expect(provesOwnPage(fakeExchange({ headers }), csrf, server)).toBe(false);
  });
});

describe('comesFromOwnPage', () => {
  it('believes Sec-Fetch-Site before Origin', () => {
    const headers = { origin: OWN, 'sec-fetch-site': 'cross-site' };
    expect(comesFromOwnPage(fakeExchange({ headers }), server)).toBe(false);
  });

  it('takes silence for a client that is no browser', () => {
    expect(comesFromOwnPage(fakeExchange(), server)).toBe(true);
  });
});

describe('isOwnRead', () => {
  it.each<[Headers, boolean]>([
    [{}, true],
    [{ 'sec-fetch-site': 'same-origin' }, true],
    [{ 'sec-fetch-site': 'same-site' }, true],
    [{ 'sec-fetch-site': 'none' }, true],
    [{ 'sec-fetch-site': 'cross-site' }, false],
    [{ origin: 'https://evil.example' }, false],
    [{ origin: 'null' }, false],
    [{ origin: ALLOWED, 'sec-fetch-site': 'same-site' }, true],
  ])('%j: %s', (headers, own) => {
    expect(isOwnRead(fakeExchange({ headers }), server)).toBe(own);
  });
});

describe('passesCsrf', () => {
  const judge = (rule: Parameters<typeof passesCsrf>[0], method: string, headers: Headers = {}) =>
    passesCsrf(rule, fakeExchange({ method, headers }), csrf, server);

  it('asks for the header where the row says so', () => {
    expect(judge('header', 'POST')).toBe(false);
    expect(judge('header', 'POST', { 'x-csrf': '1' })).toBe(true);
  });

  it('lets only safe methods read without the header', () => {
    expect(judge('safe-read', 'GET')).toBe(true);
    expect(judge('safe-read', 'POST', { 'x-csrf': '1' })).toBe(false);
    expect(judge('safe-read', 'GET', { 'sec-fetch-site': 'cross-site' })).toBe(false);
  });

  it('lets a navigation come from anywhere, but not act', () => {
    expect(judge('navigation', 'GET', { 'sec-fetch-site': 'cross-site' })).toBe(true);
    expect(judge('navigation', 'POST', { 'x-csrf': '1' })).toBe(false);
  });

  it('passes an exempt row', () => {
    expect(judge({ exempt: 'a signature proves it' }, 'POST')).toBe(true);
  });
});
