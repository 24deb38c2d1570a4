import { createIdentityVerifier, type IdentityVerifier } from 'vestibule/guard';
import { GatewayProcess, type GatewayKind } from '../support/gateway-process.js';
import { jsonOf, type Hop } from '../support/http-exchange.js';
import { sendRaw } from '../support/raw-socket.js';
import { freePort } from '../support/redis-host.js';
import { Stage } from '../support/stage.js';
import type { ReceivedRequest } from '../support/upstream-host.js';
import { openWebSocket } from '../support/web-socket.js';

const DEEP = '/reports/7?month=2026-11&q=a%20b%2Fc';

const MANAGED = [
  'Subject',
  'Issuer',
  'Provider',
  'Session',
  'Email',
  'Name',
  'Groups',
  'Assertion',
];

/** A gateway runs its recipe; the product stands beside it and not in front of the application. */
async function openStage(kind: GatewayKind) {
  const [gateway, publicListener, internalListener] = [
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  const stage = await Stage.open({
    redis: true,
    // The application asks for no access token: none comes to it.
    op: { accessTokens: 'opaque' },
    file: 'policies: [{ name: pages, redirect: true }]',
    env: {
      PUBLIC_URL: `http://localhost:${gateway}`,
      PORT: String(publicListener),
      INTERNAL_PORT: String(internalListener),
      TRUST_PROXY: 'loopback',
      OIDC_SCOPE: 'openid profile email groups',
      OIDC_CLAIMS: 'sub,name,email,groups',
    },
  });
  const application = stage.api.port;
  const ports = { gateway, publicListener, internalListener, application };
  const process = await GatewayProcess.start(kind, ports).catch(async (error: unknown) => {
    await stage.close();
    throw error;
  });
  stage.api.respond((_received, res) => {
    res.writeHead(200, { 'content-type': 'text/html' }).end('<h1>the application</h1>');
  });
  stage.api.takeWebSockets();
  const close = async (): Promise<void> => {
    await process.stop();
    await stage.close();
  };
  return { stage, gateway, close };
}

describe.each<[GatewayKind, string]>([
  ['nginx', 'default'],
  ['Caddy', 'pages'],
])('behind %s, by its recipe', (kind, audience) => {
  let stage: Stage;
  let gateway: number;
  let close: () => Promise<void>;
  let verify: IdentityVerifier;
  beforeAll(async () => {
    ({ stage, gateway, close } = await openStage(kind));
    verify = createIdentityVerifier({
      issuer: stage.bff.origin,
      audience,
      jwksUri: `${stage.bff.internalOrigin}/.well-known/jwks.json`,
    });
  });
  afterAll(() => close());

  /** Bytes as they are, past every client that would correct them. */
  const raw = (requestLine: string, ...lines: string[]): Promise<Hop> =>
    sendRaw(gateway, [`${requestLine} HTTP/1.1`, `Host: localhost:${gateway}`, ...lines]);
  const whoIsTold = ({ rawHeaders }: ReceivedRequest) => verify({ rawHeaders });

  it('a stranger who opens a page logs in and comes back to it, query and all', async () => {
    const person = stage.person();
    const before = stage.api.received.length;
    const page = await person.visit(stage.url(DEEP));
    expect(page.url.startsWith(stage.op.issuer)).toBe(true);
    expect(stage.api.received).toHaveLength(before);
    const back = await person.submit({ user: 'alice' }, page);
    expect([back.url, back.status, back.body]).toEqual([
      stage.url(DEEP),
      200,
      '<h1>the application</h1>',
    ]);
    expect(stage.api.last.target).toBe(DEEP);
  });

  it.each(['GET', 'POST', 'DELETE'])(
    'a script of a stranger gets 401 with login_url, and the application hears nothing (%s)',
    async (method) => {
      const before = stage.api.received.length;
      const body = method === 'POST' ? '{}' : undefined;
      const answer = await stage.person().fetch(stage.url(DEEP), { method, body });
      expect([answer.status, jsonOf(answer)]).toMatchObject([
        401,
        {
          code: 'unauthenticated',
          login_url: expect.stringMatching(/^\/login\?return_to=/) as string,
        },
      ]);
      expect(stage.api.received).toHaveLength(before);
    },
  );

  it('the application is told who calls, by headers and by a signed assertion, and sees no cookie', async () => {
    const person = await stage.member();
    const answer = await person.fetch(stage.url('/orders'), { method: 'POST', body: '{"a":1}' });
    expect(answer.status).toBe(200);
    const { headers, method, body } = stage.api.last;
    expect([method, body]).toEqual(['POST', '{"a":1}']);
    expect(headers).toMatchObject({
      host: new URL(stage.bff.origin).host,
      'x-auth-subject': 'alice',
      'x-auth-issuer': stage.op.issuer,
      'x-auth-provider': 'generic',
      'x-auth-session': (await stage.view(person))['session_id'],
      'x-auth-email': 'alice@example.com',
      'x-auth-name': 'Alice Archer',
      'x-auth-groups': expect.stringMatching(/^\["/) as string,
    });
    expect(headers).not.toHaveProperty('cookie');
    expect(headers).not.toHaveProperty('authorization');
    expect(await whoIsTold(stage.api.last)).toMatchObject({
      kind: 'known',
      identity: { subject: 'alice', issuer: stage.op.issuer },
    });
  });

  it.each<[string, readonly string[]]>([
    [
      'as they are',
      ['X-Auth-Subject: admin', 'X-Auth-Assertion: e30.e30.', 'X-Auth-Groups: ["x"]'],
    ],
    ['every one', MANAGED.map((name) => `X-Auth-${name}: admin`)],
    ['with underscores', ['X_Auth_Subject: admin', 'X-Auth_Subject: admin']],
    ['with dots', ['X.Auth.Subject: admin', 'X-Auth.Subject: admin']],
    ['in another case', ['x-AUTH-subject: admin', 'x-auth-EMAIL: admin']],
    ['twice', ['X-Auth-Subject: admin', 'X-Auth-Subject: root', 'X-Auth-Subject: alice, admin']],
    ['as hop-by-hop', ['Connection: X-Auth-Subject, X-Auth-Assertion', 'X-Auth-Subject: admin']],
    ['as credentials', ['Authorization: Bearer admin', 'Proxy-Authorization: Basic admin']],
    [
      'with what the gateway says',
      [
        'X-Original-URI: /admin',
        'X-Forwarded-Uri: /admin',
        'X-Original-URL: /admin',
        'X-Forwarded-Method: TRACE',
        'X-Original-Method: GET',
        'X-Forwarded-For: admin',
        'X-Forwarded-Host: admin.example',
        'X-Forwarded-Proto: admin',
      ],
    ],
  ])('no lie about who calls arrives: %s (ATK-05, ATK-06, ATK-07)', async (_how, lies) => {
    const cookie = `Cookie: ${await stage.cookieOf(await stage.member({ as: 'bob' }))}`;
    const answer = await raw('GET /orders', cookie, ...lies);
    expect(answer.status).toBe(200);
    const { headers, rawHeaders } = stage.api.last;
    expect(rawHeaders.filter((text) => /admin|root|e30\.e30/.test(text))).toEqual([]);
    expect(rawHeaders.filter((name) => /^x.auth.subject$/i.test(name))).toHaveLength(1);
    expect(headers['x-auth-subject']).toBe('bob');
    expect(await whoIsTold(stage.api.last)).toMatchObject({ kind: 'known' });
  });

  it('no lie makes a stranger somebody (ATK-05, ATK-08)', async () => {
    const before = stage.api.received.length;
    const lies = [
      'X-Auth-Subject: admin',
      'X-Forwarded-Method: OPTIONS',
      'Authorization: Bearer x',
    ];
    expect((await raw('GET /orders', ...lies)).status).toBe(401);
    for (const path of [
      '/_verify',
      '/verify',
      '/verify/pages',
      '/.well-known/jwks.json',
      '/readyz',
    ])
      expect([401, 404]).toContain((await raw(`GET ${path}`)).status);
    expect(stage.api.received).toHaveLength(before);
  });

  it('the question is the gateway’s alone: no browser gets the answer to it', async () => {
    const cookie = await stage.cookieOf(await stage.member());
    for (const path of ['/_verify', '/verify', '/verify/pages']) {
      const { headers } = await raw(`GET ${path}`, `Cookie: ${cookie}`);
      expect(Object.keys(headers).filter((name) => name.startsWith('x-auth-'))).toEqual([]);
    }
  });

  it.each([
    '/login/../orders',
    '/login/%2e%2e/orders',
    '/login%2f..%2forders',
    '//orders',
    '/logout/..;/orders',
  ])('no path leads past the question: %s (ATK-10)', async (path) => {
    const before = stage.api.received.length;
    expect([400, 401, 404]).toContain((await raw(`GET ${path}`)).status);
    expect(stage.api.received).toHaveLength(before);
  });

  it('where a login leads back to is what the gateway says, and nobody else', async () => {
    const lie = 'X-Original-URI: /admin';
    const answer = await raw(
      'GET /orders?max_age=0',
      lie,
      'Sec-Fetch-Mode: navigate',
      'Sec-Fetch-Dest: document',
    );
    expect(answer.status).toBe(302);
    const location = new URL(String(answer.headers.location), stage.bff.origin);
    expect([location.pathname, [...location.searchParams]]).toEqual([
      '/login',
      [['return_to', '/orders?max_age=0']],
    ]);
  });

  it('a call that may change something needs X-CSRF and our own page', async () => {
    const person = await stage.member();
    const before = stage.api.received.length;
    const statuses = [];
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'])
      statuses.push((await person.fetch(stage.url('/orders'), { method, csrf: false })).status);
    const headers = { origin: 'http://evil.example', 'sec-fetch-site': 'cross-site' };
    statuses.push((await person.fetch(stage.url('/orders'), { method: 'POST', headers })).status);
    const lie = { 'x-forwarded-method': 'GET', 'x-original-method': 'GET' };
    const lied = await person.fetch(stage.url('/orders'), {
      method: 'POST',
      csrf: false,
      headers: lie,
    });
    expect([...statuses, lied.status]).toEqual([403, 403, 403, 403, 403, 403]);
    expect(stage.api.received).toHaveLength(before);
  });

  it('a logout counts from the next request on', async () => {
    const person = await stage.member();
    const cookie = await stage.cookieOf(person);
    expect((await raw('GET /orders', `Cookie: ${cookie}`)).status).toBe(200);
    expect((await person.fetch(stage.url('/logout'), { method: 'POST' })).status).toBe(200);
    expect((await raw('GET /orders', `Cookie: ${cookie}`)).status).toBe(401);
  });

  it('a WebSocket opens from our own page, for whoever is logged in', async () => {
    const cookie = await stage.cookieOf(await stage.member());
    const origin = stage.bff.origin;
    const open = (headers: Readonly<Record<string, string>>) =>
      openWebSocket(stage.url('/live'), headers);
    const connection = 'Upgrade, X-Auth-Subject';
    const opened = await open({ origin, cookie, connection, 'x-auth-subject': 'admin' });
    if (opened.kind !== 'open') throw new Error(`refused with ${opened.status}`);
    opened.peer.send('hello');
    expect(await opened.peer.next()).toBe('echo: hello');
    expect(stage.api.last.headers['x-auth-subject']).toBe('alice');
    opened.peer.leave();
    const before = stage.api.received.length;
    expect(await open({ origin: 'http://evil.example', cookie })).toMatchObject({ status: 403 });
    expect(await open({ cookie })).toMatchObject({ status: 403 });
    expect(await open({ origin })).toMatchObject({ status: 401 });
    expect(stage.api.received).toHaveLength(before);
  });

  it('what the application answers is its own, errors included', async () => {
    const person = await stage.member();
    for (const status of [401, 403, 500, 503]) {
      stage.api.respond((_received, res) => void res.writeHead(status).end('mine'));
      const { status: got, body } = await person.fetch(stage.url('/orders'));
      expect([got, body]).toEqual([status, 'mine']);
    }
  });

  it('while Redis or the product is away it is 503 for everybody, and no login', async () => {
    const person = await stage.member();
    const both = async (): Promise<number[]> => [
      (await person.load(stage.url('/orders'))).status,
      (await person.fetch(stage.url('/orders'))).status,
    ];
    await stage.redis.kill();
    expect(await both()).toEqual([503, 503]);
    await stage.redis.run();
    await stage.bff.stop();
    expect(await both()).toEqual([503, 503]);
  });
});
