import { RawUpstream } from '../support/raw-upstream.js';
import { sendRaw } from '../support/raw-socket.js';
import { Stage } from '../support/stage.js';

/**
 * Bytes that no HTTP client would send, judged by the bytes that really reach an API: what is forwarded is what was
 * judged, and nothing of a client's makes its own way.
 */
describe('bytes of a client', () => {
  let upstream: RawUpstream;
  /** A host that nobody configured. */
  let evil: RawUpstream;
  let stage: Stage;
  let cookie: string;
  beforeAll(async () => {
    [upstream, evil] = [await RawUpstream.start(), await RawUpstream.start()];
    stage = await Stage.open({
      env: { API_UPSTREAM: `${upstream.url}/v1` },
      file: `routes:
  - name: api
    prefix: /api
    upstream: ${upstream.url}/v1
    identity: headers
`,
    });
    const person = await stage.member();
    cookie = await stage.cookieOf(person);
  });
  beforeEach(() => upstream.forget());
  afterAll(async () => {
    await stage.close();
    await Promise.all([upstream.stop(), evil.stop()]);
  });

  const send = (target: string, lines: readonly string[] = [], body = '', method = 'GET') =>
    sendRaw(
      stage.bff.port,
      [
        `${method} ${target} HTTP/1.1`,
        `Host: localhost:${stage.bff.port}`,
        `Cookie: ${cookie}`,
        'X-CSRF: 1',
        ...lines,
      ],
      body,
    );
  const targets = (): string[] =>
    upstream.heads.map(([line = '']) => line.split(' ').slice(0, 2).join(' '));
  const headerLines = (name: string): string[] =>
    (upstream.heads[0] ?? []).filter((line) => line.toLowerCase().startsWith(`${name}:`));

  it('reach the API when nothing is wrong with them', async () => {
    expect((await send('/api/orders?a=1&a=2')).status).toBe(200);
    expect(targets()).toEqual(['GET /v1/orders?a=1&a=2']);
    expect(headerLines('authorization')).toHaveLength(1);
  });

  it.each([
    ['/api/../admin'],
    ['/api/%2e%2e/admin'],
    ['/api/%2E%2E%2Fadmin'],
    ['/api/..%2fadmin'],
    ['/api/..;/admin'],
    ['/api/.%2e/admin'],
    ['/api//admin'],
    ['//api/orders'],
    ['/./api/orders'],
    ['/api/./orders'],
    ['/api%2forders'],
    ['/%61pi/orders'],
    ['/api\\orders'],
    ['/api/%5c..%5cadmin'],
    ['/api/%00'],
    ['/api/%252e%252e/admin'],
    ['/api/%c0%ae%c0%ae/admin'],
    ['/api/orders#/public'],
    ['/api/or\u00e4ders'],
    ['/api/%zz'],
    ['api/orders'],
    ['*'],
    ['http://evil.example/api/orders'],
    ['http://localhost/api/../admin'],
  ])('never reach it by an ambiguous path: %s (ATK-11…13, ATK-16)', async (target) => {
    const { status } = await send(target);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    expect(upstream.connections).toEqual([]);
  });

  it.each([
    ['/api/orders%23/public'],
    ['/api/a%20b'],
    ['/api/%C3%A4'],
    ['/api/a;b=c'],
    ['/api/x?y=//z'],
  ])('reach it as they were judged, byte for byte: %s (ATK-12, ATK-13)', async (target) => {
    expect((await send(target)).status).toBe(200);
    expect(targets()).toEqual([`GET ${target.replace('/api', '/v1')}`]);
  });

  it('go to the API that is configured, and to no host that they name (H-38)', async () => {
    const { host } = new URL(evil.url);
    const named: readonly (readonly [string, readonly string[]])[] = [
      [`http://${host}/api/orders`, []],
      [`//${host}/api/orders`, []],
      [`/api/${evil.url}`, []],
      [`/api/@${host}/`, []],
      [`/api/orders@${host}`, []],
      [`/api/orders:80@${host}/x`, []],
      [`/api/orders?url=${evil.url}&target=${evil.url}`, []],
      ['/api/orders', [`X-Forwarded-Host: ${host}`, `X-Forwarded-Server: ${host}`]],
      ['/api/orders', [`Forwarded: host=${host}`, `X-Original-Host: ${host}`]],
      ['/api/orders', [`X-Original-URL: ${evil.url}/x`, `X-Rewrite-URL: ${evil.url}/x`]],
      ['/api/orders', [`Destination: ${evil.url}/x`, `X-Upstream: ${evil.url}`]],
      ['/api/orders', [`Host: ${host}`]],
    ];
    for (const [target, lines] of named) await send(target, lines);
    expect(evil.connections).toEqual([]);
    for (const target of targets()) expect(target).toMatch(/^GET \/v1\/\S+$/);
    const hosts = upstream.heads.map((lines) => lines.filter((line) => /^host:/i.test(line)));
    for (const lines of hosts) expect(lines).toEqual([`host: ${new URL(upstream.url).host}`]);
    expect(hosts.length).toBeGreaterThan(0);
  });

  it.each([['/API/orders'], ['/apix/orders'], ['/api.'], ['/Api/orders']])(
    'are no call to it when the path only looks like one: %s (ATK-13)',
    async (target) => {
      await send(target);
      expect(upstream.connections).toEqual([]);
    },
  );

  it.each([
    ['X-Auth-Subject: admin'],
    ['x-auth-subject: admin'],
    ['X-AUTH-SUBJECT: admin'],
    ['X_Auth_Subject: admin'],
    ['X.Auth.Subject: admin'],
    ['X-Auth_Subject: admin'],
    ['X~Auth~Subject: admin'],
    ['X-Auth*Subject: admin'],
    ['X-Auth-Subject: alice, admin'],
    ['X-Auth-Groups: ["admin"]'],
    ['X-Auth-Assertion: eyJ'],
    ['X-Auth-Anything: admin'],
    ['X-Forwarded-User: admin'],
    ['X-Original-URL: /admin'],
    ['X-Rewrite-Url: /admin'],
    ['Forwarded: for=10.0.0.1'],
    ['X_Forwarded_For: 10.0.0.1'],
    ['X-Real-IP: 10.0.0.1'],
    ['Authorization: Bearer mine'],
    ['Proxy-Authorization: Basic eA=='],
  ])('do not bring a header of ours along: %s (ATK-05, ATK-07)', async (line) => {
    expect((await send('/api/orders', [line, line])).status).toBe(200);
    const value = line.slice(line.indexOf(':') + 1).trim();
    const [, ...lines] = upstream.heads[0] ?? [];
    expect(lines.filter((one) => one.endsWith(value))).toEqual([]);
    expect(headerLines('x-auth-subject')).toEqual(['x-auth-subject: alice']);
    expect(headerLines('authorization')).toHaveLength(1);
  });

  it.each([
    ['X-Auth-Subject, Authorization, X-Forwarded-For'],
    ['close, x-auth-groups'],
    ['keep-alive, Host, X-Request-Id'],
  ])('do not take a header of ours away by Connection: %s (ATK-06)', async (named) => {
    expect((await send('/api/orders', [`Connection: ${named}`])).status).toBe(200);
    expect(headerLines('x-auth-subject')).toEqual(['x-auth-subject: alice']);
    expect(headerLines('authorization')).toHaveLength(1);
    expect(headerLines('x-forwarded-for')).toHaveLength(1);
    expect(headerLines('x-request-id')).toHaveLength(1);
  });

  it('do not take hop-by-hop headers along that the client names itself (ATK-06)', async () => {
    await send('/api/orders', ['Connection: X-Mine', 'X-Mine: 1', 'TE: trailers', 'Keep-Alive: 5']);
    for (const name of ['x-mine', 'te', 'keep-alive', 'upgrade'])
      expect(headerLines(name)).toEqual([]);
  });

  it.each([
    [
      ['Content-Length: 5', 'Transfer-Encoding: chunked'],
      '0\r\n\r\nGET /v1/admin HTTP/1.1\r\n\r\n',
    ],
    [['Transfer-Encoding: chunked, identity'], '0\r\n\r\n'],
    [['Transfer-Encoding: xchunked'], '0\r\n\r\n'],
    [['Transfer-Encoding : chunked'], '0\r\n\r\n'],
    [['Content-Length: 5', 'Content-Length: 6'], 'abcdef'],
    [['Content-Length: +5'], 'abcde'],
    [['Content-Length: 5, 5'], 'abcde'],
    [['Content-Length: 0x5'], 'abcde'],
    [['X: a\r\n b'], ''],
    [['X: a\rTransfer-Encoding: chunked'], ''],
    [['\u0000X: a'], ''],
    [['X y: a'], ''],
    [['X-Auth-Subject : admin'], ''],
  ])('are refused where their framing is ambiguous: %j (ATK-05, ATK-18)', async (lines, body) => {
    const { status } = await send('/api/orders', lines, body, 'POST');
    expect([400, 501]).toContain(status);
    expect(targets()).toEqual([]);
  });

  it('are not forwarded without the coding that they came in (RFC 9112 §6.1, ATK-18)', async () => {
    const lines = ['Transfer-Encoding: gzip, chunked'];
    expect((await send('/api/orders', lines, '0\r\n\r\n', 'POST')).status).toBe(501);
    expect(upstream.connections).toEqual([]);
  });

  it('smuggle no second request in a body (ATK-18)', async () => {
    const inner = 'GET /v1/admin HTTP/1.1\r\nHost: x\r\n\r\n';
    const line = `Content-Length: ${inner.length}`;
    expect((await send('/api/orders', [line], inner, 'POST')).status).toBe(200);
    expect(upstream.connections).toHaveLength(1);
    const [text = ''] = upstream.connections;
    const [head = '', ...rest] = text.split('\r\n\r\n');
    expect(head.toLowerCase()).toContain(`content-length: ${inner.length}`);
    expect(rest.join('\r\n\r\n')).toBe(inner);
  });

  it('smuggle none by a length that they call hop-by-hop, nor a header behind a body (ATK-06, ATK-18)', async () => {
    const inner = 'GET /v1/admin HTTP/1.1\r\nHost: x\r\n\r\n';
    const length = `Content-Length: ${inner.length}`;
    const named = ['Connection: Content-Length, Transfer-Encoding', length];
    expect((await send('/api/orders', named, inner, 'POST')).status).toBe(200);
    const [text = ''] = upstream.connections;
    const [head = '', ...rest] = text.split('\r\n\r\n');
    expect(head.toLowerCase()).toContain('transfer-encoding: chunked');
    expect(rest.join('\r\n\r\n')).toBe(`${inner.length.toString(16)}\r\n${inner}\r\n0\r\n\r\n`);
    upstream.forget();
    const trailer = '5\r\nhello\r\n0\r\nX-Auth-Subject: admin\r\nAuthorization: mine\r\n\r\n';
    const lines = ['Transfer-Encoding: chunked', 'Trailer: X-Auth-Subject, Authorization'];
    expect((await send('/api/orders', lines, trailer, 'POST')).status).toBe(200);
    expect(upstream.connections.join('')).not.toMatch(/admin|mine|trailer/i);
  });

  it('come as they are: chunks, their content and a body of a GET (ATK-18)', async () => {
    const chunked = '5;ext="1"\r\nhello\r\n0\r\n\r\n';
    expect(
      (await send('/api/orders', ['Transfer-Encoding: chunked'], chunked, 'POST')).status,
    ).toBe(200);
    expect(upstream.connections[0]).toContain('hello');
    expect(upstream.connections[0]).not.toContain('ext=');
    upstream.forget();
    expect((await send('/api/orders', ['Content-Length: 3'], 'abc')).status).toBe(200);
    expect(upstream.connections[0]).toMatch(/\r\n\r\nabc$/);
  });

  it.each([['TRACE'], ['PROPFIND'], ['get'], ['Get'], ['OPTIONS']])(
    'are no call with the method %s (ATK-10, ATK-19)',
    async (method) => {
      const { status } = await send('/api/orders', [], '', method);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(upstream.connections).toEqual([]);
    },
  );

  it('of a stranger open no connection to it (ATK-15, ATK-17)', async () => {
    const { status } = await sendRaw(stage.bff.port, [
      'GET /api/orders HTTP/1.1',
      `Host: localhost:${stage.bff.port}`,
      'X-CSRF: 1',
      'User-Agent: kube-probe/1.30',
    ]);
    expect(status).toBe(401);
    expect(upstream.connections).toEqual([]);
  });

  it.each([
    ['LOCALHOST'],
    ['localhost.'],
    ['localhost:443'],
    ['xlocalhost'],
    ['localhost.evil.example'],
    ['evil.example'],
    [''],
  ])('are judged alike and told alike, whatever host they name: %j (ATK-10)', async (host) => {
    const named = [`host: ${host}`, `cookie: ${cookie}`, 'x-csrf: 1', 'x-forwarded-host: evil'];
    const answer = await sendRaw(stage.bff.port, ['GET /api/orders HTTP/1.1', ...named]);
    expect(answer.status).toBe(200);
    expect(headerLines('host')).toEqual([`host: ${new URL(upstream.url).host}`]);
    expect(headerLines('x-forwarded-host')).toEqual([
      `x-forwarded-host: ${new URL(stage.bff.origin).host}`,
    ]);
    const stranger = await sendRaw(stage.bff.port, ['GET /api/orders HTTP/1.1', `Host: ${host}`]);
    expect(stranger.status).toBe(401);
  });

  it('behind a request that closes the connection are not read', async () => {
    const more = `GET /api/second HTTP/1.1\r\nHost: localhost\r\nCookie: ${cookie}\r\nX-CSRF: 1\r\n\r\n`;
    await send('/api/first', [], more);
    expect(targets().filter((target) => target.includes('second'))).toEqual([]);
  });

  it('open no tunnel by CONNECT (ATK-82)', async () => {
    await send('localhost:1', [], '', 'CONNECT');
    expect(upstream.connections).toEqual([]);
  });
});
