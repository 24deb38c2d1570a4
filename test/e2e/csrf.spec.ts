import { ROUTE_TABLE } from '../../src/http/route-table.js';
import { cookiesSet, jsonOf, type Hop } from '../support/http-exchange.js';
import { PATHS } from '../support/op-host.js';
import { Stage } from '../support/stage.js';

const SIBLING = 'http://localhost:9';
const ROUTES = `routes:
  - name: api
    prefix: /api
    upstream: \${API}
  - name: optional
    prefix: /optional
    upstream: \${API}
    token: optional
  - name: open
    prefix: /open
    upstream: \${API}/v1
    token: none
`;

/** What a foreign page can make a browser send, and what a browser says of it. */
const LIES: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['no header at all', {}],
  ['a wrong value', { 'x-csrf': '0' }],
  ['an empty value', { 'x-csrf': '' }],
  ['two values', { 'x-csrf': '1, 1' }],
  ['the header, but cross-site', { 'x-csrf': '1', 'sec-fetch-site': 'cross-site' }],
  ['the header, but same-site', { 'x-csrf': '1', 'sec-fetch-site': 'same-site' }],
  ['the header, but no page at all', { 'x-csrf': '1', 'sec-fetch-site': 'none' }],
  ['the header, but a foreign origin', { 'x-csrf': '1', origin: 'https://evil.example' }],
  ['the header, but another port', { 'x-csrf': '1', origin: SIBLING }],
  ['the header, but the origin null', { 'x-csrf': '1', origin: 'null' }],
  ['the right origin, but no header', { 'sec-fetch-site': 'same-origin' }],
];

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
const OWN = ROUTE_TABLE.filter(({ listener, csrf }) => listener === 'public' && csrf === 'header');
const TARGETS: readonly (readonly [string, string])[] = [
  ...OWN.map(({ method, path }) => [method, path] as const),
  ...METHODS.flatMap((method) =>
    ['/api/orders', '/optional/x', '/open/x'].map((path) => [method, path] as const),
  ),
];

describe('a request that does not come from our own page', () => {
  let stage: Stage;
  let cookie: string;
  beforeAll(async () => {
    stage = await Stage.open({ file: ROUTES });
    cookie = await stage.cookieOf(await stage.member());
  });
  afterAll(() => stage.close());

  const ask = (
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
  ): Promise<Hop> => stage.send(stage.url(path), { method, headers });

  it('is looked for on at least one route of our own', () => {
    expect(OWN.length).toBeGreaterThan(0);
  });

  it.each(TARGETS)(
    'is refused before any token is attached: %s %s (ATK-53, H-36, H-37, P-05, E-38)',
    async (method, path) => {
      const [seen, calls] = [stage.api.received.length, stage.op.callsOf(PATHS.token).length];
      for (const [lie, headers] of LIES) {
        const answer = await ask(method, path, { cookie, ...headers });
        expect({ lie, status: answer.status }).toEqual({ lie, status: 403 });
        if (method !== 'HEAD') expect(jsonOf(answer)).toMatchObject({ code: 'csrf_refused' });
        expect(cookiesSet(answer)).toEqual([]);
      }
      expect(stage.api.received).toHaveLength(seen);
      expect(stage.op.callsOf(PATHS.token)).toHaveLength(calls);
    },
  );

  it.each(TARGETS.filter(([, path]) => !/^\/(?:open|optional)/.test(path)))(
    'says 401 before 403 to a stranger: %s %s',
    async (method, path) => {
      for (const [lie, headers] of LIES) {
        const answer = await ask(method, path, headers);
        expect({ lie, status: answer.status }).toEqual({ lie, status: 401 });
      }
    },
  );

  it('passes when the header is there and the browser agrees', async () => {
    const right = [
      { 'x-csrf': '1' },
      { 'x-csrf': '1', 'sec-fetch-site': 'same-origin' },
      { 'x-csrf': '1', origin: stage.bff.origin },
    ];
    for (const headers of right) {
      for (const path of ['/api/orders', '/optional/x', '/open/x']) {
        expect((await ask('POST', path, { cookie, ...headers })).status).toBe(
          path === '/open/x' ? 401 : 200,
        );
      }
    }
  });

  it.each(['multipart/form-data', 'text/plain', 'application/x-www-form-urlencoded'])(
    'is a form of another site: %s (E-38)',
    async (type) => {
      const headers = {
        cookie,
        'content-type': type,
        origin: 'https://evil.example',
        'sec-fetch-site': 'cross-site',
        'sec-fetch-mode': 'navigate',
        'sec-fetch-dest': 'document',
      };
      const answer = await stage.send(stage.url('/api/orders'), {
        method: 'POST',
        headers,
        body: 'a=b',
      });
      expect(answer.status).toBe(403);
      expect(answer.headers['content-type']).toContain('text/html');
    },
  );

  it('is a method override, which nobody reads (ATK-19)', async () => {
    const headers = {
      cookie,
      'x-csrf': '1',
      'x-http-method-override': 'DELETE',
      'x-http-method': 'DELETE',
      'x-method-override': 'DELETE',
    };
    await ask('POST', '/api/orders', headers);
    expect(stage.api.last.method).toBe('POST');
    expect(
      (await ask('GET', '/logout', { cookie, 'x-http-method-override': 'POST', 'x-csrf': '1' }))
        .status,
    ).toBe(200);
    expect((await ask('GET', '/session', { cookie })).status).toBe(200);
  });
});

describe('another origin of the same site', () => {
  const ALLOWED = 'http://localhost:9999';
  let stage: Stage;
  let cookie: string;
  beforeAll(async () => {
    stage = await Stage.open({ env: { ALLOWED_ORIGINS: ALLOWED } });
    cookie = await stage.cookieOf(await stage.member());
  });
  afterAll(() => stage.close());

  const allowedBy = (hop: Hop) => [
    hop.headers['access-control-allow-origin'],
    hop.headers['access-control-allow-credentials'],
  ];

  it('may call when it is listed, and reads errors as well (ATK-58)', async () => {
    const headers = { origin: ALLOWED, 'sec-fetch-site': 'same-site', 'x-csrf': '1' };
    for (const [path, more, status] of [
      ['/session', { cookie }, 200],
      ['/session', {}, 401],
      ['/api/orders', { cookie }, 200],
      ['/api/orders', {}, 401],
      ['/api//x', { cookie }, 400],
    ] as const) {
      const answer = await stage.send(stage.url(path), { headers: { ...headers, ...more } });
      expect(answer.status).toBe(status);
      expect(allowedBy(answer)).toEqual([ALLOWED, 'true']);
      expect(answer.headers.vary).toContain('Origin');
    }
  });

  it('reads that something is down, and what the API allows others counts for nothing (ATK-58)', async () => {
    await using broken = await Stage.open({ redis: true, env: { ALLOWED_ORIGINS: ALLOWED } });
    const held = { cookie: await broken.cookieOf(await broken.member()) };
    const headers = { origin: ALLOWED, 'sec-fetch-site': 'same-site', 'x-csrf': '1', ...held };
    const call = (): Promise<Hop> => broken.send(broken.url('/api/orders'), { headers });
    broken.api.respond((_received, res) => {
      const open = {
        'access-control-allow-origin': '*',
        'access-control-expose-headers': 'x-secret',
        vary: 'Accept',
      };
      res.writeHead(200, open).end();
    });
    const answered = await call();
    expect(answered.headers).toMatchObject({ vary: 'Accept, Origin' });
    expect(answered.headers).not.toHaveProperty('access-control-expose-headers');
    await broken.api.down();
    const away = await call();
    const gone = broken.bff.nextLog('store.disconnected');
    await broken.redis.kill();
    await gone;
    const lost = await call();
    expect([answered, away, lost].map(({ status }) => status)).toEqual([200, 502, 503]);
    for (const answer of [answered, away, lost])
      expect(allowedBy(answer)).toEqual([ALLOWED, 'true']);
  });

  it('gets its preflight answered, others do not (ATK-58)', async () => {
    const preflight = (origin: string) =>
      stage.send(stage.url('/api/orders'), {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'x-csrf',
        },
      });
    const allowed = await preflight(ALLOWED);
    expect(allowed.status).toBe(204);
    expect(allowed.headers['access-control-allow-headers']).toContain('x-csrf');
    for (const origin of [
      'null',
      'http://localhost:9998',
      'http://localhost:99990',
      'http://localhost:9999.evil.example',
      'https://localhost:9999',
      'https://evil.example',
    ]) {
      const refused = await preflight(origin);
      expect(refused.status).not.toBe(204);
      expect(allowedBy(refused)).toEqual([undefined, undefined]);
    }
    expect(stage.api.received.every(({ method }) => method !== 'OPTIONS')).toBe(true);
  });
});
