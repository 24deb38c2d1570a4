import { fakeExchange } from '../../test/support/fake-exchange.js';
import { exchangeOf, headerOf, isNavigation, isNoPageLoad, isPrefetch } from './exchange.js';

type Headers = Readonly<Record<string, string>>;
const HTML = 'text/html,application/xhtml+xml,*/*;q=0.8';

describe('isNavigation', () => {
  it.each<[string, Headers, boolean]>([
    ['a page load', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }, true],
    ['a frame', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe', accept: HTML }, false],
    ['an embedded object', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'object' }, false],
    [
      'a fetch that accepts html',
      { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', accept: HTML },
      false,
    ],
    ['an image', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }, false],
    ['a mode without a destination', { 'sec-fetch-mode': 'navigate', accept: HTML }, false],
    ['a destination without a mode', { 'sec-fetch-dest': 'document', accept: HTML }, false],
    ['an old browser', { accept: HTML }, true],
    ['an old XMLHttpRequest', { accept: HTML, 'x-requested-with': 'XMLHttpRequest' }, false],
    ['a client that takes anything', { accept: '*/*' }, false],
    ['a client that takes json', { accept: 'application/json' }, false],
    ['a silent client', {}, false],
  ])('%s', (_what, headers, navigation) => {
    expect(isNavigation(fakeExchange({ headers }))).toBe(navigation);
  });
});

describe('isNoPageLoad', () => {
  it.each<[string, Headers, boolean]>([
    ['a page load', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }, false],
    ['an image', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }, true],
    ['a fetch', { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', accept: HTML }, true],
    ['a frame', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }, true],
    ['a mode without a destination', { 'sec-fetch-mode': 'navigate', accept: HTML }, true],
    ['a destination without a mode', { 'sec-fetch-dest': 'document', accept: HTML }, true],
    ['a speculative load', { purpose: 'prefetch', accept: HTML }, true],
    ['a client that takes anything', { accept: '*/*' }, false],
    ['a silent client', {}, false],
  ])('%s', (_what, headers, refused) => {
    expect(isNoPageLoad(fakeExchange({ headers }))).toBe(refused);
  });
});

describe('isPrefetch', () => {
  it.each<[Headers, boolean]>([
    [{ 'sec-purpose': 'prefetch' }, true],
    [{ 'sec-purpose': 'prefetch;prerender' }, true],
    [{ 'sec-purpose': 'prefetch;anonymous-client-ip' }, true],
    [{ purpose: 'prefetch' }, true],
    [{ purpose: 'prerender' }, true],
    [{}, false],
    [{ purpose: 'payment' }, false],
  ])('%j: %s', (headers, prefetch) => {
    expect(isPrefetch(fakeExchange({ headers }))).toBe(prefetch);
  });
});

describe('exchangeOf', () => {
  it('finds the exchange that the edge attached', () => {
    const exchange = fakeExchange();
    expect(exchangeOf(exchange.req)).toBe(exchange);
  });

  it('refuses a request that came in beside the edge', () => {
    expect(() => exchangeOf({})).toThrow(TypeError);
  });
});

describe('headerOf', () => {
  it('takes the first of several', () => {
    const exchange = fakeExchange();
    exchange.req.headers['x-many'] = ['a', 'b'];
    expect(headerOf(exchange, 'x-many')).toBe('a');
    expect(headerOf(exchange, 'x-none')).toBeUndefined();
  });
});
