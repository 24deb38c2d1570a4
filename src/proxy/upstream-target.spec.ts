import { fakeExchange } from '../../test/support/fake-exchange.js';
import { parseTarget, targetOf } from './upstream-target.js';

const PREFIX = '/api';

const to = (upstream: string, path: string, search = '', prefix = PREFIX): string => {
  const { origin, path: forwarded } = targetOf(
    parseTarget(upstream, prefix),
    fakeExchange({ path, search }),
  );
  return `${origin} ${forwarded}`;
};

describe('where a route leads', () => {
  it.each([
    ['http://api:8080', '/api/orders', 'http://api:8080 /orders'],
    ['http://api:8080', '/api', 'http://api:8080 /'],
    ['http://api:8080', '/api/', 'http://api:8080 /'],
    ['http://api:8080/v1', '/api/orders/', 'http://api:8080 /v1/orders/'],
    ['http://api:8080/v1', '/api', 'http://api:8080 /v1/'],
    ['https://api.example', '/api/orders', 'https://api.example /orders'],
    ['http://[::1]:8080/a/b', '/api/c', 'http://[::1]:8080 /a/b/c'],
  ])('%s for %s is %s', (upstream, path, target) => {
    expect(to(upstream, path)).toBe(target);
  });

  it.each(['/a%20b', '/a;v=1,2', '/~a', '/a+b', '/a:b@c', '/%C3%BC', '/a%2Fb', "/'()*!"])(
    'keeps the rest of the path byte for byte: %s',
    (rest) => {
      expect(to('http://api/v1', `/api${rest}`)).toBe(`http://api /v1${rest}`);
    },
  );

  it.each(['?', '?a=b&a=c', '?q=%2F..%2F&r=a+b', '?x?y=//'])(
    'keeps the query byte for byte: %s',
    (search) => {
      expect(to('http://api', '/api/x', search)).toBe(`http://api /x${search}`);
    },
  );

  it('takes a whole path where nothing makes way', () => {
    expect(to('http://localhost:5173', '/orders/7', '?a=1', '')).toBe(
      'http://localhost:5173 /orders/7?a=1',
    );
    expect(to('http://localhost:5173/app', '/', '', '')).toBe('http://localhost:5173 /app/');
  });
});
