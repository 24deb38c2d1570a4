import { once } from 'node:events';
import { connect } from 'node:net';
import { OpHost } from '../support/op-host.js';
import { ProductProcess } from '../support/product-process.js';
import { answerTo, sendRaw } from '../support/raw-socket.js';
import { freePort, RedisHost } from '../support/redis-host.js';

const MANAGED = [
  'subject',
  'issuer',
  'provider',
  'session',
  'email',
  'name',
  'groups',
  'assertion',
];
const FRIEND = 'http://localhost:8';

const FILE = `policies:
  - name: preflights
    preflight: true
  - name: staff
    groups: [staff]
`;

interface Question {
  readonly line?: string;
  readonly headers?: readonly string[];
  readonly body?: string;
}

/** The built product and its internal listener, asked by sockets that write what no gateway would. */
describe('bytes at /verify', () => {
  let op: OpHost;
  let redis: RedisHost;
  /** One that trusts who asks, and one that trusts nobody. */
  const products: ProductProcess[] = [];
  let trusting: number;
  let wary: number;
  const cookies = new Map<number, string>();
  beforeAll(async () => {
    op = await OpHost.start();
    redis = await RedisHost.start();
    [trusting, wary] = [await freePort(), await freePort()];
    const start = (port: number, trusted: string): Promise<ProductProcess> =>
      ProductProcess.start({
        op,
        file: FILE,
        env: {
          REDIS_URL: redis.url,
          REDIS_PREFIX: `${port}:`,
          INTERNAL_PORT: String(port),
          TRUST_PROXY: trusted,
          ALLOWED_ORIGINS: FRIEND,
          OIDC_CLAIMS: 'name,email,groups',
        },
      });
    // One after the other: they go by the same name at the provider.
    for (const [port, trusted] of [
      [trusting, 'loopback'],
      [wary, ''],
    ] as const) {
      const product = await start(port, trusted);
      products.push(product);
      cookies.set(port, await product.login());
    }
  });
  afterAll(async () => {
    await Promise.all(products.map((product) => product.stop()));
    await redis.stop();
    await op.close();
  });

  const linesOf = ({ line = 'GET /verify', headers = [] }: Question): string[] => [
    `${line} HTTP/1.1`,
    'Host: gateway',
    ...headers,
  ];
  const stranger = async (port: number, question: Question): Promise<number> =>
    (await sendRaw(port, linesOf(question), question.body)).status;
  const member = (port: number, { headers = [], ...question }: Question): Promise<number> =>
    stranger(port, { ...question, headers: [`Cookie: ${cookies.get(port) ?? ''}`, ...headers] });

  it('are answered when nothing is wrong with them', async () => {
    for (const port of [trusting, wary]) {
      expect(await member(port, {})).toBe(200);
      expect(await stranger(port, {})).toBe(401);
    }
  });

  it.each([
    ['X-Forwarded-Uri: /public/x'],
    ['X-Forwarded-Path: /public/x'],
    ['X-Forwarded-Prefix: /public'],
    ['X-Forwarded-Method: OPTIONS'],
    ['X-Forwarded-For: 127.0.0.1'],
    ['X-Forwarded-Host: localhost'],
    ['X-Forwarded-Proto: https'],
    ['X-Original-Url: /public/x'],
    ['X-Original-Uri: /public/x'],
    ['X-Original-Method: OPTIONS'],
    ['X-Rewrite-Url: /public/x'],
    ['X-HTTP-Method-Override: OPTIONS'],
    ['Forwarded: for=127.0.0.1;host=localhost;proto=https'],
    ['X-Auth-Subject: alice'],
    ['X-Auth-Session: x'],
    ['User-Agent: kube-probe/1.30'],
    ['User-Agent: GoogleHC/1.0'],
    ['X-Health-Check: 1'],
    ['Authorization: Bearer x'],
    ['Upgrade: websocket'],
    [`Origin: ${FRIEND}`],
  ])('of a stranger get no leave by a header: %s (ATK-01, ATK-02, ATK-15)', async (header) => {
    for (const port of [trusting, wary])
      for (const line of ['GET /verify', 'POST /verify/preflights', 'OPTIONS /verify/preflights'])
        expect([line, await stranger(port, { line, headers: [header] })]).toEqual([line, 401]);
  });

  it.each([
    ['X-Forwarded-Method: GET'],
    ['X-Forwarded-Uri: /'],
    ['X-Forwarded-Proto: https'],
    ['X-Forwarded-Host: app.example.com'],
    ['X-Original-Method: GET'],
    ['X-Original-URI: /'],
    ['X-Original-URL: http://app.example.com/'],
    ['X-Forwarded-Uri: %zz'],
  ])(
    'get no leave by what a gateway says that is not trusted: %s (ATK-01, ATK-02)',
    async (header) => {
      expect(await member(wary, { headers: [header, 'X-CSRF: 1'] })).toBe(403);
      expect(await stranger(wary, { headers: [header] })).toBe(401);
    },
  );

  it.each([
    ['X-Forwarded-Uri: /%zz'],
    ['X-Forwarded-Uri: /a b'],
    ['X-Forwarded-Uri: https://evil.example/a'],
    ['X-Forwarded-Uri: //evil.example/a#b'],
    ['X-Forwarded-Uri: /api/secret#/public/'],
    ['X-Forwarded-Uri: a'],
    ['X-Forwarded-Uri: \\a'],
    ['X-Forwarded-Uri: /\u00e4'],
    ['X-Forwarded-Uri:'],
    ['X-Forwarded-Uri: /a', 'X-Forwarded-Uri: /a'],
    ['X-Forwarded-Uri: /a', 'x-forwarded-uri: /b'],
    ['X-Forwarded-Uri: /a', 'X-Original-URI: /b'],
    ['X-Original-URL: //evil.example'],
    ['X-Original-URL: ftp://app.example.com/a'],
    ['X-Forwarded-Method:'],
    ['X-Forwarded-Method: GET', 'X-Forwarded-Method: POST'],
    ['X-Forwarded-Method: GET, POST'],
    ['X-Forwarded-Method: GET', 'X-Original-Method: POST'],
    ['X-Forwarded-Method: GET /'],
    ['X-Forwarded-Proto: ftp'],
    ['X-Forwarded-Proto: https, http'],
    ['X-Forwarded-Proto: https', 'X-Forwarded-Proto: https'],
    ['X-Forwarded-Proto:'],
    ['X-Forwarded-Host: a, b'],
    ['X-Forwarded-Host: a', 'X-Forwarded-Host: a'],
    ['X-Forwarded-Host: a/b'],
  ])(
    'are no question where a gateway forwards what is none: %s %s (ATK-12, ATK-14)',
    async (...headers) => {
      if (headers[0] === 'X-Original-URL: //evil.example') {
        // A rooted path, if an odd one: nothing is decided by it, and nobody is led there.
        expect(await member(trusting, { headers })).toBe(200);
        return;
      }
      for (const line of ['GET /verify', 'OPTIONS /verify/preflights']) {
        expect(await member(trusting, { line, headers: [...headers, 'X-CSRF: 1'] })).toBe(400);
        expect(await stranger(trusting, { line, headers })).toBe(400);
      }
    },
  );

  it.each([[16_384], [100_000]])('are no question of %d characters (ATK-14)', async (length) => {
    const headers = [`X-Forwarded-Uri: /${'a'.repeat(length)}`];
    expect([400, 431]).toContain(await member(trusting, { headers }));
  });

  it.each([
    ['/api/secret?x=/public/'],
    ['/api/secret;jsessionid=/public'],
    ['/public/../api/x'],
    ['/public/%2e%2e/api/x'],
    ['/public/..%2fapi'],
    ['//api/x'],
    ['/%61pi/x'],
    ['/api/%00'],
    ['/api/%c0%ae%c0%ae/x'],
    ['/API/x'],
  ])('are judged alike for every path that is forwarded: %s (ATK-11, ATK-13)', async (target) => {
    const headers = [`X-Forwarded-Uri: ${target}`];
    expect(await stranger(trusting, { headers })).toBe(401);
    expect(await member(trusting, { headers })).toBe(200);
  });

  it.each([
    ['/verify?x=/public', 401, 200],
    ['/verify/default?staff', 401, 200],
    ['/verify/default/healthz', 401, 200],
    ['/verify/default;a=b', 404, 404],
    ['/verify;a=b', 404, 404],
    ['/Verify', 404, 404],
    ['/verify/DEFAULT', 404, 404],
    ['/verify./default', 404, 404],
    ['/verify/../healthz', 400, 400],
    ['/healthz/../verify', 400, 400],
    ['/verify/%64efault', 400, 400],
    ['/verify/default/%2e%2e/staff', 400, 400],
    ['/verify/default/..;/x', 400, 400],
    ['/verify//default', 400, 400],
    ['/verify/default/a%2fb', 400, 400],
    ['/verify\\default', 400, 400],
    ['/verify#', 400, 400],
    ['http://gateway/verify', 400, 400],
    ['verify', 400, 400],
    ['*', 400, 400],
  ])(
    'are judged by the path alone, byte for byte: %s (ATK-11…13, ATK-15, ATK-16)',
    async (target, without, having) => {
      for (const method of ['GET', 'HEAD', 'POST']) {
        const line = `${method} ${target}`;
        expect([line, await stranger(trusting, { line })]).toEqual([line, without]);
        expect([line, await member(trusting, { line, headers: ['X-CSRF: 1'] })]).toEqual([
          line,
          having,
        ]);
      }
    },
  );

  it.each([['TRACE'], ['PROPFIND'], ['QUERY'], ['get'], ['CONNECT']])(
    'get no leave by a method that is not offered: %s (ATK-19)',
    async (method) => {
      const status = await member(trusting, { line: `${method} /verify`, headers: ['X-CSRF: 1'] });
      expect(status === 0 || status >= 400).toBe(true);
    },
  );

  it('are a call that changes something, whatever overrides its method (ATK-19)', async () => {
    const override = ['X-HTTP-Method-Override: GET', 'X-Method-Override: GET', '_method: GET'];
    expect(await member(trusting, { line: 'POST /verify', headers: override })).toBe(403);
    const safer = ['X-Forwarded-Method: GET', ...override];
    expect(await member(trusting, { line: 'POST /verify', headers: safer })).toBe(403);
    const told = ['X-Forwarded-Method: POST', ...override];
    expect(await member(trusting, { headers: told })).toBe(403);
  });

  it('pass as a preflight only where they are one (ATK-19)', async () => {
    const preflight = [`Origin: ${FRIEND}`, 'Access-Control-Request-Method: POST'];
    const line = 'OPTIONS /verify/preflights/api';
    for (const port of [trusting, wary]) {
      expect(await stranger(port, { line, headers: preflight })).toBe(200);
      expect(await stranger(port, { line: 'OPTIONS /verify', headers: preflight })).toBe(401);
      for (const without of preflight.keys())
        expect(await stranger(port, { line, headers: preflight.toSpliced(without, 1) })).toBe(401);
      const twice = [...preflight, 'Origin: http://evil.example'];
      expect(await stranger(port, { line, headers: twice })).toBe(401);
    }
    const hearsay = [...preflight, 'X-Forwarded-Method: OPTIONS'];
    expect(await stranger(wary, { line: 'GET /verify/preflights', headers: hearsay })).toBe(401);
    expect(await stranger(wary, { line, headers: hearsay })).toBe(401);
  });

  it.each([
    ['X-Auth-Subject: admin'],
    ['x-auth-subject: admin'],
    ['X_Auth_Subject: admin'],
    ['X-Auth-Email: admin'],
    ['X-Auth-Groups: ["admin"]'],
    ['X-Auth-Assertion: admin'],
  ])('bring no header of ours back: %s (ATK-05, ATK-07)', async (header) => {
    const cookie = `Cookie: ${cookies.get(trusting) ?? ''}`;
    for (const path of ['/verify', '/verify/preflights', '/verify/nobody', '/verify/staff'])
      for (const session of [[], [cookie]]) {
        const headers = [...session, header, header];
        const answer = await answerTo(trusting, linesOf({ line: `GET ${path}`, headers }));
        expect(answer).not.toContain('admin');
        // Each is there exactly once: a gateway that copies it overwrites what the client wrote.
        for (const name of MANAGED)
          expect([name, answer.match(new RegExp(`^x-auth-${name}:`, 'gim'))?.length]).toEqual([
            name,
            1,
          ]);
      }
  });

  it('of a stranger learn nothing of anybody (ATK-17)', async () => {
    const answer = await answerTo(trusting, linesOf({ line: 'GET /verify/staff' }));
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
    expect(answer).not.toMatch(/alice|staff|127\.0\.0\.1/);
  });

  describe('that ask for a WebSocket', () => {
    const upgrade = ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13'];
    const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';

    it.each<[string, readonly string[]]>([
      ['in full', [...upgrade, key]],
      ['without what a gateway drops', [key]],
      ['as a browser calls it', ['Sec-Fetch-Mode: websocket']],
    ])('are answered like any other, by their origin: %s', async (_how, asked) => {
      const ours = new URL(products[0]?.origin ?? '').origin;
      expect(await stranger(trusting, { headers: [...asked, `Origin: ${ours}`] })).toBe(401);
      expect(await member(trusting, { headers: [...asked, `Origin: ${ours}`] })).toBe(200);
      expect(await member(trusting, { headers: [...asked, `Origin: ${FRIEND}`] })).toBe(200);
      expect(await member(trusting, { headers: [...asked, 'Origin: http://evil.example'] })).toBe(
        403,
      );
      expect(await member(trusting, { headers: asked })).toBe(403);
    });

    it('leave the connection as it was: what follows is the next question', async () => {
      const socket = connect(trusting, '127.0.0.1');
      socket.write(`${linesOf({ headers: [...upgrade, key] }).join('\r\n')}\r\n\r\n`);
      expect(String(await once(socket, 'data'))).toMatch(/^HTTP\/1\.1 401 /);
      socket.write(`${linesOf({ headers: ['Connection: close'] }).join('\r\n')}\r\n\r\n`);
      expect(String(await once(socket, 'data'))).toMatch(/^HTTP\/1\.1 401 /);
      socket.destroy();
    });
  });

  it('behind a question are the next one, and in its body none at all (ATK-18)', async () => {
    const inner = `GET /verify HTTP/1.1\r\nHost: gateway\r\nCookie: ${cookies.get(trusting) ?? ''}\r\n\r\n`;
    const headers = [`Content-Length: ${inner.length}`];
    const answer = await answerTo(trusting, linesOf({ line: 'POST /verify', headers }), inner);
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 401']);
  });
});
