import { setImmediate } from 'node:timers/promises';
import { cookiesSet, jsonOf, locationOf } from '../support/http-exchange.js';
import { errorCodeOf, formsOf } from '../support/html-page.js';
import { PATHS } from '../support/op-host.js';
import { startReplica } from '../support/replica.js';
import { readToken } from '../support/signing-key.js';
import { Stage } from '../support/stage.js';
import type { UserAgent } from '../support/user-agent.js';

describe('logging out', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open();
  });
  afterAll(() => stage.close());

  const isIn = async (person: UserAgent): Promise<boolean> =>
    (await stage.view(person))['authenticated'] === true;
  const logOut = (person: UserAgent) => stage.call(person, '/logout', { method: 'POST' });
  const tokenUrl = async (person: UserAgent): Promise<string> =>
    stage.url(String((await stage.view(person))['logout_url']));

  it('by fetch ends the session, deletes the cookie with its own attributes and says where to go (ATK-48, J-29, ATK-101)', async () => {
    const person = await stage.member();
    const answer = await logOut(person);
    expect(answer.status).toBe(200);
    expect(Object.keys(jsonOf(answer))).toEqual(['location']);
    const [deletion = ''] = cookiesSet(answer);
    expect(deletion.split('; ').sort()).toEqual(
      [
        `${stage.bff.cookieName}=`,
        'Expires=Thu, 01 Jan 1970 00:00:00 GMT',
        'HttpOnly',
        'Path=/',
        'SameSite=Strict',
      ].sort(),
    );
    expect(await person.cookieNames(stage.url('/'))).toEqual([stage.bff.loginCookieName]);
    expect(await isIn(person)).toBe(false);
  });

  it('leaves nothing that a copied cookie could use (ATK-38, E-09)', async () => {
    const person = await stage.member();
    const cookie = await stage.cookieOf(person);
    await logOut(person);
    for (const path of ['/session', '/api/orders']) {
      const replay = await stage.send(stage.url(path), { headers: { cookie, 'x-csrf': '1' } });
      expect(replay.status).toBe(401);
      expect(jsonOf(replay)).toMatchObject({ reason: 'logout' });
    }
  });

  it('goes on at the provider with hint, client and state, and comes back to the application (B-09, RPL, ATK-101, E-03)', async () => {
    const person = await stage.member({ return_to: '/deep' });
    const location = String(jsonOf(await logOut(person))['location']);
    const url = new URL(location);
    expect(`${url.origin}${url.pathname}`).toBe(`${stage.op.issuer}${PATHS.endSession}`);
    expect(url.searchParams.get('post_logout_redirect_uri')).toBe(stage.url('/logout/done'));
    expect(url.searchParams.get('client_id')).toBe(stage.bff.config.providers[0]?.clientId);
    const issued = stage.op.callsOf(PATHS.token).at(-1)?.answer.body ?? '{}';
    expect(url.searchParams.get('id_token_hint')).toBe(jsonOf({ body: issued })['id_token']);
    expect(url.searchParams.get('state')).toBeTruthy();
    await person.click(location);
    expect(person.page).toBe(stage.url('/'));
    const page = await stage.startLogin(person);
    expect(page.url).toContain('/interaction/');
  });

  it('revokes the refresh token, after the answer (P-16)', async () => {
    const person = await stage.member();
    const issued = jsonOf(stage.op.callsOf(PATHS.token).at(-1)?.answer ?? { body: '{}' });
    const [revocation] = await Promise.all([stage.op.next(PATHS.revoke), logOut(person)]);
    const body = new URLSearchParams(revocation.body);
    expect(body.get('token')).toBe(issued['refresh_token']);
    expect(body.get('token_type_hint')).toBe('refresh_token');
    expect(revocation.answer.status).toBe(200);
  });

  it('twice succeeds twice (P-08)', async () => {
    const person = await stage.member();
    await logOut(person);
    const again = await logOut(person);
    expect(again.status).toBe(200);
    await person.click(String(jsonOf(again)['location']));
    expect(person.page).toBe(stage.url('/'));
  });

  it('goes where the configuration says, whatever the request asks for (P-09)', async () => {
    const wish = ['return_to', 'returnUrl', 'redirect', 'post_logout_redirect_uri', 'state', 'next']
      .map((name) => `${name}=${encodeURIComponent('https://evil.example/')}`)
      .join('&');
    for (const asked of [
      await stage.call(await stage.member(), `/logout?${wish}`, { method: 'POST' }),
      await stage.call(await stage.member(), '/logout', {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: wish,
      }),
    ]) {
      const location = new URL(String(jsonOf(asked)['location']));
      expect(location.origin).toBe(stage.op.issuer);
      expect(location.searchParams.get('post_logout_redirect_uri')).toBe(stage.url('/logout/done'));
      expect(location.href).not.toContain('evil');
    }
    const done = await stage.person().load(stage.url(`/logout/done?${wish.replace('state', 'x')}`));
    expect([done.status, done.headers.location]).toEqual([200, undefined]);
    expect(done.body).not.toContain('evil');
  });

  it('of somebody who never came succeeds as well (P-08)', async () => {
    const person = stage.person();
    const answer = await logOut(person);
    expect(answer.status).toBe(200);
    expect(
      locationOf({ ...answer, headers: { location: String(jsonOf(answer)['location']) } }).pathname,
    ).toBe('/logout/done');
  });

  describe('by a link', () => {
    it('with the logout token ends the session', async () => {
      const person = await stage.member();
      const link = await tokenUrl(person);
      person.page = stage.url('/');
      await person.click(link);
      expect(person.page).toBe(stage.url('/'));
      expect(await isIn(person)).toBe(false);
    });

    it.each([
      ['without a token', () => Promise.resolve(stage.url('/logout'))],
      ['with an empty token', () => Promise.resolve(stage.url('/logout?token='))],
      [
        'with the token of another session',
        async () => tokenUrl(await stage.member({ as: 'bob' })),
      ],
      [
        'with the session id that everybody sees',
        async () => stage.url(`/logout?token=${'h'.repeat(43)}`),
      ],
    ])('%s shows the confirmation page and ends nothing (ATK-54, P-07)', async (_name, link) => {
      const person = await stage.member();
      const page = await person.visit(await link());
      expect(page.status).toBe(200);
      expect(formsOf(page.body)[0]).toMatchObject({ action: '/logout', method: 'POST' });
      expect(await isIn(person)).toBe(true);
    });

    it('that asks for confirmation logs out when the person confirms', async () => {
      const person = await stage.member();
      await person.submit({}, await person.visit(stage.url('/logout')));
      expect(person.page).toBe(stage.url('/'));
      expect(await isIn(person)).toBe(false);
    });

    it.each([
      [
        'a prefetch',
        (person: UserAgent, link: string) =>
          person.load(link, { site: 'same-origin', headers: { 'sec-purpose': 'prefetch' } }),
      ],
      [
        'a prerender',
        (person: UserAgent, link: string) =>
          person.load(link, {
            site: 'same-origin',
            headers: { 'sec-purpose': 'prefetch;prerender' },
          }),
      ],
      ['an image', (person: UserAgent, link: string) => person.subresource(link, 'image')],
      [
        'a foreign image',
        (person: UserAgent, link: string) =>
          person.subresource(link, 'image', { site: 'cross-site' }),
      ],
      ['an iframe', (person: UserAgent, link: string) => person.subresource(link, 'iframe')],
      ['a fetch', (person: UserAgent, link: string) => person.fetch(link)],
      [
        'a page of another site',
        (person: UserAgent, link: string) => person.load(link, { site: 'cross-site' }),
      ],
    ])('that %s loads ends nothing, even with the right token (ATK-54)', async (_name, load) => {
      const person = await stage.member();
      await load(person, await tokenUrl(person));
      expect(await isIn(person)).toBe(true);
    });
  });

  describe('by POST', () => {
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    it.each([
      ['a form of another site', { origin: 'https://evil.example' }, 'cross-site', ''],
      [
        'a form of another site without Sec-Fetch-Site',
        { origin: 'https://evil.example' },
        undefined,
        '',
      ],
      ['our own page without a token', {}, 'same-origin', ''],
      ['our own page with a wrong token', {}, 'same-origin', `token=${'x'.repeat(43)}`],
      ['a fetch with a wrong X-CSRF', { 'x-csrf': '2' }, 'same-origin', ''],
      [
        'a fetch of another site',
        { 'x-csrf': '1', origin: 'https://evil.example' },
        'cross-site',
        '',
      ],
      [
        'a fetch of a sibling site',
        { 'x-csrf': '1', origin: 'http://localhost:1' },
        'same-site',
        '',
      ],
    ] as const)('%s ends nothing (ATK-53, ATK-54)', async (_name, headers, site, body) => {
      const person = await stage.member();
      const cookie = await stage.cookieOf(person);
      const fetchSite = site === undefined ? {} : { 'sec-fetch-site': site };
      const answer = await stage.send(stage.url('/logout'), {
        method: 'POST',
        headers: { cookie, ...form, ...fetchSite, ...headers },
        body,
      });
      expect(answer.status).toBe(403);
      expect(cookiesSet(answer)).toEqual([]);
      expect(await isIn(person)).toBe(true);
    });
  });

  describe('and coming back to /logout/done', () => {
    it.each([
      ['without a state (B-11)', ''],
      ['with a made-up state (B-10)', '?state=abc.def'],
      ['with an empty state', '?state='],
    ])('%s shows that one is logged out and moves on by no script', async (_name, query) => {
      const person = stage.person();
      const page = await person.visit(stage.url(`/logout/done${query}`));
      expect(page.status).toBe(200);
      expect(page.body).toContain('You are logged out');
      expect(person.page).toBe(stage.url(`/logout/done${query}`));
    });

    it("with another browser's state moves nobody on (ATK-81)", async () => {
      const person = await stage.member();
      const state =
        new URL(String(jsonOf(await logOut(person))['location'])).searchParams.get('state') ?? '';
      const other = await stage.member();
      const page = await other.visit(stage.url(`/logout/done?state=${encodeURIComponent(state)}`));
      expect(page.body).toContain('You are logged out');
      expect(await isIn(other)).toBe(true);
    });

    it('with two states is a bad request', async () => {
      const page = await stage.person().visit(stage.url('/logout/done?state=a&state=b'));
      expect([page.status, errorCodeOf(page.body)]).toEqual([400, 'bad_request']);
    });
  });

  it('stands although the provider does not answer', async () => {
    const person = await stage.member();
    stage.op.fail(PATHS.revoke, 'hang');
    const answer = await logOut(person);
    expect(answer.status).toBe(200);
    expect(await isIn(person)).toBe(false);
    stage.op.behave();
  });

  it('hints with a token that this provider signed for us', async () => {
    const person = await stage.member();
    const location = new URL(String(jsonOf(await logOut(person))['location']));
    const { claims } = readToken(location.searchParams.get('id_token_hint') ?? '');
    expect(claims).toMatchObject({ iss: stage.op.issuer, sub: 'alice' });
  });
});

describe('logging out where the provider has no logout', () => {
  it('ends the session, and stays here (ATK-101)', async () => {
    await using stage = await Stage.open({ withoutProvider: true });
    stage.op.rewriteJson(
      PATHS.discovery,
      ({ end_session_endpoint: _none, ...document }) => document,
    );
    await stage.bff.untilLogged('provider.discovery_failed');
    await stage.op.up();
    stage.clock.advance(60_000);
    const person = await stage.member();
    const answer = await stage.call(person, '/logout', { method: 'POST' });
    expect(answer.status).toBe(200);
    const location = new URL(String(jsonOf(answer)['location']), stage.url('/'));
    expect(location.href).toContain(stage.url('/logout/done?state='));
    expect(await stage.view(person)).toMatchObject({ authenticated: false });
    await person.click(location.href);
    expect(person.page).toBe(stage.url('/'));
    expect(await stage.view(person)).toMatchObject({ authenticated: false });
    expect(stage.op.callsOf(PATHS.endSession)).toEqual([]);
  });
});

describe('logging out in one tab while another one logs in again', () => {
  it('ends the old session for good; the new one is there, without a loop (ATK-101)', async () => {
    await using stage = await Stage.open();
    const person = await stage.member();
    const old = await stage.cookieOf(person);
    const callback = await stage.callbackFor(person, { prompt: 'login', return_to: '/again' });
    expect((await stage.call(person, '/logout', { method: 'POST' })).status).toBe(200);
    const before = person.hops.length;
    await person.arrive(callback);
    expect(person.page).toBe(stage.url('/again'));
    expect(person.hops.length - before).toBeLessThanOrEqual(3);
    expect(await stage.view(person)).toMatchObject({ authenticated: true });
    const replay = await stage.send(stage.url('/session'), { headers: { cookie: old } });
    expect([replay.status, jsonOf(replay)['reason']]).toEqual([401, 'logout']);
  });
});

describe('logging out without the hint', () => {
  it('names the client instead, and the person confirms at the provider (F-49, ATK-101)', async () => {
    await using stage = await Stage.open({
      env: { LOGOUT_ID_TOKEN_HINT: 'false', POST_LOGOUT_URL: '/goodbye' },
    });
    const person = await stage.member();
    const location = String(
      jsonOf(await stage.call(person, '/logout', { method: 'POST' }))['location'],
    );
    const asked = new URL(location).searchParams;
    expect(asked.has('id_token_hint')).toBe(false);
    expect(asked.get('client_id')).toBe(stage.bff.config.providers[0]?.clientId);
    expect(asked.get('post_logout_redirect_uri')).toBe(stage.url('/logout/done'));
    const page = await person.click(location);
    expect(page.url.startsWith(stage.op.issuer)).toBe(true);
    await person.submit({ logout: 'yes' }, page);
    expect(person.page).toBe(stage.url('/goodbye'));
  });
});

describe('logging out late', () => {
  it('hints with the ID token although it has expired, and the provider takes it (F-50)', async () => {
    await using stage = await Stage.open();
    const expiry = Math.floor(Date.now() / 1000) - 2;
    // Within the tolerance of clocks the login takes it; at the provider it has expired.
    stage.op.forgeIdToken(({ claims }) => stage.op.key.sign({ ...claims, exp: expiry }));
    const person = await stage.member();
    const answer = await stage.call(person, '/logout', { method: 'POST' });
    const location = String(jsonOf(answer)['location']);
    const hint = new URL(location).searchParams.get('id_token_hint') ?? '';
    expect(readToken(hint).claims).toMatchObject({ exp: expiry });
    await person.click(location);
    expect(person.page).toBe(stage.url('/'));
  });
});

describe('logging out where the provider has no end_session_endpoint', () => {
  it('ends the session here and comes back to the application (F-51, ATK-101)', async () => {
    await using stage = await Stage.open({ withoutProvider: true });
    await stage.bff.untilLogged('provider.discovery_failed');
    stage.op.rewriteJson(PATHS.discovery, ({ end_session_endpoint: _none, ...rest }) => rest);
    await stage.op.up();
    stage.clock.advance(60_000);
    const person = await stage.member();
    const cookie = await stage.cookieOf(person);
    const answer = await stage.call(person, '/logout', { method: 'POST' });
    expect(answer.status).toBe(200);
    const location = new URL(String(jsonOf(answer)['location']), stage.url('/'));
    expect(`${location.origin}${location.pathname}`).toBe(stage.url('/logout/done'));
    const replay = await stage.send(stage.url('/session'), { headers: { cookie } });
    expect(replay.status).toBe(401);
    await person.click(location.href);
    expect(person.page).toBe(stage.url('/'));
    expect(stage.op.callsOf(PATHS.endSession)).toEqual([]);
  });
});

describe('logging out beside another instance', () => {
  it('leaves nothing there that a copied cookie could use, from that moment on (ATK-38)', async () => {
    await using stage = await Stage.open({ redis: true });
    const replica = await startReplica(stage);
    const person = await stage.member();
    const headers = { cookie: await stage.cookieOf(person), 'x-csrf': '1' };
    const there = (path: string) => stage.send(replica.url(path), { headers });
    // Whatever that instance remembers, it remembers now.
    for (const path of ['/session', '/api/orders']) expect((await there(path)).status).toBe(200);
    await stage.call(person, '/logout', { method: 'POST' });
    for (const path of ['/session', '/api/orders']) {
      const replay = await there(path);
      expect([replay.status, jsonOf(replay)['reason']]).toEqual([401, 'logout']);
    }
    await replica.stop();
  });
});

describe.each([
  ['behind https', true, '__Host-'],
  ['on this machine', false, ''],
] as const)('logging out %s', (_where, https, prefix) => {
  it('takes the cookie back under the attributes that it came with (ATK-48, J-29)', async () => {
    await using stage = await Stage.open({ https });
    const person = await stage.member();
    const name = stage.bff.cookieName;
    expect(name.startsWith(`${prefix}vestibule`)).toBe(true);
    await stage.call(person, '/logout', { method: 'POST' });
    const lines = person.hops
      .flatMap(cookiesSet)
      .filter((line) => line.startsWith(`${name}=`))
      .map((line) => line.split('; ').slice(1));
    const [set = [], ...taken] = lines;
    expect(set).toContain('HttpOnly');
    expect(set.includes('Secure')).toBe(https);
    const gone = 'Expires=Thu, 01 Jan 1970 00:00:00 GMT';
    expect(taken.map((attributes) => attributes.toSorted())).toEqual([[...set, gone].toSorted()]);
    expect(await person.cookieNames(stage.url('/'))).toEqual([stage.bff.loginCookieName]);
  });
});

describe('what a logout leaves in Redis', () => {
  it('is the tombstone of the session, and nothing that lasts as long as sessions may', async () => {
    await using stage = await Stage.open({ redis: true });
    const prefix = 'vestibule:';
    const keys = async (kind: string): Promise<string[]> =>
      (await stage.redis.command('KEYS', `${prefix}${kind}:*`))
        .split('\r\n')
        .filter((line) => line.startsWith(prefix));
    const [staying, leaving] = [await stage.member(), await stage.member({ as: 'bob' })];
    const before = await keys('x');
    await stage.call(leaving, '/logout', { method: 'POST' });
    while ((await keys('x')).length > before.length / 2) await setImmediate();
    expect((await stage.view(staying))['authenticated']).toBe(true);

    await stage.call(staying, '/logout', { method: 'POST' });
    while ((await keys('x')).length > 0) await setImmediate();
    expect((await keys('s')).every((key) => key.endsWith(':x'))).toBe(true);
  });
});
