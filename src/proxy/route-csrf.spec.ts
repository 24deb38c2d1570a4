import { fakeExchange } from '../../test/support/fake-exchange.js';
import type { CsrfConfig, ProxyRouteConfig, ServerConfig } from '../config/config.types.js';
import { OwnPage } from '../http/own-page.js';
import { isOwnCall } from './route-csrf.js';

const ORIGIN = 'https://app.example';
const csrf: CsrfConfig = { header: 'x-csrf', value: '1' };
const server = { origin: ORIGIN, allowedOrigins: ['https://spa.example'] };
const ownPage = new OwnPage(csrf, server as unknown as ServerConfig);

type Headers = Readonly<Record<string, string>>;

const judge = (headers: Headers, route: Partial<ProxyRouteConfig>): boolean =>
  isOwnCall(fakeExchange({ headers }), route as ProxyRouteConfig, ownPage);
const metadata = (site: string, mode: string, dest: string): Headers => ({
  'sec-fetch-site': site,
  'sec-fetch-mode': mode,
  'sec-fetch-dest': dest,
});
const OWN_IMAGE = metadata('same-origin', 'no-cors', 'image');
const OWN_PAGE = metadata('same-origin', 'navigate', 'document');

describe('a call to a route that asks for the header', () => {
  it.each<[boolean, Headers]>([
    [true, { 'x-csrf': '1' }],
    [true, { 'x-csrf': '1', 'sec-fetch-site': 'same-origin' }],
    [true, { 'x-csrf': '1', 'sec-fetch-site': 'cross-site', origin: 'https://spa.example' }],
    [false, {}],
    [false, { 'x-csrf': '2' }],
    [false, { 'x-csrf': '1', 'sec-fetch-site': 'same-site' }],
    [false, { 'x-csrf': '1', origin: 'https://evil.example' }],
    [false, OWN_IMAGE],
  ])('is our own: %p, with %j', (isOwn, headers) => {
    expect(judge(headers, { csrf: 'header', download: false })).toBe(isOwn);
  });
});

describe('a call to a route that believes the browser', () => {
  const route = { csrf: 'fetch-metadata', download: false } as const;

  it.each(['audio', 'empty', 'font', 'image', 'json', 'manifest', 'script', 'style', 'video'])(
    'may be for what a page is made of: %s',
    (dest) => {
      for (const mode of ['cors', 'no-cors', 'same-origin'])
        expect(judge(metadata('same-origin', mode, dest), route)).toBe(true);
    },
  );

  it('may carry the header instead', () => {
    expect(judge({ 'x-csrf': '1' }, route)).toBe(true);
  });

  it.each(['document', 'iframe', 'frame', 'fencedframe', 'object', 'embed', 'serviceworker', ''])(
    'may not be for a page of its own: %p',
    (dest) => {
      for (const mode of ['navigate', 'no-cors', 'same-origin'])
        expect(judge(metadata('same-origin', mode, dest), route)).toBe(false);
    },
  );

  it.each(['cross-site', 'same-site', 'none', '', 'same-origin, same-origin', 'SAME-ORIGIN'])(
    'may come from nowhere else: %p',
    (site) => {
      expect(judge(metadata(site, 'no-cors', 'image'), route)).toBe(false);
    },
  );

  it.each(['sec-fetch-site', 'sec-fetch-mode', 'sec-fetch-dest'])(
    'is nobody’s without %s',
    (missing) => {
      const { [missing]: _gone, ...rest } = OWN_IMAGE;
      expect(judge(rest, route)).toBe(false);
    },
  );

  it('is no WebSocket: that is judged by its Origin', () => {
    expect(judge(metadata('same-origin', 'websocket', 'empty'), route)).toBe(false);
  });

  it('may be a page that a person opens where it is saved as a file', () => {
    const files = { csrf: 'fetch-metadata', download: true } as const;
    expect(judge(OWN_PAGE, route)).toBe(false);
    expect(judge(OWN_PAGE, files)).toBe(true);
    expect(judge(metadata('same-origin', 'navigate', 'iframe'), files)).toBe(false);
    expect(judge(metadata('cross-site', 'navigate', 'document'), files)).toBe(false);
    expect(judge(metadata('none', 'navigate', 'document'), files)).toBe(false);
  });
});
