import { jsonOf, type Hop } from '../support/http-exchange.js';
import { Stage } from '../support/stage.js';
import { UpstreamHost } from '../support/upstream-host.js';
import type { UserAgent } from '../support/user-agent.js';
import { openWebSocket, type Opened } from '../support/web-socket.js';

const PAGE = '<!doctype html><script type="module" src="/@vite/client"></script>';
const HMR = { 'sec-websocket-protocol': 'vite-hmr' };

/** A development server: pages, modules, and a WebSocket that tells of changes. */
async function startFrontend(): Promise<UpstreamHost> {
  const frontend = await UpstreamHost.start();
  frontend.takeWebSockets(['Sec-WebSocket-Protocol: vite-hmr']);
  frontend.respond(({ target }, res) => {
    const { pathname } = new URL(target, 'http://frontend.invalid');
    if (pathname === '/missing.js') res.writeHead(404).end();
    else if (pathname.endsWith('.js')) {
      const headers = { 'content-type': 'text/javascript', 'cache-control': 'no-cache' };
      res.writeHead(200, { ...headers, etag: 'W/"1"' }).end('export {}');
    } else res.writeHead(200, { 'content-type': 'text/html' }).end(PAGE);
  });
  return frontend;
}

async function hotReload(stage: Stage, person?: UserAgent, more = {}): Promise<Opened> {
  const cookie = person === undefined ? {} : { cookie: await stage.cookieOf(person) };
  const headers = { origin: stage.bff.origin, ...HMR, ...cookie, ...more };
  return openWebSocket(stage.url('/?token=hmr'), headers);
}

const statusOf = (opened: Opened): number => (opened.kind === 'open' ? 101 : opened.status);

describe('a frontend that serves itself', () => {
  let stage: Stage;
  let frontend: UpstreamHost;
  let person: UserAgent;
  beforeAll(async () => {
    frontend = await startFrontend();
    stage = await Stage.open({ env: { SPA_DIR: '', SPA_URL: frontend.url } });
    person = await stage.member();
  });
  afterAll(async () => {
    await stage.close();
    await frontend.down();
  });

  it('answers whatever is no route of ours, below the same origin', async () => {
    const page = await person.visit(stage.url('/orders/7?tab=items'));
    expect([page.status, page.body, frontend.last.target]).toEqual([
      200,
      PAGE,
      '/orders/7?tab=items',
    ]);
    const script = await person.subresource(stage.url('/src/main.js?t=1'), 'script');
    expect([script.status, script.body]).toEqual([200, 'export {}']);
    expect(script.headers).toMatchObject({ 'cache-control': 'no-cache', etag: 'W/"1"' });
    expect((await person.subresource(stage.url('/missing.js'), 'script')).status).toBe(404);
    expect((await stage.view(person))['authenticated']).toBe(true);
    expect((await stage.call(person, '/api/x')).status).toBe(200);
    expect(frontend.received.some(({ target }) => target.startsWith('/api'))).toBe(false);
  });

  it('has pages that run, by the rules of a folder’s pages unless it has rules of its own', async () => {
    const page = await person.visit(stage.url('/'));
    expect(page.headers['content-security-policy']).toMatch(/frame-ancestors 'self'/);
    expect(page.headers['content-security-policy']).not.toContain('sandbox');
    expect(page.headers['x-frame-options']).toBe('SAMEORIGIN');
    const own = await UpstreamHost.start();
    own.respond((_received, res) => {
      const policy = { 'content-security-policy': "default-src 'self'" };
      res.writeHead(200, { 'content-type': 'text/html', ...policy }).end(PAGE);
    });
    await using other = await Stage.open({ env: { SPA_DIR: '', SPA_URL: own.url } });
    const shown = await other.person().visit(other.url('/'));
    expect(shown.headers['content-security-policy']).toBe("default-src 'self'");
    await own.down();
  });

  it('learns nothing of the session: no cookie of ours, no token', async () => {
    await person.plant(stage.url('/'), 'theme=dark; Path=/');
    await person.fetch(stage.url('/data.json'), { headers: { authorization: 'Bearer mine' } });
    const { headers } = frontend.last;
    expect(headers.cookie).toBe('theme=dark');
    expect(headers).not.toHaveProperty('authorization');
    expect(Object.keys(headers).filter((name) => name.startsWith('x-auth'))).toEqual([]);
  });

  it('cannot set our cookies, only its own', async () => {
    const careless = await UpstreamHost.start();
    await using other = await Stage.open({ env: { SPA_DIR: '', SPA_URL: careless.url } });
    const member = await other.member();
    const before = await other.cookieOf(member);
    careless.respond((_received, res) => {
      const cookies = [other.bff.cookieName, other.bff.loginCookieName, 'theirs'];
      res.writeHead(200, { 'set-cookie': cookies.map((name) => `${name}=planted; Path=/`) }).end();
    });
    const page = await member.visit(other.url('/'));
    expect(page.headers['set-cookie']).toEqual(['theirs=planted; Path=/']);
    expect(await other.cookieOf(member)).toBe(before);
    await careless.down();
  });

  it('tells of changes through a WebSocket, also those who are not logged in', async () => {
    for (const member of [person, undefined]) {
      const opened = await hotReload(stage, member);
      if (opened.kind !== 'open') throw new Error(`refused with ${opened.status}`);
      expect(opened.peer.headers['sec-websocket-protocol']).toBe('vite-hmr');
      opened.peer.send('{"type":"ping"}');
      expect(await opened.peer.next()).toBe('echo: {"type":"ping"}');
      const { target, headers } = frontend.last;
      expect(target).toBe('/?token=hmr');
      expect([headers.origin, headers.cookie, headers.authorization]).toEqual([
        stage.bff.origin,
        undefined,
        undefined,
      ]);
      opened.peer.leave();
    }
  });

  it('tells no other site of them', async () => {
    const opened = await hotReload(stage, person, { origin: 'http://evil.example' });
    expect(statusOf(opened)).toBe(403);
  });

  it('that is not there is 502, as a page for a person', async () => {
    await frontend.down();
    const page = await person.visit(stage.url('/'));
    expect([page.status, page.headers['content-type']]).toEqual([502, 'text/html; charset=utf-8']);
    expect(statusOf(await hotReload(stage))).toBe(502);
    await frontend.up();
    expect((await person.visit(stage.url('/'))).body).toBe(PAGE);
  });
});

describe.each([['a frontend that serves itself'], ['a folder']])(
  'pages of %s for those who are logged in',
  (kind) => {
    let stage: Stage;
    let frontend: UpstreamHost;
    beforeAll(async () => {
      frontend = await startFrontend();
      stage = await Stage.open({
        env: {
          SPA_LOGIN: 'required',
          BASE_PATH: '/app',
          ...(kind === 'a folder' ? {} : { SPA_DIR: '', SPA_URL: frontend.url }),
        },
      });
    });
    afterAll(async () => {
      await stage.close();
      await frontend.down();
    });

    const isPage = ({ status, body }: Hop): boolean => status === 200 && body.includes('<!doctype');

    it('lead a person to the login and back to where they wanted to go, and show nothing on the way (ATK-17, P-06)', async () => {
      const person = stage.person();
      const wanted = stage.url('/orders/7?tab=items&q=a%26b');
      const before = frontend.received.length;
      const first = await person.load(wanted);
      expect([first.body, frontend.received.length]).toEqual(['', before]);
      expect([first.status, first.headers.location]).toEqual([
        302,
        `/app/login?return_to=${encodeURIComponent('/app/orders/7?tab=items&q=a%26b')}`,
      ]);
      expect(first.headers['cache-control']).toBe('no-store');
      await person.visit(wanted);
      const page = await person.submit({ user: 'alice' });
      expect([isPage(page), page.url]).toEqual([true, wanted]);
      expect(isPage(await person.load(stage.url('/')))).toBe(true);
    });

    it('tell anything else that nobody is there, and where the login is', async () => {
      const person = stage.person();
      for (const answer of [
        await person.fetch(stage.url('/data.json')),
        await person.subresource(stage.url('/app.js'), 'script'),
        await person.subresource(stage.url('/'), 'iframe'),
        await person.fetch(stage.url('/'), { method: 'POST', body: 'x' }),
      ]) {
        expect([answer.status, jsonOf(answer)]).toMatchObject([
          401,
          { code: 'unauthenticated', login_url: '/app/login' },
        ]);
      }
      expect(frontend.received.some(({ target }) => target.includes('app.js'))).toBe(false);
    });

    it('are closed again after the logout', async () => {
      const person = await stage.member();
      expect(isPage(await person.load(stage.url('/')))).toBe(true);
      await stage.call(person, '/logout', { method: 'POST' });
      expect((await person.load(stage.url('/'))).status).toBe(302);
      expect((await person.fetch(stage.url('/'))).status).toBe(401);
    });
  },
);

describe('the hot reload of pages for those who are logged in', () => {
  it('is for them only, and ends with their session', async () => {
    const frontend = await startFrontend();
    const env = { SPA_DIR: '', SPA_URL: frontend.url, SPA_LOGIN: 'required' };
    await using stage = await Stage.open({ env });
    expect(statusOf(await hotReload(stage))).toBe(401);
    const person = await stage.member();
    expect(statusOf(await hotReload(stage, person, { origin: 'null' }))).toBe(403);
    const opened = await hotReload(stage, person);
    if (opened.kind !== 'open') throw new Error(`refused with ${opened.status}`);
    opened.peer.send('x');
    expect(await opened.peer.next()).toBe('echo: x');
    await stage.call(person, '/logout', { method: 'POST' });
    await opened.peer.closed;
    expect(statusOf(await hotReload(stage, person))).toBe(401);
    await frontend.down();
  });
});
