import { ROUTE_TABLE, type Route } from '../../src/http/route-table.js';
import type { Hop, Outgoing } from '../support/http-exchange.js';
import { sendRaw } from '../support/raw-socket.js';
import { Stage } from '../support/stage.js';

const SECURITY_HEADERS: Readonly<Record<string, RegExp>> = {
  'x-content-type-options': /^nosniff$/,
  'x-frame-options': /^DENY$/,
  'referrer-policy': /^no-referrer$/,
  'cross-origin-resource-policy': /^same-origin$/,
  'cache-control': /^no-store$/,
  'x-request-id': /^[0-9a-f-]{36}$/,
};

/** What only pages obey. */
const PAGE_HEADERS: Readonly<Record<string, RegExp>> = {
  ...SECURITY_HEADERS,
  'cross-origin-opener-policy': /^same-origin$/,
  'permissions-policy': /camera=\(\)/,
};

/** An address of a route: its parameters filled in. */
const pathOf = ({ path }: Route): string => path.replace(/:\w+/g, 'x').replace(/\/\*$/, '');
/** A method of a route; any will do where it takes all. */
const methodOf = ({ method }: Route): string => (method === 'ANY' ? 'PATCH' : method);

describe('the two listeners', () => {
  let stage: Stage;
  let cookie: string;
  beforeAll(async () => {
    stage = await Stage.open({ env: { SPA_DIR: undefined } });
    cookie = await stage.cookieOf(await stage.member());
  });
  afterAll(() => stage.close());

  const originOf = (listener: Route['listener']): string =>
    listener === 'public' ? stage.bff.origin : stage.bff.internalOrigin;
  const ask = (listener: Route['listener'], path: string, outgoing: Outgoing = {}): Promise<Hop> =>
    stage.send(`${originOf(listener)}${path}`, outgoing);

  function expectHardened(hop: Hop): void {
    // The provider frames this one, and the policy says who may; everything else is framed by nobody.
    const framed = new URL(hop.url).pathname === '/frontchannel-logout' && hop.status === 200;
    if (framed)
      expect(hop.headers['content-security-policy']).toMatch(
        /frame-ancestors http:\/\/127\.0\.0\.1/,
      );
    const isPage = hop.headers['content-type']?.startsWith('text/html') === true;
    for (const [name, pattern] of Object.entries(isPage ? PAGE_HEADERS : SECURITY_HEADERS)) {
      if (framed && ['x-frame-options', 'cross-origin-resource-policy'].includes(name)) continue;
      expect({ name, value: hop.headers[name] }).toEqual({
        name,
        value: expect.stringMatching(pattern) as string,
      });
    }
    expect(hop.headers['x-powered-by']).toBeUndefined();
    expect(hop.headers.etag).toBeUndefined();
    expect(hop.headers.server).toBeUndefined();
  }

  it.each(
    ROUTE_TABLE.map((route) => [route.listener, methodOf(route), route.path, route] as const),
  )(
    'on %s: %s %s answers hardened and never stored (ATK-49, ATK-59, E-37, E-46)',
    async (listener, method, _path, route) => {
      for (const headers of [
        {},
        { cookie },
        { cookie, accept: 'text/html' },
        { cookie: `${stage.bff.cookieName}=broken` },
      ]) {
        const answer = await openAndClose(originOf(listener), pathOf(route), { method, headers });
        expect(answer.status).not.toBe(404);
        expectHardened(answer);
      }
      cookie = await stage.cookieOf(await stage.member());
    },
  );

  it.each([
    ['public', '/session'],
    ['internal', '/verify'],
  ] as const)('on %s: %s says nothing that only pages obey (E-37)', async (listener, path) => {
    const answer = await stage.send(`${originOf(listener)}${path}`, { headers: { cookie } });
    expect(answer.status).toBe(200);
    expectHardened(answer);
    expect(answer.headers).not.toHaveProperty('permissions-policy');
    expect(answer.headers).not.toHaveProperty('cross-origin-opener-policy');
  });

  /** Streams never end: their head is what is looked at. */
  async function openAndClose(origin: string, path: string, outgoing: Outgoing): Promise<Hop> {
    if (path !== '/session/events') return stage.send(`${origin}${path}`, outgoing);
    const { cookie: _live, ...headers } = outgoing.headers ?? {};
    return stage.send(`${origin}${path}`, { ...outgoing, headers });
  }

  it.each(
    ROUTE_TABLE.map(
      (route) =>
        [
          methodOf(route),
          route.path,
          route.listener === 'public' ? 'internal' : 'public',
          route,
        ] as const,
    ),
  )('%s %s is not on the %s one (ATK-89)', async (method, _path, other, route) => {
    const twins = ROUTE_TABLE.filter((twin) => twin.listener === other && twin.path === route.path);
    expect(twins).toEqual([]);
    const answer = await ask(other, pathOf(route), { method, headers: { cookie, 'x-csrf': '1' } });
    expect(answer.status).toBe(404);
    expectHardened(answer);
  });

  it.each(['public', 'internal'] as const)(
    'on %s nothing else is there, and every error is hardened (ATK-89, E-45)',
    async (listener) => {
      for (const path of [
        '/',
        '/x',
        '/metrics/x',
        '/.env',
        '/debug/pprof/heap',
        '/swagger',
        '/api-docs',
        '/docs/openapi.json',
        '/main.js.map',
        '/dist/main.js',
        '/package.json',
        '/readyz/details',
        '/actuator/env',
        '/index.html',
        '/login/x',
        '/healthz/',
        '/HEALTHZ',
        '/Login',
        '/login/',
      ]) {
        const answer = await ask(listener, path);
        expect({ path, status: answer.status }).toEqual({ path, status: 404 });
        expectHardened(answer);
        const page = await ask(listener, path, { headers: { accept: 'text/html' } });
        expect(page.headers['content-security-policy']).toMatch(
          /default-src 'none'.*script-src 'nonce-[\w+/=-]+'/,
        );
        expectHardened(page);
      }
    },
  );

  it.each(
    ROUTE_TABLE.filter(({ method }) => method !== 'ANY').map(
      (route) => [route.listener, route.path, route] as const,
    ),
  )('on %s %s no other method is offered (ATK-16, ATK-19)', async (listener, _path, route) => {
    const offered = ROUTE_TABLE.filter(
      (twin) => twin.listener === listener && twin.path === route.path,
    ).map(({ method }) => method as string);
    for (const method of ['PUT', 'PATCH', 'OPTIONS', 'HEAD', 'DELETE', 'POST', 'GET'].filter(
      (one) => !offered.includes(one),
    )) {
      const answer = await ask(listener, pathOf(route), {
        method,
        headers: { cookie, 'x-csrf': '1' },
      });
      expect({ method, status: answer.status }).toEqual({ method, status: 405 });
      expect(String(answer.headers.allow).split(', ').sort()).toEqual([...new Set(offered)].sort());
      expectHardened(answer);
    }
  });

  it.each(
    ROUTE_TABLE.map((route) => [route.listener, methodOf(route), route.path, route] as const),
  )(
    'on %s: %s %s answers under no other spelling (ATK-16)',
    async (listener, method, _path, route) => {
      const path = pathOf(route);
      const port = listener === 'public' ? stage.bff.port : stage.bff.vestibule.internalPort;
      const spellings: readonly (readonly [string, number])[] = [
        [`/%${path.charCodeAt(1).toString(16)}${path.slice(2)}`, 400],
        [`/${path}`, 400],
        [`/.${path}`, 400],
        [`/x/..${path}`, 400],
        [`${path}/.`, 400],
        [`${path}%2f`, 400],
        [`${path}#`, 400],
        [`http://localhost:${port}${path}`, 400],
        [path.slice(1), 400],
        [`${path}/`, 404],
        [path.replace(/^\/[^/]+/, '$&;a=b'), 404],
        [`/;a=b${path}`, 404],
        [path.toUpperCase(), 404],
        [`/v1${path}`, 404],
      ];
      for (const [spelling, status] of spellings) {
        const lines = [`${method} ${spelling} HTTP/1.1`, 'Host: localhost', 'X-CSRF: 1'];
        const answer = await sendRaw(port, [...lines, `Cookie: ${cookie}`]);
        expect({ spelling, status: answer.status }).toEqual({ spelling, status });
      }
    },
  );

  it.each(['TRACE', 'PROPFIND', 'MKCOL', 'QUERY'])(
    '%s is offered nowhere (ATK-19)',
    async (method) => {
      for (const [port, path] of [
        [stage.bff.port, '/session'],
        [stage.bff.vestibule.internalPort, '/healthz'],
      ] as const) {
        const answer = await sendRaw(port, [`${method} ${path} HTTP/1.1`, 'Host: localhost']);
        expect(answer.status).toBe(405);
        expectHardened(answer);
      }
    },
  );

  it.each([
    [
      'ten thousand headers',
      (port: number) =>
        sendRaw(port, [
          'GET /session HTTP/1.1',
          'Host: x',
          ...Array.from({ length: 10_000 }, (_, at) => `x-${at}: 1`),
        ]),
    ],
    [
      '40 kB of cookies',
      (port: number) =>
        sendRaw(port, ['GET /session HTTP/1.1', 'Host: x', `Cookie: ${'c=1; '.repeat(8_000)}`]),
    ],
    ['no HTTP', (port: number) => sendRaw(port, ['HELLO'])],
    [
      'a header with a line end inside',
      (port: number) => sendRaw(port, ['GET /session HTTP/1.1', 'Host: x', 'X-A: b\rX-C: d']),
    ],
    [
      'a doubled host',
      (port: number) => sendRaw(port, ['GET /session HTTP/1.1', 'Host: a', 'Host: b']),
    ],
  ])('%s does not bring it down (R-44)', async (_name, send) => {
    const answer = await send(stage.bff.port);
    expect(answer.status === 0 || answer.status >= 400).toBe(true);
    expect((await stage.send(stage.url('/session'), { headers: { cookie } })).status).toBe(200);
  });
});

describe('a base path', () => {
  it('carries everything, and nothing is beside it (J-43)', async () => {
    await using stage = await Stage.open({ env: { BASE_PATH: '/app' } });
    const person = stage.person();
    await stage.logIn(person, { return_to: '/app/inbox' });
    expect(person.page).toBe(stage.url('/inbox'));
    const view = await stage.view(person);
    expect(view['logout_url']).toMatch(/^\/app\/logout\?token=/);
    expect((await stage.call(person)).status).toBe(200);
    for (const path of ['/session', '/login', '/api/orders', '/application/session']) {
      expect((await stage.send(`${stage.bff.origin}${path}`)).status).toBe(404);
    }
    await person.click(String(view['logout_url']));
    expect(await stage.view(person)).toMatchObject({
      authenticated: false,
      login_url: '/app/login',
    });
  });
});

describe("the application's folder", () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open();
  });
  afterAll(() => stage.close());

  it('answers unknown navigations with index.html, never stored, framed by nobody else', async () => {
    const page = await stage.person().visit(stage.url('/deep/link'));
    expect([page.status, page.headers['cache-control']]).toEqual([200, 'no-cache']);
    expect(page.headers['content-security-policy']).toContain("frame-ancestors 'self'");
    expect((await stage.person().fetch(stage.url('/deep/link'))).status).toBe(404);
  });

  it.each([
    '/%2e%2e/package.json',
    '/..%2fpackage.json',
    '/.env',
    '/assets/%2e%2e/%2e%2e/stage.ts',
    '/../e2e/listeners.spec.ts',
  ])('gives out nothing beside it: %s', async (path) => {
    const answer = await sendRaw(stage.bff.port, [
      `GET ${path} HTTP/1.1`,
      'Host: localhost',
      'Accept: */*',
    ]);
    expect([400, 404]).toContain(answer.status);
  });
});
