import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { jsonOf } from '../support/http-exchange.js';
import { sendRaw } from '../support/raw-socket.js';
import { Stage } from '../support/stage.js';
import { PATHS, RESOURCE } from '../support/op-host.js';
import type { UserAgent } from '../support/user-agent.js';

const ROUTES = `routes:
  - name: api
    prefix: /api
    upstream: \${API}
    methods: [GET, HEAD, POST, PUT, PATCH]
    timeout: 2s
  - name: mapped
    prefix: /files
    upstream: \${API}/v1/store
`;

describe('a proxied call', () => {
  let stage: Stage;
  let person: UserAgent;
  let cookie: string;
  beforeAll(async () => {
    stage = await Stage.open({ file: ROUTES });
    person = await stage.member();
    cookie = await stage.cookieOf(person);
  });
  afterEach(() => stage.api.respond(undefined));
  afterAll(() => stage.close());

  const call = (path: string, headers: Readonly<Record<string, string>> = {}) =>
    stage.send(stage.url(path), { headers: { cookie, 'x-csrf': '1', ...headers } });

  it('carries an access token that the API verifies', async () => {
    const answer = await stage.call(person, '/api/orders?page=2');
    expect(answer.status).toBe(200);
    expect(jsonOf(answer)).toMatchObject({
      method: 'GET',
      target: '/orders?page=2',
      sub: 'alice',
      aud: RESOURCE,
    });
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  it('of a stranger never reaches the API (ATK-17)', async () => {
    const before = stage.api.received.length;
    const answer = await stage.call(stage.person());
    expect(answer.status).toBe(401);
    expect(stage.api.received).toHaveLength(before);
  });

  it('shows the API neither our cookies nor what the client calls its authorization (ATK-47)', async () => {
    const login = `${stage.bff.loginCookieName}=binding`;
    await call('/api/x', {
      cookie: `a=1; ${cookie}; ${login}; b=2`,
      authorization: 'Bearer of-the-client',
      'proxy-authorization': 'Basic x',
    });
    const { headers } = stage.api.last;
    expect(headers.cookie).toBe('a=1; b=2');
    expect(headers.authorization).toMatch(/^Bearer eyJ/);
    expect(headers['proxy-authorization']).toBeUndefined();
    await call('/api/x');
    expect(stage.api.last.headers.cookie).toBeUndefined();
  });

  it.each([
    'X-Auth-Subject',
    'x-auth-email',
    'X_Auth_Groups',
    'X.Auth.Name',
    'X-AUTH-ASSERTION',
    'X-Forwarded-For',
    'X-Forwarded-Host',
    'X-Forwarded-Proto',
    'X_Forwarded_For',
    'X-Forwarded-Prefix',
    'Forwarded',
    'X-Real-IP',
    'X-Original-URI',
    'X-Original-URL',
    'X-Rewrite-URL',
    'X-Request-Id',
  ])('does not hand on a %s of the client (ATK-05, H-15, E-41, P-29)', async (name) => {
    await sendRaw(stage.bff.port, [
      'GET /api/x HTTP/1.1',
      `Host: localhost:${stage.bff.port}`,
      `Cookie: ${cookie}`,
      'X-CSRF: 1',
      `${name}: admin-of-evil`,
      `${name}: admin-of-evil`,
    ]);
    expect(JSON.stringify(stage.api.last.rawHeaders)).not.toContain('admin-of-evil');
  });

  it('tells the API who forwards: address, scheme, host and request id (P-29)', async () => {
    const answer = await call('/api/x', { 'x-forwarded-for': '10.1.2.3' });
    expect(stage.api.last.headers).toMatchObject({
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': new URL(stage.bff.origin).host,
      'x-request-id': answer.headers['x-request-id'],
    });
  });

  it.each([
    'close, Authorization',
    'close, X-Forwarded-For, Cookie, X-Request-Id',
    'Authorization, X-Mine',
  ])(
    'keeps our headers although the client calls them hop-by-hop: %s (ATK-06)',
    async (connection) => {
      await sendRaw(stage.bff.port, [
        'GET /api/x HTTP/1.1',
        `Host: localhost:${stage.bff.port}`,
        `Cookie: ${cookie}`,
        'X-CSRF: 1',
        'X-Mine: 1',
        `Connection: ${connection}`,
      ]);
      const { headers } = stage.api.last;
      expect(headers.authorization).toMatch(/^Bearer eyJ/);
      expect(headers['x-forwarded-for']).toBe('127.0.0.1');
      expect(headers['x-request-id']).toBeTruthy();
      expect('x-mine' in headers).toBe(!connection.includes('X-Mine'));
    },
  );

  const SECRET = '/secret';
  it.each([
    `/open/..${SECRET}`,
    `/api/..${SECRET}`,
    `/api/%2e%2e${SECRET}`,
    `/api/.%2E${SECRET}`,
    `/api/..%2f${SECRET}`,
    `/api/..;${SECRET}`,
    `/api/..;a=b${SECRET}`,
    `/api/.;/x`,
    `//api/x`,
    `/api//x`,
    `/./api/x`,
    `/api/./x`,
    `/api%2fx`,
    `/api%2Fx`,
    `/%61pi/x`,
    `/api/%61`,
    `/api\\x`,
    `/api/..\\x`,
    `/api/%5cx`,
    `/api/%00x`,
    `/api/x%00`,
    `/api/%252e%252e/x`,
    `/api/%25%32%65/x`,
    `/api/%c0%ae%c0%ae/x`,
    `/api/%zz`,
    `/api/%`,
    `/api/x#frag`,
    `/api/\u00e9`,
    `/api/x\ty`,
    `/api/%0d%0aX-Evil:1`,
    `http://localhost/api/x`,
    `http://evil.example/api/x`,
    `*`,
    `api/x`,
    `/api/x?a#b`,
  ])(
    'of an ambiguous path is refused with 400 and reaches nobody: %s (ATK-12, ATK-13)',
    async (target) => {
      const before = stage.api.received.length;
      const answer = await sendRaw(stage.bff.port, [
        `GET ${target} HTTP/1.1`,
        `Host: localhost:${stage.bff.port}`,
        `Cookie: ${cookie}`,
        'X-CSRF: 1',
      ]);
      expect(answer.status).toBe(400);
      expect(stage.api.received).toHaveLength(before);
    },
  );

  it.each(['/API/x', '/apix', '/api.', '/ap', '/Api'])(
    'is none when the path only looks like one: %s (ATK-13)',
    async (path) => {
      const before = stage.api.received.length;
      expect((await call(path)).status).toBe(404);
      expect(stage.api.received).toHaveLength(before);
    },
  );

  it.each([
    ['/api', '/'],
    ['/api/', '/'],
    ['/api/x/', '/x/'],
    ['/api/a%20b;v=1/~c?q=%2F&r=a+b', '/a%20b;v=1/~c?q=%2F&r=a+b'],
    ['/api/secret%23/public', '/secret%23/public'],
    ['/files/a/b', '/v1/store/a/b'],
    ['/files', '/v1/store/'],
  ])('forwards byte for byte what was judged: %s as %s (ATK-13)', async (path, target) => {
    expect((await call(path)).status).toBe(200);
    expect(stage.api.last.target).toBe(target);
  });

  it('streams a body as it is, in both directions (ATK-18, P-29)', async () => {
    const body = '{"a": 1,  "b":"ü"}\n{broken';
    const answer = await stage.send(stage.url('/api/echo'), {
      method: 'POST',
      headers: { cookie, 'x-csrf': '1', 'content-type': 'application/x-ndjson' },
      body,
    });
    expect(stage.api.last).toMatchObject({ body, method: 'POST' });
    expect(stage.api.last.headers['content-type']).toBe('application/x-ndjson');
    expect(jsonOf(answer)['body']).toBe(body);
  });

  it('hands on the first bytes before the last ones are there', async () => {
    let finish: () => void = () => undefined;
    stage.api.respond((_received, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: first\n\n');
      finish = () => res.end('data: last\n\n');
    });
    const outgoing = request(stage.url('/api/stream'), {
      host: '127.0.0.1',
      headers: { cookie, 'x-csrf': '1' },
      agent: false,
    }).end();
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    const [first] = (await once(answer, 'data')) as [Buffer];
    expect(first.toString()).toBe('data: first\n\n');
    finish();
    const [last] = (await once(answer, 'data')) as [Buffer];
    expect(last.toString()).toBe('data: last\n\n');
  });

  it('ends at the API when the browser hangs up', async () => {
    const closed = new Promise<void>((resolve) => {
      stage.api.respond((_received, res) => {
        res.once('close', resolve);
        res.writeHead(200).write('x');
      });
    });
    const outgoing = request(stage.url('/api/long'), {
      host: '127.0.0.1',
      headers: { cookie, 'x-csrf': '1' },
      agent: false,
    }).end();
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    answer.destroy();
    await closed;
  });

  it('keeps status and type, and drops what an API must not say in our name (ATK-06)', async () => {
    stage.api.respond((_received, res) => {
      res
        .writeHead(418, {
          'content-type': 'text/html',
          'set-cookie': [
            `${stage.bff.cookieName}=evil; Path=/`,
            `${stage.bff.loginCookieName}=evil`,
            'theirs=1; Path=/api',
          ],
          'access-control-allow-origin': '*',
          'access-control-allow-credentials': 'true',
          'clear-site-data': '"*"',
          'strict-transport-security': 'max-age=0',
          'x-request-id': 'theirs',
          'cache-control': 'public, max-age=3600',
          connection: 'x-private',
          'x-private': 'hop',
          etag: '"1"',
        })
        .end('<p>tea</p>');
    });
    const { status, headers, body } = await call('/api/tea');
    expect([status, body]).toEqual([418, '<p>tea</p>']);
    expect(headers['set-cookie']).toEqual(['theirs=1; Path=/api']);
    for (const name of [
      'access-control-allow-origin',
      'access-control-allow-credentials',
      'clear-site-data',
      'strict-transport-security',
      'x-private',
    ]) {
      expect(headers[name]).toBeUndefined();
    }
    expect(headers['x-request-id']).not.toBe('theirs');
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'content-security-policy': 'sandbox',
      etag: '"1"',
    });
  });

  it.each([401, 403, 404, 409, 429, 500, 503])(
    'that the API answers with %d is answered so: no redirect, and no new token (P-17)',
    async (status) => {
      stage.api.respond((_received, res) => {
        res.writeHead(status, { 'content-type': 'application/json' }).end('{"its":"own"}');
      });
      const [before, calls] = [stage.api.received.length, stage.op.callsOf(PATHS.token).length];
      const answers = await Promise.all(Array.from({ length: 5 }, () => call('/api/x')));
      for (const answer of answers) {
        expect([answer.status, answer.body]).toEqual([status, '{"its":"own"}']);
        expect(answer.headers.location).toBeUndefined();
      }
      expect(stage.api.received).toHaveLength(before + 5);
      expect(stage.op.callsOf(PATHS.token)).toHaveLength(calls);
    },
  );

  it('is answered 405 for a method that the route does not offer', async () => {
    for (const method of ['DELETE', 'OPTIONS']) {
      const answer = await stage.send(stage.url('/api/x'), {
        method,
        headers: { cookie, 'x-csrf': '1' },
      });
      expect([answer.status, answer.headers.allow]).toEqual([405, 'GET, HEAD, POST, PUT, PATCH']);
    }
  });

  it.each(['TRACE', 'PROPFIND', 'CONNECT', 'PURGE'])(
    'is not made with %s (ATK-19)',
    async (method) => {
      const before = stage.api.received.length;
      const answer = await sendRaw(stage.bff.port, [
        `${method} /api/x HTTP/1.1`,
        `Host: localhost:${stage.bff.port}`,
        `Cookie: ${cookie}`,
        'X-CSRF: 1',
      ]);
      expect([0, 400, 405]).toContain(answer.status);
      expect(stage.api.received).toHaveLength(before);
    },
  );

  it.each([
    [['Content-Length: 5', 'Transfer-Encoding: chunked']],
    [['Content-Length: 5', 'Content-Length: 6']],
    [['Transfer-Encoding: chunked, identity']],
    [['Content-Length: +5']],
  ])('with ambiguous framing is refused: %j (ATK-18)', async (framing) => {
    const before = stage.api.received.length;
    const answer = await sendRaw(
      stage.bff.port,
      [
        'POST /api/x HTTP/1.1',
        `Host: localhost:${stage.bff.port}`,
        `Cookie: ${cookie}`,
        'X-CSRF: 1',
        ...framing,
      ],
      '0\r\n\r\nGET /api/smuggled HTTP/1.1\r\n\r\n',
    );
    expect(answer.status).toBe(400);
    expect(stage.api.received.slice(before).some(({ target }) => target.includes('smuggled'))).toBe(
      false,
    );
  });

  it('says 504 when the API is silent, 502 when it is not there, and goes on when it is back (ATK-86, P-17, E-43)', async () => {
    stage.api.respond(() => undefined);
    const slow = await call('/api/slow');
    expect([slow.status, jsonOf(slow)['code']]).toEqual([504, 'upstream_timeout']);
    stage.api.respond(undefined);
    await stage.api.down();
    const down = await call('/api/down');
    expect([down.status, jsonOf(down)['code']]).toEqual([502, 'upstream_unreachable']);
    await stage.api.up();
    expect((await call('/api/x')).status).toBe(200);
  });

  it('breaks off when the API breaks off: no answer looks complete that is not (ATK-86)', async () => {
    stage.api.respond((_received, res) => {
      res.writeHead(200, { 'content-length': '100' }).write('half', () => res.destroy());
    });
    await expect(call('/api/half')).rejects.toThrow(/aborted|hang up/);
  });
});
