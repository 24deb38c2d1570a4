import { readFileSync } from 'node:fs';
import { cookiesSet, jsonOf } from '../support/http-exchange.js';
import { sendRaw } from '../support/raw-socket.js';
import { Stage } from '../support/stage.js';

const MINUTE = 60_000;

describe('GET /session', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open();
  });
  afterAll(() => stage.close());

  it('says 401 and where to log in to a stranger, and sets nothing (H-40, P-01)', async () => {
    const answer = await stage.session(stage.person());
    expect(answer.status).toBe(401);
    expect(jsonOf(answer)).toEqual({ authenticated: false, login_url: '/login' });
    expect(cookiesSet(answer)).toEqual([]);
    expect(answer.headers.location).toBeUndefined();
  });

  it('tells exactly these facts, and no token among them (H-40, P-04, E-01)', async () => {
    const person = await stage.member();
    const answer = await stage.session(person);
    expect(answer.status).toBe(200);
    const view = jsonOf(answer);
    expect(Object.keys(view).sort()).toEqual(
      [
        'absolute_expires_at',
        'access_token_expires_at',
        'acr',
        'auth_time',
        'authenticated',
        'created_at',
        'idle_expires_at',
        'logout_url',
        'provider',
        'session_id',
        'user',
      ].sort(),
    );
    expect(view['user']).toEqual({
      sub: 'alice',
      name: 'Alice Archer',
      email: 'alice@example.com',
      email_verified: true,
    });
    expect(view['provider']).toBe('generic');
    expect(view['logout_url']).toMatch(/^\/logout\?token=[\w-]{43}$/);
    const created = Number(view['created_at']);
    expect(Number(view['absolute_expires_at']) - created).toBe(8 * 3600);
    expect(Math.abs(Number(view['idle_expires_at']) - created - 1800)).toBeLessThanOrEqual(1);
    expect(cookiesSet(answer)).toEqual([]);
  });

  it('is never stored and cannot be read by another site (ATK-49, P-02)', async () => {
    const person = await stage.member();
    const cookie = await stage.cookieOf(person);
    expect((await stage.session(person)).headers['cache-control']).toBe('no-store');
    const foreign = await person.fetch(stage.url('/session'), {
      from: 'https://evil.example/',
      csrf: false,
      headers: { cookie },
    });
    expect(foreign.status).toBe(403);
    expect(foreign.headers['access-control-allow-origin']).toBeUndefined();
    expect(foreign.body).not.toContain('alice');
  });

  it('never redirects a fetch: 401 with login_url (P-05)', async () => {
    const answer = await stage.call(stage.person());
    expect(answer.status).toBe(401);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(jsonOf(answer)).toMatchObject({ code: 'unauthenticated', login_url: '/login' });
  });
});

describe('a broken cookie', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open();
  });
  afterAll(() => stage.close());

  const ask = (cookie: string) => stage.send(stage.url('/session'), { headers: { cookie } });
  const name = (): string => stage.bff.cookieName;

  it.each([
    [';;=;'],
    ['NAME'],
    ['NAME='],
    ['NAME=%'],
    ['NAME=s:'],
    ['NAME=s%3A.'],
    ['NAME="quoted"'],
    ['NAME=s%3A%00'],
    ['__proto__=x; NAME=constructor'],
    [Array.from({ length: 200 }, (_, at) => `c${at}=v`).join('; ')],
    ['NAME=a; NAME=b; NAME=c; NAME=d; NAME=e; NAME=f'],
    [`NAME=s%3A${'a'.repeat(43)}.${'b'.repeat(43)}`],
    [`NAME=${'z'.repeat(10_000)}`],
    ['NAME=s%3Aa%25s%25n.x'],
    ['NAME=s%3A*.x'],
    ['NAME=s%3Asess%3A*.x'],
    ['NAME=s%3A%0d%0aFLUSHALL%0d%0a.x'],
    ['NAME=s%3A{tag}.x'],
    ['NAME=s%3Alock%3Aabc.x'],
  ])('is as good as none: %.60s (ATK-43, ATK-46, J-15, R-45)', async (template) => {
    const answer = await ask(template.replaceAll('NAME', name()));
    expect(answer.status).toBe(401);
    expect(jsonOf(answer)).toEqual({ authenticated: false, login_url: '/login' });
  });

  it('is as good as none at every flipped or missing byte (ATK-41, ATK-40, ATK-51, E-04)', async () => {
    const cookie = await stage.cookieOf(await stage.member());
    const value = cookie.slice(name().length + 1);
    const answers = new Set<string>();
    for (let at = 0; at < value.length; at += 3) {
      const flipped = `${value.slice(0, at)}${value[at] === 'x' ? 'y' : 'x'}${value.slice(at + 1)}`;
      for (const broken of [flipped, value.slice(0, at)]) {
        const answer = await ask(`${name()}=${broken}`);
        answers.add(`${answer.status} ${answer.body}`);
      }
    }
    expect([...answers]).toEqual(['401 {"authenticated":false,"login_url":"/login"}']);
    expect((await ask(cookie)).status).toBe(200);
  });

  it('is as good as none when its value is that of another cookie (ATK-40, E-04)', async () => {
    const person = await stage.member();
    const cookie = await stage.cookieOf(person);
    const value = cookie.slice(name().length + 1);
    const [id, signature] = decodeURIComponent(value).slice('s:'.length).split('.');
    const binding = (await person.cookie(stage.url('/'), stage.bff.loginCookieName)) ?? '';
    const { session_id: handle, logout_url: logoutUrl } = await stage.view(person);
    const token = String(logoutUrl).split('token=')[1];
    for (const other of [binding, String(handle), token])
      for (const spelled of [other, `s%3A${other}.${encodeURIComponent(signature ?? '')}`])
        expect((await ask(`${name()}=${spelled}`)).status).toBe(401);
    // Under another name the session's value is no session, and an id alone is none either.
    expect((await ask(`${stage.bff.loginCookieName}=${value}`)).status).toBe(401);
    expect((await ask(`${name()}=${id}`)).status).toBe(401);
    expect((await ask(cookie)).status).toBe(200);
  });

  it.each([
    ['NAME_0=a; NAME_1=b'],
    ['NAME.0=a; NAME.1=b; NAME.2=c'],
    ['NAME_1of999999=a; NAME_2of999999=b'],
    ['NAME_count=999999999; NAME_0=a'],
    ['NAME_count=-1; NAME_0=a'],
    ['NAME=chunks:1e9; NAME_0=a'],
    ['NAME=chunks-999999999; NAME-1=a'],
    [`NAME_0=${'a'.repeat(4_096)}; NAME_2=${'b'.repeat(4_096)}`],
  ])('is never put together from parts: %.40s (ATK-44)', async (template) => {
    const parts = template.replaceAll('NAME', name());
    const [first = '', ...rest] =
      (await stage.cookieOf(await stage.member())).match(/.{1,40}/g) ?? [];
    const answer = await ask(parts);
    expect([answer.status, cookiesSet(answer)]).toEqual([401, []]);
    const cut = [first.slice(name().length + 1), ...rest];
    const chunked = cut.map((part, at) => `${name()}_${at}=${part}; ${name()}.${at}=${part}`);
    expect((await ask(chunked.join('; '))).status).toBe(401);
    expect(
      (await ask(`${parts.replace(/^NAME=[^;]*; /, '')}; ${first}${rest.join('')}`)).status,
    ).toBe(200);
  });

  it.each([
    ['two headers, the right cookie in the first', ['GOOD', 'other=1'], 200],
    ['two headers, the right cookie in the second', ['other=1; =; ;', 'GOOD'], 200],
    ['two headers, and a false one of that name', ['NAME=s%3Aa.b', 'GOOD'], 200],
    ['a header between empty ones', ['', 'GOOD', ''], 200],
    ['the right cookie behind garbage', ['"; %; __proto__=x; =x; a=\xff; GOOD'], 200],
    ['two headers, and no right cookie', ['NAME=s%3Aa.b', 'NAME'], 401],
    // Node's parser takes no such header at all.
    ['a NUL', ['NAME=a\0b; GOOD'], 400],
    ['a control character', ['a=\u0001; GOOD'], 400],
  ])('is read as it is, byte for byte: %s (ATK-43)', async (_what, lines, status) => {
    const good = await stage.cookieOf(await stage.member());
    const cookies = lines.map(
      (line) => `Cookie: ${line.replace('GOOD', good).replace('NAME', name())}`,
    );
    const answer = await sendRaw(stage.bff.port, [
      'GET /session HTTP/1.1',
      'Host: localhost',
      ...cookies,
    ]);
    expect(answer.status).toBe(status);
    expect((await ask(good)).status).toBe(200);
  });

  it('beside the right one does not lock anybody out (ATK-50, J-18)', async () => {
    const cookie = await stage.cookieOf(await stage.member());
    expect((await ask(`${name()}=tossed; ${cookie}`)).status).toBe(200);
    expect((await ask(`${cookie}; ${name()}=tossed`)).status).toBe(200);
  });

  it('does not keep anybody from logging in', async () => {
    const person = stage.person();
    await person.plant(stage.url('/'), `${name()}=s%3Abroken; Path=/`);
    await stage.logIn(person);
    expect(await stage.view(person)).toMatchObject({ authenticated: true });
  });
});

describe('the limits of a session', () => {
  let stage: Stage;
  beforeEach(async () => {
    stage = await Stage.open({ env: { SESSION_IDLE: '30m', SESSION_ABSOLUTE: '2h' } });
  });
  afterEach(() => stage.close());

  it('ends it when it was idle for too long, and tells the holder why (H-40, E-07)', async () => {
    const person = await stage.member();
    stage.clock.advance(29 * MINUTE);
    expect((await stage.session(person)).status).toBe(200);
    stage.clock.advance(29 * MINUTE);
    expect((await stage.session(person)).status).toBe(200);
    stage.clock.advance(31 * MINUTE);
    for (let time = 0; time < 2; time += 1) {
      expect(await stage.view(person)).toEqual({
        authenticated: false,
        reason: 'idle',
        login_url: '/login',
      });
    }
  });

  it('does not count ?touch=false as being there (ATK-52, P-03)', async () => {
    const person = await stage.member();
    const { idle_expires_at: before } = await stage.view(person);
    for (let time = 0; time < 5; time += 1) {
      stage.clock.advance(5 * MINUTE);
      expect(await stage.view(person, '?touch=false')).toMatchObject({ idle_expires_at: before });
    }
    stage.clock.advance(6 * MINUTE);
    expect(await stage.view(person, '?touch=false')).toMatchObject({
      authenticated: false,
      reason: 'idle',
    });
  });

  it('moves the idle deadline with each use, and never past the absolute one (ATK-52, J-27, E-08)', async () => {
    const person = await stage.member();
    const { absolute_expires_at: absolute, idle_expires_at: first } = await stage.view(person);
    stage.clock.advance(20 * MINUTE);
    expect(Number((await stage.view(person))['idle_expires_at'])).toBeGreaterThanOrEqual(
      Number(first) + 20 * 60,
    );
    for (let time = 0; time < 4; time += 1) {
      stage.clock.advance(24 * MINUTE);
      expect((await stage.session(person)).status).toBe(200);
    }
    expect(await stage.view(person)).toMatchObject({ idle_expires_at: absolute });
    stage.clock.advance(5 * MINUTE);
    expect(await stage.view(person)).toMatchObject({ authenticated: false, reason: 'absolute' });
  });

  it('calls of the API count as being there', async () => {
    const person = await stage.member();
    stage.clock.advance(3 * MINUTE);
    expect((await stage.call(person)).status).toBe(200);
    stage.clock.advance(28 * MINUTE);
    expect((await stage.session(person)).status).toBe(200);
  });
});

it('a session that nobody has configured has the limits that the README tells (E-01)', async () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const told = (name: string): string =>
    new RegExp(`^\\| \`${name}\` \\| \`[\\w.]+\` \\| \`(\\d+[mh])\``, 'm').exec(readme)?.[1] ?? '';
  const inMs = (text: string): number =>
    Number.parseInt(text) * (text.endsWith('h') ? 60 : 1) * MINUTE;
  const [idle, absolute] = [inMs(told('SESSION_IDLE')), inMs(told('SESSION_ABSOLUTE'))];
  await using stage = await Stage.open();
  const [idler, worker] = [await stage.member(), await stage.member()];
  stage.clock.advance(idle - MINUTE);
  expect(await stage.view(idler, '?touch=false')).toMatchObject({ authenticated: true });
  expect(await stage.view(worker)).toMatchObject({ authenticated: true });
  stage.clock.advance(2 * MINUTE);
  expect(await stage.view(idler)).toMatchObject({ authenticated: false, reason: 'idle' });
  for (let left = absolute - idle - 2 * MINUTE; left > 0; left -= idle / 2) {
    stage.clock.advance(Math.min(left, idle / 2));
    expect(await stage.view(worker)).toMatchObject({ authenticated: true });
  }
  stage.clock.advance(2 * MINUTE);
  expect(await stage.view(worker)).toMatchObject({ authenticated: false, reason: 'absolute' });
});

describe('a persistent cookie', () => {
  it('lasts to the absolute deadline (J-26)', async () => {
    await using stage = await Stage.open({
      env: { COOKIE_PERSISTENT: 'true', SESSION_ABSOLUTE: '2h' },
    });
    const person = await stage.member();
    const cookie = (await person.jar.getCookies(stage.url('/'))).find(
      ({ key }) => key === stage.bff.cookieName,
    );
    const life = (cookie?.expiryTime() ?? 0) - Date.now();
    expect(Math.abs(life - 2 * 60 * MINUTE)).toBeLessThan(5_000);
  });
});
