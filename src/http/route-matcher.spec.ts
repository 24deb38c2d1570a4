import { RouteMatcher } from './route-matcher.js';
import { ownPrefixes, ROUTE_TABLE, routeNamed } from './route-table.js';

const matcher = new RouteMatcher('public');

describe('RouteMatcher', () => {
  it.each(
    ROUTE_TABLE.map((route) => [route.listener, route.method, route.path, route.name] as const),
  )('finds on the %s listener %s %s: %s', (listener, method, path, name) => {
    const found = new RouteMatcher(listener).match(
      method,
      path.replace(/:\w+/g, 'value').replace(/\/\*$/, ''),
    );
    expect(found).toMatchObject({ kind: 'route', route: { name } });
  });

  it.each([
    ['/login/'],
    ['/Login'],
    ['/login/x'],
    ['/callback/'],
    ['/callback/a/b'],
    ['/session;a=b'],
    ['/'],
    [''],
    ['/healthz'],
    ['/readyz'],
  ])('has nothing at %p of the public listener', (path) => {
    expect(matcher.match('GET', path)).toEqual({ kind: 'none' });
  });

  it.each([['/login'], ['/session'], ['/callback']])(
    'has nothing at %p of the internal listener',
    (path) => {
      expect(new RouteMatcher('internal').match('GET', path)).toEqual({ kind: 'none' });
    },
  );

  it.each([['/verify'], ['/verify/'], ['/verify/a'], ['/verify/a/b/c.php'], ['/verify/a/']])(
    'finds what takes everything below it, with any method: %s',
    (path) => {
      for (const method of ['GET', 'HEAD', 'POST', 'OPTIONS', 'DELETE'])
        expect(new RouteMatcher('internal').match(method, path)).toMatchObject({
          kind: 'route',
          route: { name: 'verify' },
        });
    },
  );

  it.each([['/verifyx'], ['/Verify'], ['/verify;a=b'], ['/x/verify'], ['/verif']])(
    'finds nothing at %s, which only looks like it',
    (path) => {
      expect(new RouteMatcher('internal').match('GET', path)).toEqual({ kind: 'none' });
    },
  );

  it('names the methods that a path of ours offers', () => {
    expect(matcher.match('DELETE', '/logout')).toEqual({
      kind: 'method',
      allow: expect.arrayContaining(['GET', 'POST']),
    });
    expect(matcher.match('PUT', '/callback/google')).toEqual({
      kind: 'method',
      allow: expect.arrayContaining(['GET', 'POST']),
    });
  });

  it.each([['get'], ['Get'], ['CONNECT'], ['']])('takes no method %p for another', (method) => {
    expect(matcher.match(method, '/login').kind).toBe('method');
  });
});

describe('routeNamed', () => {
  it('gives the row', () => {
    expect(routeNamed('session')).toMatchObject({ path: '/session', method: 'GET' });
  });
});

describe('ownPrefixes', () => {
  it('names each first segment once, those of later routes included', () => {
    const prefixes = ownPrefixes();
    expect(new Set(prefixes).size).toBe(prefixes.length);
    expect(prefixes).toEqual(
      expect.arrayContaining(['/login', '/callback', '/session', '/sessions', '/logout']),
    );
    expect(prefixes).not.toContain('/healthz');
  });
});
