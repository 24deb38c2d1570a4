import { fakeExchange } from '../../test/support/fake-exchange.js';
import { configOf, HTTPS_ENV } from '../../test/support/config-env.js';
import { answerPreflight, corsHeaders } from './cors.js';
import { pairsOf } from './flat-headers.js';

const ORIGIN = 'https://spa.example.com';
const { server, csrf } = configOf({ ...HTTPS_ENV, ALLOWED_ORIGINS: ORIGIN });
const closed = configOf(HTTPS_ENV).server;

function corsOf(origin: string | undefined, config = server) {
  const headers = new Map(pairsOf(corsHeaders(origin, config)));
  return {
    origin: headers.get('access-control-allow-origin'),
    credentials: headers.get('access-control-allow-credentials'),
    vary: headers.get('vary'),
  };
}

describe('corsHeaders', () => {
  it('lets an origin of the list read with credentials', () => {
    expect(corsOf(ORIGIN)).toEqual({ origin: ORIGIN, credentials: 'true', vary: 'Origin' });
  });

  it.each([
    ['https://evil.example.com'],
    ['https://spa.example.com.evil'],
    ['https://xspa.example.com'],
    ['http://spa.example.com'],
    ['https://spa.example.com:8443'],
    ['https://SPA.example.com'],
    ['null'],
    ['*'],
    [undefined],
  ])('reflects nothing for %p, but varies', (origin) => {
    expect(corsOf(origin)).toEqual({ origin: undefined, credentials: undefined, vary: 'Origin' });
  });

  it('says nothing where no origin is configured', () => {
    expect(corsOf(ORIGIN, closed)).toEqual({
      origin: undefined,
      credentials: undefined,
      vary: undefined,
    });
  });
});

describe('answerPreflight', () => {
  const preflight = { origin: ORIGIN, 'access-control-request-method': 'POST' };

  it('answers a true preflight of an allowed origin, naming the static header', () => {
    const exchange = fakeExchange({ method: 'OPTIONS', headers: preflight });
    expect(answerPreflight(exchange, server, csrf)).toBe(true);
    expect(exchange.res.statusCode).toBe(204);
    expect(exchange.res.getHeader('access-control-allow-headers')).toContain('x-csrf');
    expect(exchange.res.getHeader('access-control-allow-methods')).toContain('DELETE');
  });

  it.each<[string, string, Readonly<Record<string, string>>]>([
    ['another method', 'POST', preflight],
    ['no origin', 'OPTIONS', { 'access-control-request-method': 'POST' }],
    ['no asked method', 'OPTIONS', { origin: ORIGIN }],
    ['a foreign origin', 'OPTIONS', { ...preflight, origin: 'https://evil.example' }],
  ])('leaves alone what is none: %s', (_what, method, headers) => {
    const exchange = fakeExchange({ method, headers });
    expect(answerPreflight(exchange, server, csrf)).toBe(false);
    expect(exchange.res.headersSent).toBe(false);
    expect(exchange.res.getHeader('access-control-allow-methods')).toBeUndefined();
  });
});
