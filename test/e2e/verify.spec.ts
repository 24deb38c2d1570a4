import { exchange, jsonOf, locationOf, type Hop, type Outgoing } from '../support/http-exchange.js';
import { errorCodeOf, linksOf } from '../support/html-page.js';
import { PATHS } from '../support/op-host.js';
import { SHORT_OF_PATIENCE, Stage } from '../support/stage.js';
import type { UserAgent } from '../support/user-agent.js';

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
const EMPTY = Object.fromEntries(MANAGED.map((name) => [`x-auth-${name}`, '']));
const FRIEND = 'http://localhost:8';
const FOREIGN = 'http://evil.example';
const NAVIGATION = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
const IDLE_MINUTES = 30;

const POLICIES = `policies:
  - name: strong
    acr: [gold]
    maxAge: 10m
  - name: read
    scopes: ['orders:read']
  - name: write
    scopes: ['orders:read', 'orders:write']
  - name: staff
    groups: [staff]
  - name: board
    groups: [board]
  - name: pages
    redirect: true
  - name: strong-pages
    redirect: true
    acr: [gold]
  - name: api
    preflight: true
    authorization: true
    identity: assertion
    audience: orders
  - name: quiet
    identity: none
  - name: lax
    csrf: false
    origin: false
`;

describe('a gateway asks', () => {
  let stage: Stage;
  let person: UserAgent;
  let cookie: string;
  beforeAll(async () => {
    stage = await Stage.open({
      redis: true,
      file: POLICIES,
      op: { accessTokenSeconds: 120 },
      env: {
        ...SHORT_OF_PATIENCE,
        BASE_PATH: '/app',
        TRUST_PROXY: 'loopback',
        ALLOWED_ORIGINS: FRIEND,
        SESSION_IDLE: `${IDLE_MINUTES}m`,
        OIDC_SCOPE: 'openid profile email groups offline_access orders:read',
        OIDC_CLAIMS: 'name,email,groups',
      },
    });
    person = await stage.member();
    cookie = await stage.cookieOf(person);
  });
  afterEach(() => stage.op.behave());
  afterAll(() => stage.close());

  const ask = (path: string, headers: Outgoing['headers'] = {}, method = 'GET'): Promise<Hop> =>
    stage.send(`${stage.bff.internalOrigin}/verify${path}`, { method, headers });
  /** The same for an answer with the access token in it, which is for gateways and nobody else. */
  const askForToken = (headers: Outgoing['headers']): Promise<Hop> =>
    exchange(`${stage.bff.internalOrigin}/verify/api`, { headers: { ...headers } });
  const outcome = (hop: Hop): unknown => [hop.status, jsonOf(hop)['code']];

  describe('who is there', () => {
    it('and is told', async () => {
      const answer = await ask('', { cookie });
      const { session_id: session } = await stage.view(person);
      expect([answer.status, answer.body]).toEqual([200, '']);
      expect(answer.headers).toMatchObject({
        'x-auth-subject': 'alice',
        'x-auth-issuer': stage.op.issuer,
        'x-auth-session': session,
        'x-auth-groups': '["staff","admins"]',
        'x-auth-assertion': expect.stringMatching(/^eyJ/) as string,
        'cache-control': 'no-store',
      });
      expect(answer.headers).not.toHaveProperty('authorization');
    });

    it('and is told that nobody is, in headers that are there (ATK-07)', async () => {
      const answer = await ask('', { 'x-forwarded-uri': '/app/inbox?a=1' });
      expect(outcome(answer)).toEqual([401, 'unauthenticated']);
      expect(answer.headers).toMatchObject({
        ...EMPTY,
        'content-type': expect.stringContaining('application/problem+json') as string,
        'www-authenticate': 'Cookie realm="vestibule"',
      });
      expect(jsonOf(answer)['login_url']).toBe('/app/login?return_to=%2Fapp%2Finbox%3Fa%3D1');
    });

    it.each(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])(
      'with any method, for any path, whatever the query says: %s (ATK-11)',
      async (method) => {
        const headers = { cookie, 'x-csrf': '1' };
        for (const path of ['', '/default', '/default/', '/default/api/orders.php', '?a=/public']) {
          expect((await ask(path, headers, method)).status).toBe(200);
          expect((await ask(path, { 'x-csrf': '1' }, method)).status).toBe(401);
        }
        expect((await ask('/strong/default?policy=default', headers, method)).status).toBe(401);
      },
    );

    it.each(['/nobody', '/', '/Default', '/default;a=b', '/__proto__', '/constructor'])(
      'by a policy that nobody wrote: %s',
      async (path) => {
        const answer = await ask(path, { cookie });
        expect(outcome(answer)).toEqual([404, 'not_found']);
        expect(answer.headers).toMatchObject(EMPTY);
      },
    );

    it('and tells nothing more than it is to', async () => {
      const quiet = await ask('/quiet', { cookie });
      expect([quiet.status, quiet.headers]).toMatchObject([200, EMPTY]);
      const answer = await askForToken({ cookie });
      expect(answer.headers).toMatchObject({
        ...EMPTY,
        'x-auth-assertion': expect.stringMatching(/^eyJ/) as string,
      });
    });
  });

  describe('whether a login is good enough', () => {
    it('and sends on who must log in again, with what is asked for (RFC 9470)', async () => {
      const answer = await ask('/strong', { cookie, 'x-original-uri': '/app/vault' });
      expect(outcome(answer)).toEqual([401, 'step_up_required']);
      expect(answer.headers).toMatchObject(EMPTY);
      expect(jsonOf(answer)).toMatchObject({
        acr_values: 'gold',
        max_age: 600,
        login_url: '/app/login?acr_values=gold&max_age=600&return_to=%2Fapp%2Fvault',
      });
      stage.op.forgeIdToken(({ claims }) => {
        const asked = stage.op.callsOf(PATHS.authorize).at(-1)?.query.get('acr_values');
        return stage.op.key.sign({ ...claims, acr: asked ?? 'bronze' });
      });
      const strong = stage.person();
      const login = new URL(String(jsonOf(answer)['login_url']), stage.bff.origin);
      await stage.logIn(strong, Object.fromEntries(login.searchParams));
      expect(strong.page).toBe(stage.url('/vault'));
      const again = await ask('/strong', { cookie: await stage.cookieOf(strong) });
      expect(again.status).toBe(200);
    });

    it.each([
      ['read', [200, undefined]],
      ['write', [403, 'insufficient_scope']],
      ['staff', [200, undefined]],
      ['board', [403, 'not_allowed']],
    ])('by scopes and groups: %s (ATK-68)', async (policy, expected) => {
      const answer = await ask(`/${policy}`, { cookie });
      expect([answer.status, answer.body === '' ? undefined : jsonOf(answer)['code']]).toEqual(
        expected,
      );
      if (answer.status !== 200) expect(answer.headers).toMatchObject(EMPTY);
    });

    it('by the groups of now: a refresh that brings others counts at once (ATK-65)', async () => {
      const leaving = await stage.member({ as: 'bob' });
      const theirs = await stage.cookieOf(leaving);
      expect((await ask('/staff', { cookie: theirs })).status).toBe(200);
      stage.op.forgeIdToken(({ claims }) => stage.op.key.sign({ ...claims, groups: ['alumni'] }));
      expect((await stage.refresh(leaving)).status).toBe(200);
      expect(outcome(await ask('/staff', { cookie: theirs }))).toEqual([403, 'not_allowed']);
    });
  });

  describe('about a call', () => {
    it.each([
      ['POST', {}, 403],
      ['POST', { 'x-csrf': '1' }, 200],
      ['POST', { 'x-csrf': '1', origin: FRIEND }, 200],
      ['POST', { 'x-csrf': '1', origin: FOREIGN }, 403],
      ['DELETE', { 'sec-fetch-site': 'same-origin' }, 403],
      ['GET', { origin: FOREIGN }, 200],
    ])('that the gateway calls %s, sent with %j: %d', async (method, sent, status) => {
      for (const name of ['x-forwarded-method', 'x-original-method']) {
        const answer = await ask('', { cookie, [name]: method, ...sent });
        expect([name, answer.status]).toEqual([name, status]);
        const stranger = await ask('', { [name]: method, ...sent });
        expect([name, stranger.status]).toEqual([name, 401]);
        expect((await ask('/lax', { cookie, [name]: method, ...sent })).status).toBe(200);
      }
    });

    it('whose method it does not tell: a foreign origin may be a call that changes something', async () => {
      expect((await ask('', { cookie, origin: FOREIGN })).status).toBe(403);
      expect((await ask('', { cookie, origin: 'null' })).status).toBe(403);
      expect((await ask('', { cookie, origin: stage.bff.origin })).status).toBe(200);
    });

    it('that is a preflight of a friend, which passes where it may and tells of nobody (ATK-19)', async () => {
      const preflight = { origin: FRIEND, 'access-control-request-method': 'POST' };
      for (const [method, headers] of [
        ['OPTIONS', preflight],
        ['GET', { ...preflight, 'x-forwarded-method': 'OPTIONS' }],
      ] as const) {
        const answer = await ask('/api', headers, method);
        expect([answer.status, answer.headers]).toMatchObject([200, EMPTY]);
        expect(answer.headers).not.toHaveProperty('authorization');
        expect((await ask('', headers, method)).status).toBe(401);
        expect((await ask('/api', { ...headers, origin: FOREIGN }, method)).status).toBe(401);
      }
    });
  });

  describe('on behalf of a person who opens a page', () => {
    const navigation = {
      ...NAVIGATION,
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'http',
    };

    it('and sends them to the login, and back to the page (ATK-03)', async () => {
      const answer = await ask('/pages', { ...navigation, 'x-forwarded-uri': '/app/inbox?a=1' });
      expect([answer.status, answer.headers]).toMatchObject([302, EMPTY]);
      expect(answer.headers.location).toBe(stage.url('/login?return_to=%2Fapp%2Finbox%3Fa%3D1'));
      const visitor = stage.person();
      const page = await visitor.visit(locationOf(answer).href);
      await visitor.submit({ user: 'alice' }, page);
      expect(visitor.page).toBe(stage.url('/inbox?a=1'));
      const there = await ask('/pages', { ...navigation, cookie: await stage.cookieOf(visitor) });
      expect(there.status).toBe(200);
    });

    it.each([
      '//evil.example/a',
      '/\t/evil.example',
      'http://evil.example/',
      '/app/login',
      '/app/../x',
    ])('and nowhere else: %s (ATK-03, ATK-14)', async (target) => {
      const answer = await ask('/pages', { ...navigation, 'x-forwarded-uri': target });
      if (answer.status === 400) return;
      expect(locationOf(answer).origin).toBe(stage.bff.origin);
      const visitor = stage.person();
      const page = await visitor.visit(locationOf(answer).href);
      await visitor.submit({ user: 'alice' }, page);
      expect(visitor.page).toBe(stage.url('/'));
    });

    it('without a way back that would be too long to carry', async () => {
      const answer = await ask('/pages', {
        ...navigation,
        'x-forwarded-uri': `/${'a'.repeat(4_000)}`,
      });
      expect(answer.headers.location).toBe(stage.url('/login'));
    });

    it.each([
      ['a fetch', { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }],
      ['a frame', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }],
      ['a prefetch', { ...NAVIGATION, 'sec-purpose': 'prefetch' }],
      ['a form', { ...NAVIGATION, 'x-forwarded-method': 'POST' }],
    ])('but not %s', async (_what, headers) => {
      expect((await ask('/pages', headers)).status).toBe(401);
    });

    it('but not by a policy that does not say so: there a page tells it, with a link', async () => {
      const answer = await ask('', { ...NAVIGATION, 'x-forwarded-uri': '/app/a' });
      expect([answer.status, errorCodeOf(answer.body)]).toEqual([401, 'unauthenticated']);
      expect(linksOf(answer.body)).toEqual(['/app/login?return_to=%2Fapp%2Fa']);
      expect(answer.headers).toMatchObject(EMPTY);
    });

    it('and not round in circles who has a session that is not strong enough', async () => {
      const answer = await ask('/strong-pages', { ...NAVIGATION, cookie });
      expect([answer.status, errorCodeOf(answer.body)]).toEqual([401, 'step_up_required']);
      expect(linksOf(answer.body)).toEqual(['/app/login?acr_values=gold']);
    });
  });

  describe('for the access token', () => {
    it('and gets the one that an API takes', async () => {
      const answer = await askForToken({ cookie });
      expect(answer.status).toBe(200);
      expect(answer.headers['authorization']).toMatch(/^Bearer eyJ/);
    });

    it('and gets a fresh one', async () => {
      const first = await askForToken({ cookie });
      stage.clock.advance(115_000);
      const before = stage.op.callsOf(PATHS.token).length;
      const second = await askForToken({ cookie });
      expect(stage.op.callsOf(PATHS.token)).toHaveLength(before + 1);
      expect(second.headers['authorization']).toMatch(/^Bearer eyJ/);
      expect(second.headers['authorization']).not.toBe(first.headers['authorization']);
    });

    it('and hears of it when the provider has none to give, which logs nobody out', async () => {
      stage.clock.advance(200_000);
      stage.op.fail(PATHS.token, 500);
      const answer = await askForToken({ cookie });
      expect(outcome(answer)).toEqual([503, 'provider_unreachable']);
      expect(answer.headers).toMatchObject({ ...EMPTY, 'retry-after': '5' });
      expect(answer.headers).not.toHaveProperty('authorization');
      stage.op.behave();
      expect((await ask('', { cookie })).status).toBe(200);
    });
  });

  describe('about a session', () => {
    it('that has just ended: the next question hears it, and the reason only who has the cookie', async () => {
      const leaving = await stage.member();
      const theirs = await stage.cookieOf(leaving);
      expect((await ask('', { cookie: theirs })).status).toBe(200);
      await leaving.fetch(stage.url('/logout'), { method: 'POST' });
      const answer = await ask('', { cookie: theirs });
      expect(outcome(answer)).toEqual([401, 'unauthenticated']);
      expect(jsonOf(answer)['reason']).toBe('logout');
      expect(answer.headers).toMatchObject(EMPTY);
      const broken = await ask('', { cookie: `${theirs}x` });
      expect([broken.status, jsonOf(broken)['reason']]).toEqual([401, undefined]);
    });

    it('and keeps it alive: who works behind a gateway is there', async () => {
      const idleEnd = async (): Promise<number> =>
        Number((await stage.view(person, '?touch=false'))['idle_expires_at']);
      const half = (IDLE_MINUTES / 2) * 60;
      for (const path of ['', '/read']) {
        stage.clock.advance(half * 1_000);
        const before = await idleEnd();
        expect((await ask(path, { cookie })).status).toBe(200);
        expect((await idleEnd()) - before).toBeGreaterThanOrEqual(half);
      }
    });

    it('while Redis is away: 503, nobody is logged out, and strangers are strangers (E-51)', async () => {
      const fresh = await stage.member();
      const theirs = await stage.cookieOf(fresh);
      stage.redis.pause();
      try {
        for (const path of ['', '/pages', '/read']) {
          const answer = await ask(path, { cookie: theirs, ...NAVIGATION });
          expect([answer.status, errorCodeOf(answer.body)]).toEqual([503, 'store_unavailable']);
          expect(answer.headers).toMatchObject({ ...EMPTY, 'retry-after': '1' });
          expect(answer.headers).not.toHaveProperty('set-cookie');
        }
        expect((await ask('')).status).toBe(401);
      } finally {
        stage.redis.resume();
      }
    });
  });
});
