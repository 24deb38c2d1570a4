import { once } from 'node:events';
import { get } from 'node:http';
import { cookiesSet, locationOf, type Hop } from '../support/http-exchange.js';
import { errorCodeOf } from '../support/html-page.js';
import { PATHS } from '../support/op-host.js';
import { Stage } from '../support/stage.js';
import { UserAgent } from '../support/user-agent.js';

const STATE = 'A'.repeat(43);

describe('the callback', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open();
  });
  afterAll(() => stage.close());

  const redemptions = (): number => stage.op.callsOf(PATHS.token).length;
  /** As the provider's redirect brings it. */
  const arrive = (person: UserAgent, callback: string): Promise<Hop> =>
    person.load(callback, { site: 'cross-site' });
  const withParameter = (callback: string, name: string, value: string | undefined): string => {
    const url = new URL(callback);
    if (value === undefined) url.searchParams.delete(name);
    else url.searchParams.set(name, value);
    return url.href;
  };

  /** The callback is taken for the first time: nothing was burnt, nothing had to be healed. */
  async function expectUnspent(person: UserAgent, callback: string): Promise<void> {
    const answer = await arrive(person, callback);
    expect(answer.status).toBe(303);
    expect(locationOf(answer).searchParams.has('heal')).toBe(false);
    expect(await stage.view(person)).toMatchObject({ authenticated: true });
  }

  describe('refuses what is no answer of a provider', () => {
    it.each([
      ['nothing', ''],
      ['an empty query', '?'],
      ['separators only', '?&'],
      ['a code alone', '?code=abc'],
      ['a state alone', `?state=${STATE}`],
      ['an empty state', '?code=abc&state='],
      ['two states', `?code=abc&state=${STATE}&state=${STATE}`],
      ['two codes', `?code=a&code=b&state=${STATE}`],
      ['two issuers', `?code=a&state=${STATE}&iss=a&iss=b`],
      ['two errors', `?error=a&error=b&state=${STATE}`],
      ['a code and an error', `?code=a&error=access_denied&state=${STATE}`],
      ['an array', `?code[]=a&state=${STATE}`],
      ['a short state', '?code=abc&state=xyz'],
      ['a state of another alphabet', `?code=abc&state=${'é'.repeat(43)}`],
      ['a state with a line end', `?code=abc&state=${'a'.repeat(41)}%0d%0a`],
      ['a state of 8 kB', `?code=abc&state=${'s'.repeat(8_192)}`],
      ['a state that nobody gave', `?code=abc&state=${STATE}`],
    ])('%s (ATK-28, C-12, D-09, E-49)', async (_name, query) => {
      const before = redemptions();
      const person = stage.person();
      await person.load(stage.url('/login'));
      const answer = await arrive(person, stage.url(`/callback${query}`));
      expect(answer.status).toBe(400);
      expect(answer.headers['content-type']).toContain('text/html');
      expect(['login_state_missing', 'login_state_unknown', 'bad_request']).toContain(
        errorCodeOf(answer.body),
      );
      expect(answer.body).not.toMatch(/\bat .*\.(?:js|ts)/);
      expect(cookiesSet(answer)).toEqual([]);
      expect(redemptions()).toBe(before);
    });

    it('a callback before any login, with a page that leads to one (J-36, E-54)', async () => {
      const answer = await arrive(stage.person(), stage.url(`/callback?code=abc&state=${STATE}`));
      expect([answer.status, errorCodeOf(answer.body)]).toEqual([400, 'login_state_unknown']);
      expect(answer.headers.location).toBeUndefined();
      expect(answer.body).toContain('href="/login"');
    });

    it('says it as problem+json to what is no navigation', async () => {
      const answer = await stage.send(stage.url(`/callback?code=abc&state=${STATE}`));
      expect(answer.status).toBe(400);
      expect(answer.headers['content-type']).toContain('application/problem+json');
      expect(JSON.parse(answer.body)).toMatchObject({ code: 'login_state_unknown', status: 400 });
    });
  });

  const NASTY: readonly (readonly [string, (letter: string) => string])[] = [
    ['percent signs that encode nothing', (letter) => `${letter}%zz%`],
    ['half a character', (letter) => `${letter}%E0%A4%A`],
    ['a NUL', (letter) => `${letter}%00b`],
    ['line ends', (letter) => `${letter}%0d%0aSet-Cookie:%20evil=1%0d%0a%0d%0a{"event":"evil"}`],
    ['other line ends', (letter) => `${letter}%E2%80%A8b%C2%85c`],
    ['pictures', (letter) => `${letter}%F0%9F%98%80%F0%9F%91%A9%E2%80%8D%F0%9F%9A%80`],
    ['a change of direction', (letter) => `${letter}%E2%80%AE%E2%81%A6evil`],
    ['markup', (letter) => `${letter}<script>evil()</script>`],
    ['5,000 characters', (letter) => letter.repeat(5_000)],
  ];
  it.each(NASTY)(
    'takes %s in any place for what it is: 400, lines of log as ever, a page that says nothing of it (R-46)',
    async (_name, value) => {
      // What a stranger makes up is no secret that could leak.
      const person = new UserAgent();
      const login = await person.load(stage.url('/login'));
      const state = locationOf(login).searchParams.get('state') ?? '';
      const { length: before } = stage.bff.lines;
      const iss = encodeURIComponent(stage.op.issuer);
      for (const query of [
        `code=${value('c')}&state=${value('s')}&iss=${iss}`,
        `code=abc&state=${STATE}&iss=${value('i')}`,
        `error=${value('e')}&error_description=${value('d')}&state=${STATE}&iss=${iss}`,
        `code=${value('k')}&state=${state}&iss=${iss}`,
      ]) {
        const answer = await arrive(person, stage.url(`/callback?${query}`));
        expect([answer.status, cookiesSet(answer)]).toEqual([400, []]);
        expect(answer.body).not.toMatch(/evil|\u{1F600}|\u202e|([csiedk])\1{9}/u);
      }
      const lines = stage.bff.lines.slice(before);
      expect(lines.join('')).not.toMatch(/evil|([csiedk])\1{9}/);
      for (const line of lines) {
        expect(JSON.parse(line)).toHaveProperty('event');
        expect(line.trimEnd()).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
      }
    },
  );

  it('refuses a wrong state, and the right one still works (C-11, D-11)', async () => {
    const person = stage.person();
    const callback = await stage.callbackFor(person);
    const before = redemptions();
    const refused = await arrive(person, withParameter(callback, 'state', STATE));
    expect([refused.status, errorCodeOf(refused.body)]).toEqual([400, 'login_state_unknown']);
    expect(redemptions()).toBe(before);
    await expectUnspent(person, callback);
  });

  it('refuses a code that the provider did not give', async () => {
    const person = stage.person();
    const callback = await stage.callbackFor(person);
    const answer = await arrive(person, withParameter(callback, 'code', 'made-up'));
    expect([answer.status, errorCodeOf(answer.body)]).toEqual([400, 'login_rejected']);
    expect(cookiesSet(answer)).toEqual([]);
  });

  it.each([
    ['of another provider', 'https://evil.example'],
    ['with a slash more', 'slash'],
    ['that is empty', ''],
    ['that is missing, although the provider promises one', undefined],
  ])('refuses an issuer %s and consumes nothing (C-09, C-10, D-10)', async (_name, issuer) => {
    const person = stage.person();
    const callback = await stage.callbackFor(person);
    const before = redemptions();
    const wrong = issuer === 'slash' ? `${stage.op.issuer}/` : issuer;
    const refused = await arrive(person, withParameter(callback, 'iss', wrong));
    expect([refused.status, errorCodeOf(refused.body)]).toEqual([400, 'login_rejected']);
    expect(redemptions()).toBe(before);
    await expectUnspent(person, callback);
  });

  it('of a foreign browser is refused and burns nothing (ATK-30, E-24, E-25)', async () => {
    const attacker = stage.person();
    const callback = await stage.callbackFor(attacker, { as: 'bob' });
    const before = redemptions();
    const victim = await stage.member({ as: 'alice' });
    const sessionId = (await stage.view(victim))['session_id'];
    const spent = redemptions();
    for (const browser of [victim, stage.person()]) {
      const refused = await arrive(browser, callback);
      expect([refused.status, errorCodeOf(refused.body)]).toEqual([400, 'login_state_unknown']);
    }
    expect(redemptions()).toBe(spent);
    expect(spent).toBe(before + 1);
    expect(await stage.view(victim)).toMatchObject({
      session_id: sessionId,
      user: { sub: 'alice' },
    });
    await expectUnspent(attacker, callback);
    expect(await stage.view(attacker)).toMatchObject({ user: { sub: 'bob' } });
  });

  it('that comes again after the login leads on, to the same session (ATK-32, J-35)', async () => {
    const person = stage.person();
    const callback = await stage.callbackFor(person, { return_to: '/mine' });
    await person.arrive(callback);
    const { session_id: sessionId } = await stage.view(person);
    const before = redemptions();
    for (const again of [() => person.arrive(callback), () => person.visit(callback)]) {
      await again();
      expect(person.page).toBe(stage.url('/mine'));
    }
    expect(redemptions()).toBe(before);
    expect(await stage.view(person)).toMatchObject({ session_id: sessionId });
  });

  it('that comes again when the session is gone starts one clean login', async () => {
    const person = stage.person();
    const callback = await stage.callbackFor(person, { return_to: '/mine' });
    await person.arrive(callback);
    await stage.call(person, '/logout', { method: 'POST' });
    await person.visit(callback);
    expect(person.page).toBe(stage.url('/mine'));
    expect(await stage.view(person)).toMatchObject({ authenticated: true });
  });

  it('whose browser hung up before the answer can be opened again (J-31)', async () => {
    const person = stage.person();
    const callback = await stage.callbackFor(person, { return_to: '/mine' });
    let goOn: () => void = () => undefined;
    const redeeming = new Promise<void>((told) => {
      stage.op.rewrite(PATHS.token, async (answer) => {
        told();
        await new Promise<void>((resolve) => {
          goOn = resolve;
        });
        return answer;
      });
    });
    const leaving = new AbortController();
    const cookie = await person.jar.getCookieString(callback);
    const headers = { cookie, accept: 'text/html' };
    const left = once(get(callback, { headers, signal: leaving.signal }), 'response');
    await redeeming;
    const done = stage.bff.nextLog('login.succeeded');
    leaving.abort();
    await expect(left).rejects.toThrow('aborted');
    goOn();
    await done;
    stage.op.behave();
    expect(await stage.view(person)).toMatchObject({ authenticated: false });
    await person.arrive(callback);
    expect(person.page).toBe(stage.url('/mine'));
    expect(await stage.view(person)).toMatchObject({ authenticated: true });
  });

  it('is not healed twice: then a page explains (J-36, ATK-29)', async () => {
    const person = stage.person();
    const callback = await stage.callbackFor(person, { healed: '1' });
    await person.arrive(callback);
    await stage.call(person, '/logout', { method: 'POST' });
    const answer = await person.visit(callback);
    expect([answer.status, errorCodeOf(answer.body)]).toEqual([400, 'login_state_unknown']);
  });

  it('that comes ten times at once is redeemed once, and every tab ends in the application (ATK-32, J-34, E-54)', async () => {
    const person = stage.person();
    const callback = await stage.callbackFor(person, { return_to: '/mine' });
    const before = redemptions();
    const answers = await Promise.all(Array.from({ length: 10 }, () => arrive(person, callback)));
    expect(redemptions()).toBe(before + 1);
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 303));
    const healing = answers.filter((answer) => locationOf(answer).searchParams.get('heal') === '1');
    expect(healing).toHaveLength(9);
    for (const answer of answers) {
      await person.visit(locationOf(answer).href);
      expect(person.page).toBe(stage.url('/mine'));
    }
    expect(redemptions()).toBe(before + 1);
  });

  describe('with an error of the provider', () => {
    it('shows a page when the person cancels, and leaves their session as it was (ATK-36, D-12)', async () => {
      const person = await stage.member();
      const { session_id: sessionId } = await stage.view(person);
      const page = await stage.startLogin(person, { prompt: 'login' });
      const answer = await person.submit({ cancel: '1' }, page);
      expect([answer.status, errorCodeOf(answer.body)]).toEqual([403, 'login_denied']);
      expect(await stage.view(person)).toMatchObject({ session_id: sessionId });
    });

    it.each([
      ['access_denied', 403, 'login_denied'],
      ['invalid_scope', 403, 'login_denied'],
      ['login_required', 403, 'login_denied'],
      ['server_error', 503, 'provider_unreachable'],
      ['temporarily_unavailable', 503, 'provider_unreachable'],
      ['<script>alert(1)</script>', 403, 'login_denied'],
    ])(
      '%s: says it in own words and shows nothing of the address (ATK-36)',
      async (error, status, code) => {
        const person = stage.person();
        const state =
          locationOf(await person.load(stage.url('/login'))).searchParams.get('state') ?? '';
        const query = new URLSearchParams({
          error,
          error_description: '<img src=x onerror=alert(2)>',
          error_uri: 'javascript:alert(3)',
          state,
          iss: stage.op.issuer,
        });
        const answer = await arrive(person, stage.url(`/callback?${query.toString()}`));
        expect([answer.status, errorCodeOf(answer.body)]).toEqual([status, code]);
        expect(answer.body).not.toContain('alert');
        const again = await arrive(person, stage.url(`/callback?${query.toString()}`));
        expect(locationOf(again).searchParams.get('heal')).toBe('1');
      },
    );

    it('without a state of ours is no more than a bad request (D-11)', async () => {
      const answer = await arrive(
        stage.person(),
        stage.url(`/callback?error=access_denied&state=${STATE}`),
      );
      expect([answer.status, errorCodeOf(answer.body)]).toEqual([400, 'login_state_unknown']);
    });
  });

  it('older than ten minutes leads through one new login to the same page', async () => {
    await using slow = await Stage.open();
    const person = slow.person();
    const callback = await slow.callbackFor(person, { return_to: '/mine?late=1' });
    slow.clock.advance(601_000);
    await person.arrive(callback);
    expect(person.page).toBe(slow.url('/mine?late=1'));
    expect(await slow.view(person)).toMatchObject({ authenticated: true });
    expect(slow.op.callsOf(PATHS.token)).toHaveLength(1);
    expect(slow.bff.logged('login.healed')).toHaveLength(1);
  });
});

describe('each login', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open();
  });
  afterAll(() => stage.close());

  it('makes a new session id and ends the session that it replaces (ATK-37, J-09, J-14, E-06)', async () => {
    const person = await stage.member({ as: 'alice' });
    const old = {
      cookie: await stage.cookieOf(person),
      id: (await stage.view(person))['session_id'],
    };
    await stage.logIn(person, { prompt: 'login', as: 'bob' });
    const view = await stage.view(person);
    expect(view).toMatchObject({ user: { sub: 'bob' } });
    expect(view['session_id']).not.toBe(old.id);
    const copy = await stage.send(stage.url('/session'), { headers: { cookie: old.cookie } });
    expect(copy.status).toBe(401);
    expect(JSON.parse(copy.body)).toMatchObject({ authenticated: false, reason: 'replaced' });
  });

  it.each([
    ['an id that somebody made up', () => Promise.resolve('x'.repeat(43))],
    [
      'a signed id of a session that never was',
      () => Promise.resolve(`s%3A${'x'.repeat(43)}.${'y'.repeat(43)}`),
    ],
    [
      "an attacker's own live session",
      async () => (await stage.cookieOf(await stage.member({ as: 'bob' }))).split('=', 2)[1] ?? '',
    ],
  ])(
    'takes nothing over from a planted cookie: %s (ATK-37, J-10, J-11, J-13)',
    async (_name, make) => {
      const planted = await make();
      const victim = stage.person();
      await victim.plant(stage.url('/'), `${stage.bff.cookieName}=${planted}; Path=/`);
      await stage.logIn(victim, { as: 'alice', prompt: 'login' });
      expect(await stage.view(victim)).toMatchObject({ user: { sub: 'alice' } });
      expect(await stage.cookieOf(victim)).not.toContain(planted);
      const attacker = await stage.send(stage.url('/session'), {
        headers: { cookie: `${stage.bff.cookieName}=${planted}` },
      });
      expect(attacker.status).toBe(401);
    },
  );

  it('of ten tabs succeeds, in whatever order they come back (ATK-39, J-33)', async () => {
    const person = stage.person();
    const callbacks: string[] = [];
    for (let tab = 0; tab < 10; tab += 1)
      callbacks.push(await stage.callbackFor(person, { return_to: `/tab/${tab}` }));
    const order = [7, 2, 9, 0, 4, 1, 8, 3, 6, 5];
    for (const tab of order) {
      await person.arrive(callbacks[tab] ?? '');
      expect(person.page).toBe(stage.url(`/tab/${tab}`));
      expect(await stage.view(person)).toMatchObject({ authenticated: true });
    }
    expect((await person.jar.getCookieString(stage.url('/'))).length).toBeLessThan(1_000);
  });

  it('of two tabs at the same moment succeeds, and the browser has the session of one of them (ATK-39)', async () => {
    const person = stage.person();
    const callbacks = [await stage.callbackFor(person), await stage.callbackFor(person)];
    const answers = await Promise.all(
      callbacks.map((callback) => person.load(callback, { site: 'cross-site' })),
    );
    expect(answers.map(({ status }) => status)).toEqual([303, 303]);
    expect(await stage.view(person)).toMatchObject({ authenticated: true });
    const given = answers.flatMap(cookiesSet).map((cookie) => cookie.split(';', 1)[0]);
    expect(given).toContain(await stage.cookieOf(person));
  });

  it('makes room: two hundred abandoned ones leave the last twelve, and the browser no bigger (ATK-39, J-37)', async () => {
    const person = stage.person();
    const oldest = await stage.callbackFor(person);
    let youngest = '';
    for (let count = 0; count < 199; count += 1) await person.load(stage.url('/login'));
    youngest = await stage.callbackFor(person, { return_to: '/last' });
    expect(await person.cookieNames(stage.url('/'))).toEqual([stage.bff.loginCookieName]);
    const gone = await person.load(oldest, { site: 'cross-site' });
    expect([gone.status, errorCodeOf(gone.body)]).toEqual([400, 'login_state_unknown']);
    await person.arrive(youngest);
    expect(person.page).toBe(stage.url('/last'));
  });

  it('may come back to a tab whose login is stale: the fresh session stays (ATK-39)', async () => {
    const person = stage.person();
    const stale = await stage.callbackFor(person, { return_to: '/stale' });
    await person.arrive(stale);
    await stage.logIn(person, { return_to: '/fresh' });
    const { session_id: sessionId } = await stage.view(person);
    await person.arrive(stale);
    expect(person.page).toBe(stage.url('/stale'));
    expect(await stage.view(person)).toMatchObject({ session_id: sessionId });
  });
});
