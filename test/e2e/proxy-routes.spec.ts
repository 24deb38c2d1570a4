import { jsonOf, type Hop } from '../support/http-exchange.js';
import { PATHS } from '../support/op-host.js';
import { sendRaw } from '../support/raw-socket.js';
import { Stage } from '../support/stage.js';
import { UpstreamHost } from '../support/upstream-host.js';
import type { UserAgent } from '../support/user-agent.js';
import { openWebSocket } from '../support/web-socket.js';

const codeOf = (hop: Hop): unknown => jsonOf(hop)['code'];

describe('a route for what pages link to and stream (csrf: fetch-metadata)', () => {
  let stage: Stage;
  let person: UserAgent;
  let cookie: string;
  beforeAll(async () => {
    stage = await Stage.open({
      file: `routes:
  - name: media
    prefix: /media
    upstream: \${API}
    methods: [GET, HEAD]
    csrf: fetch-metadata
  - name: files
    prefix: /files
    upstream: \${API}
    methods: [GET, HEAD]
    csrf: fetch-metadata
    download: true
  - name: docs
    prefix: /docs
    upstream: \${API}
    methods: [GET, HEAD]
    csrf: fetch-metadata
    documents: true
`,
    });
    person = await stage.member();
    cookie = await stage.cookieOf(person);
    stage.api.respond((_received, res) => {
      res.writeHead(200, { 'content-type': 'text/html' }).end('<p>x</p>');
    });
  });
  afterAll(() => stage.close());

  const send = (path: string, headers: Readonly<Record<string, string>>): Promise<Hop> =>
    stage.send(stage.url(path), { headers: { cookie, ...headers } });
  const metadata = (site: string, mode: string, dest: string) => ({
    'sec-fetch-site': site,
    'sec-fetch-mode': mode,
    'sec-fetch-dest': dest,
  });

  it.each(['image', 'video', 'audio', 'track', 'font', 'script', 'style', 'manifest', 'worker'])(
    'serves our own page its %s',
    async (dest) => {
      const answer = await person.subresource(stage.url('/media/x'), dest);
      expect(answer.status).toBe(200);
      expect(stage.api.last.headers.authorization).toMatch(/^Bearer eyJ/);
    },
  );

  it.each(['cors', 'same-origin'])('serves a fetch of our own page, mode %s', async (mode) => {
    expect((await send('/media/x', metadata('same-origin', mode, 'empty'))).status).toBe(200);
  });

  it('takes the header as well', async () => {
    expect((await stage.call(person, '/media/x')).status).toBe(200);
  });

  it.each([
    ['another site', metadata('cross-site', 'no-cors', 'image')],
    ['a sibling site', metadata('same-site', 'no-cors', 'image')],
    ['a script of a sibling site', metadata('same-site', 'cors', 'empty')],
    ['the address bar', metadata('none', 'navigate', 'document')],
    ['a page that opens it', metadata('same-origin', 'navigate', 'document')],
    ['a frame', metadata('same-origin', 'navigate', 'iframe')],
    ['a frame of old', metadata('same-origin', 'navigate', 'frame')],
    ['an object', metadata('same-origin', 'navigate', 'object')],
    ['an embed', metadata('same-origin', 'no-cors', 'embed')],
    ['a service worker', metadata('same-origin', 'same-origin', 'serviceworker')],
    ['a report', metadata('same-origin', 'no-cors', 'report')],
    ['a mode that nobody knows', metadata('same-origin', 'psychic', 'image')],
    ['a destination that nobody knows', metadata('same-origin', 'no-cors', 'hologram')],
    ['a WebSocket’s handshake', metadata('same-origin', 'websocket', 'empty')],
    ['nowhere', {}],
    ['a browser that says no mode', { 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'image' }],
    [
      'a browser that says no destination',
      { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'no-cors' },
    ],
    ['two voices', metadata('same-origin, cross-site', 'no-cors', 'image')],
    ['another case', metadata('Same-Origin', 'no-cors', 'image')],
  ])('refuses %s, and the API never hears of it (ATK-53, E-39)', async (_whom, headers) => {
    const before = stage.api.received.length;
    expect((await send('/media/x', headers)).status).toBe(403);
    expect(stage.api.received).toHaveLength(before);
  });

  it('is no way in for a stranger', async () => {
    const answer = await stage.send(stage.url('/media/x'), {
      headers: metadata('same-origin', 'no-cors', 'image'),
    });
    expect([answer.status, codeOf(answer)]).toEqual([401, 'unauthenticated']);
  });

  it('lets a person open a download, as a file', async () => {
    const answer = await person.load(stage.url('/files/report'), { site: 'same-origin' });
    expect([answer.status, answer.headers['content-disposition']]).toEqual([200, 'attachment']);
    expect(answer.headers['content-security-policy']).toBe('sandbox');
  });

  it('keeps the name that the API gives a download', async () => {
    stage.api.respond((_received, res) => {
      const disposition = 'attachment; filename="a.csv"';
      res.writeHead(200, { 'content-disposition': disposition }).end('a');
    });
    const answer = await person.load(stage.url('/files/a'), { site: 'same-origin' });
    expect(answer.headers['content-disposition']).toBe('attachment; filename="a.csv"');
    stage.api.respond((_received, res) => {
      const disposition = 'inline; filename="attachment.html"';
      res.writeHead(200, { 'content-disposition': disposition }).end('a');
    });
    const shown = await person.load(stage.url('/files/a'), { site: 'same-origin' });
    expect(shown.headers['content-disposition']).toBe('attachment');
  });

  it.each([
    ['from another site', metadata('cross-site', 'navigate', 'document')],
    ['from the address bar', metadata('none', 'navigate', 'document')],
    ['into a frame', metadata('same-origin', 'navigate', 'iframe')],
  ])('does not open a download %s', async (_how, headers) => {
    expect((await send('/files/report', headers)).status).toBe(403);
  });

  it('runs as pages of ours what it is told to, and nothing else', async () => {
    stage.api.respond((_received, res) => {
      res.writeHead(200, { 'content-type': 'text/html' }).end('<p>x</p>');
    });
    const policies = await Promise.all(
      ['/docs/x', '/media/x'].map(async (path) => {
        const answer = await person.subresource(stage.url(path), 'image');
        return answer.headers['content-security-policy'];
      }),
    );
    expect(policies).toEqual([undefined, 'sandbox']);
  });
});

describe('routes below each other', () => {
  let stage: Stage;
  let billing: UpstreamHost;
  let person: UserAgent;
  beforeAll(async () => {
    billing = await UpstreamHost.start();
    stage = await Stage.open({
      env: { API_UPSTREAM: '' },
      file: `routes:
  - name: main
    prefix: /api
    upstream: \${API}/v1
  - name: open
    prefix: /api/billing/open
    upstream: ${billing.url}/public
    token: none
  - name: billing
    prefix: /api/billing
    upstream: ${billing.url}/v2
    methods: [GET]
  - name: maybe
    prefix: /maybe
    upstream: ${billing.url}
    token: optional
`,
    });
    person = await stage.member();
  });
  afterAll(async () => {
    await stage.close();
    await billing.down();
  });

  it.each([
    ['/api/orders', 'main', '/v1/orders'],
    ['/api/billings', 'main', '/v1/billings'],
    ['/api/billing', 'billing', '/v2/'],
    ['/api/billing/7?x=1', 'billing', '/v2/7?x=1'],
    ['/api/billing/opening', 'billing', '/v2/opening'],
    ['/api/billing/open/prices', 'billing', '/public/prices'],
  ])('the longest counts: %s goes to %s as %s', async (path, which, target) => {
    expect((await stage.call(person, path)).status).toBe(200);
    expect((which === 'main' ? stage.api : billing).last.target).toBe(target);
  });

  it('have methods of their own', async () => {
    const answer = await stage.call(person, '/api/billing/7', { method: 'DELETE' });
    expect([answer.status, answer.headers.allow]).toEqual([405, 'GET']);
    expect((await stage.call(person, '/api/orders', { method: 'DELETE' })).status).toBe(200);
  });

  it('have a rule for tokens of their own', async () => {
    const stranger = stage.person();
    const statuses = [];
    for (const path of ['/api/x', '/api/billing/x', '/api/billing/open/x', '/maybe/x'])
      statuses.push((await stage.call(stranger, path)).status);
    expect(statuses).toEqual([401, 401, 200, 200]);
    expect(billing.last.headers.authorization).toBeUndefined();
    // A member's token goes where it is wanted, and nowhere else.
    await stage.call(person, '/maybe/x');
    expect(billing.last.headers.authorization).toMatch(/^Bearer eyJ/);
    await stage.call(person, '/api/billing/open/x');
    expect(billing.last.headers.authorization).toBeUndefined();
  });

  it('are all closed to other sites, also the open ones', async () => {
    const before = billing.received.length;
    for (const path of ['/api/x', '/api/billing/x', '/api/billing/open/x', '/maybe/x']) {
      const answer = await stage.call(person, path, { csrf: false });
      expect([answer.status, codeOf(answer)]).toEqual([403, 'csrf_refused']);
    }
    expect(billing.received).toHaveLength(before);
  });
});

const NAMES = ['subject', 'issuer', 'provider', 'session', 'email', 'name', 'groups'];

describe('an API that is told who calls', () => {
  let stage: Stage;
  let open: UpstreamHost;
  beforeAll(async () => {
    open = await UpstreamHost.start();
    stage = await Stage.open({
      env: { OIDC_SCOPE: 'openid profile email groups', OIDC_CLAIMS: 'name,email,groups' },
      file: `routes:
  - name: api
    prefix: /api
    upstream: \${API}
    identity: headers
  - name: maybe
    prefix: /maybe
    upstream: ${open.url}
    identity: headers
    token: optional
  - name: plain
    prefix: /plain
    upstream: \${API}
`,
    });
  });
  afterEach(() => stage.op.behave());
  afterAll(async () => {
    await stage.close();
    await open.down();
  });

  const told = (upstream: UpstreamHost): Record<string, unknown> =>
    Object.fromEntries(NAMES.map((name) => [name, upstream.last.headers[`x-auth-${name}`]]));
  const nobody = Object.fromEntries(NAMES.map((name) => [name, '']));

  it('hears it of the session, whoever the client says it is (ATK-05)', async () => {
    const person = await stage.member();
    const { session_id: session } = await stage.view(person);
    expect((await stage.call(person, '/api/x')).status).toBe(200);
    expect(told(stage.api)).toEqual({
      subject: 'alice',
      issuer: stage.op.issuer,
      provider: 'generic',
      session,
      email: 'alice@example.com',
      name: 'Alice Archer',
      groups: '["staff","admins"]',
    });
  });

  it.each([
    ['as they are', (name: string) => `X-Auth-${name}`],
    ['in capitals', (name: string) => `X-AUTH-${name.toUpperCase()}`],
    ['in small letters', (name: string) => `x-auth-${name}`],
    ['with underscores', (name: string) => `X_Auth_${name}`],
    ['with one underscore', (name: string) => `X-Auth_${name}`],
    ['with dots', (name: string) => `X.Auth.${name}`],
  ])(
    'hears nothing of a client’s own %s, sent twice, with a session or without (ATK-05, ATK-07)',
    async (_how, write) => {
      // Carol is in no group, and what she lacks is not made up for.
      const cookie = await stage.cookieOf(await stage.member({ as: 'carol' }));
      const evil = NAMES.flatMap((name) => [
        `${write(name)}: evil`,
        `${write(name)}: evil, admins`,
      ]);
      for (const [path, more, upstream] of [
        ['/api/x', [`Cookie: ${cookie}`], stage.api],
        ['/maybe/x', [], open],
      ] as const) {
        const answer = await sendRaw(stage.bff.port, [
          `GET ${path} HTTP/1.1`,
          `Host: localhost:${stage.bff.port}`,
          'X-CSRF: 1',
          ...more,
          ...evil,
          `Connection: ${NAMES.map((name) => write(name)).join(', ')}, close`,
        ]);
        expect(answer.status).toBe(200);
        expect(JSON.stringify(upstream.last.rawHeaders)).not.toContain('evil');
        const values = Object.values(told(upstream));
        expect(values.every((value) => typeof value === 'string')).toBe(true);
      }
      expect(told(open)).toEqual(nobody);
      expect(told(stage.api)).toMatchObject({
        subject: 'carol',
        name: 'Carol N%C3%BA%C3%B1ez',
        groups: '',
      });
    },
  );

  it('hears nothing where the route says nothing, not even of the client', async () => {
    const person = await stage.member();
    await stage.call(person, '/plain/x', { headers: { 'x-auth-subject': 'evil' } });
    const names = Object.keys(stage.api.last.headers).filter((name) => name.startsWith('x-auth'));
    expect(names).toEqual([]);
  });

  it('hears no more than fits into a header, and nothing that ends one (ATK-09)', async () => {
    stage.op.forgeIdToken(({ claims }) =>
      stage.op.key.sign({
        ...claims,
        name: 'A\r\nX-Auth-Subject: admin\u0000,é💥',
        email: 'x'.repeat(10_000),
        groups: Array.from({ length: 1_000 }, (_none, at) => `group-${at}`),
      }),
    );
    const person = await stage.member();
    expect((await stage.call(person, '/api/x')).status).toBe(200);
    expect(told(stage.api)).toMatchObject({
      subject: 'alice',
      name: 'A%0D%0AX-Auth-Subject: admin%00,%C3%A9%F0%9F%92%A5',
      email: '',
      groups: '',
    });
  });
});

describe('a route that asks for more than a login (RFC 9470)', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open({
      env: { BASE_PATH: '/app' },
      file: `routes:
  - name: secure
    prefix: /secure
    upstream: \${API}
    websocket: true
    acr: [gold, platinum]
  - name: recent
    prefix: /recent
    upstream: \${API}
    maxAge: 10m
  - name: both
    prefix: /both
    upstream: \${API}
    acr: [gold]
    maxAge: 90s
  - name: read
    prefix: /read
    upstream: \${API}
    scopes: ['orders:read']
  - name: write
    prefix: /write
    upstream: \${API}
    scopes: ['orders:read', 'orders:write', 'orders:delete']
`,
    });
    // The provider's logins are as strong as they are asked to be.
    stage.op.forgeIdToken(({ claims }) => {
      const asked = stage.op.callsOf(PATHS.authorize).at(-1)?.query.get('acr_values');
      return stage.op.key.sign({ ...claims, acr: asked?.split(' ')[0] ?? 'bronze' });
    });
  });
  afterAll(() => stage.close());

  const follow = (person: UserAgent, answer: Hop): Promise<Hop> =>
    person.visit(new URL(String(jsonOf(answer)['login_url']), stage.bff.origin).href);

  it('says what it asks for, and where to get it (E-15)', async () => {
    const person = await stage.member();
    const before = stage.api.received.length;
    const answer = await stage.call(person, '/secure/x');
    expect(answer.status).toBe(401);
    expect(jsonOf(answer)).toMatchObject({
      code: 'step_up_required',
      acr_values: 'gold platinum',
      login_url: '/app/login?acr_values=gold+platinum',
    });
    expect(stage.api.received).toHaveLength(before);
    await follow(person, answer);
    expect((await stage.call(person, '/secure/x')).status).toBe(200);
    expect((await stage.view(person))['acr']).toBe('gold');
  });

  it('asks a WebSocket for it, too', async () => {
    const person = await stage.member();
    const answer = await openWebSocket(stage.url('/secure/x'), {
      cookie: await stage.cookieOf(person),
      origin: stage.bff.origin,
    });
    expect(answer).toMatchObject({ kind: 'refused', status: 401 });
    expect(answer.kind === 'refused' && jsonOf(answer)['code']).toBe('step_up_required');
  });

  it('asks again when the login is too long ago (E-29)', async () => {
    const person = await stage.member();
    expect((await stage.call(person, '/recent/x')).status).toBe(200);
    stage.clock.advance(11 * 60_000);
    const answer = await stage.call(person, '/recent/x');
    expect([answer.status, jsonOf(answer)]).toMatchObject([
      401,
      { code: 'step_up_required', max_age: 600, login_url: '/app/login?max_age=600' },
    ]);
    await follow(person, answer);
    expect(stage.op.callsOf(PATHS.authorize).at(-1)?.query.get('max_age')).toBe('600');
    expect((await stage.call(person, '/recent/x')).status).toBe(200);
  });

  it('asks for both at once', async () => {
    const answer = await stage.call(await stage.member(), '/both/x');
    expect(jsonOf(answer)).toMatchObject({
      acr_values: 'gold',
      max_age: 90,
      login_url: '/app/login?acr_values=gold&max_age=90',
    });
  });

  it('refuses for good what the token was not given (E-28)', async () => {
    const person = await stage.member();
    expect((await stage.call(person, '/read/x')).status).toBe(200);
    const before = stage.api.received.length;
    const answer = await stage.call(person, '/write/x');
    expect([answer.status, jsonOf(answer)]).toMatchObject([
      403,
      { code: 'insufficient_scope', scope: 'orders:write orders:delete' },
    ]);
    expect(jsonOf(answer)).not.toHaveProperty('login_url');
    expect(stage.api.received).toHaveLength(before);
  });

  it('asks a stranger to log in first, and another site for nothing', async () => {
    const answer = await stage.call(stage.person(), '/secure/x');
    expect([answer.status, codeOf(answer)]).toEqual([401, 'unauthenticated']);
    const foreign = await stage.call(await stage.member(), '/secure/x', { csrf: false });
    expect([foreign.status, codeOf(foreign)]).toEqual([403, 'csrf_refused']);
  });
});
