import { createHash } from 'node:crypto';
import { cookiesSet, exchange, jsonOf, locationOf, type Hop } from '../support/http-exchange.js';
import { errorCodeOf } from '../support/html-page.js';
import { PATHS } from '../support/op-host.js';
import { readToken } from '../support/signing-key.js';
import { CLIENT_ID, Stage } from '../support/stage.js';

/** The attributes of a Set-Cookie line, without name and value. */
function attributesOf(hop: Hop, name: string): string[] {
  const line = cookiesSet(hop).find((cookie) => cookie.startsWith(`${name}=`)) ?? '';
  return line.split('; ').slice(1).sort();
}

function hopTo(hops: readonly Hop[], path: string): Hop {
  const hop = hops.find(({ url }) => new URL(url).pathname === path);
  if (hop === undefined) throw new Error(`nobody went to ${path}`);
  return hop;
}

describe.each([
  ['memory', false],
  ['Redis', true],
] as const)('logging in with sessions in %s', (_name, redis) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open({ redis });
  });
  afterAll(() => stage.close());

  it('leads a person through the provider to the page that they wanted (A-01, A-08, A-16, A-17)', async () => {
    const person = stage.person();
    const page = await stage.logIn(person, { return_to: '/inbox?folder=new' });
    expect(page.status).toBe(200);
    expect(page.body).toContain('The application');
    expect(person.page).toBe(stage.url('/inbox?folder=new'));
    expect(await stage.view(person)).toMatchObject({
      authenticated: true,
      user: { sub: 'alice', name: 'Alice Archer' },
    });
  });

  it('gives the browser two httpOnly cookies and nothing else (E-36)', async () => {
    const person = await stage.member();
    expect(await person.cookieNames(stage.url('/'))).toEqual(
      [stage.bff.loginCookieName, stage.bff.cookieName].sort(),
    );
    const { hops } = person;
    expect(attributesOf(hopTo(hops, '/callback'), stage.bff.cookieName)).toEqual([
      'HttpOnly',
      'Path=/',
      'SameSite=Strict',
    ]);
    expect(attributesOf(hopTo(hops, '/login'), stage.bff.loginCookieName)).toEqual([
      'HttpOnly',
      'Path=/',
      'SameSite=Lax',
    ]);
  });

  it('has the session on the first page after the login, although its cookie is SameSite=Strict (J-38)', async () => {
    const person = stage.person();
    const page = await stage.logIn(person, { return_to: '/first' });
    expect(page.requestHeaders['cookie']).toContain(`${stage.bff.cookieName}=`);
    expect(page.requestHeaders['sec-fetch-site']).toBe('same-origin');
  });
});

describe('the request to the provider', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open();
  });
  afterAll(() => stage.close());

  async function request(
    query: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<URLSearchParams> {
    return locationOf(await stage.person().load(stage.url(`/login${query}`), { headers }))
      .searchParams;
  }

  it('carries PKCE S256, state and nonce of 256 bits, and the exact redirect URI (ATK-33, A-29, H-09, H-11, D-44)', async () => {
    const parameters = await request('');
    expect(Object.fromEntries(parameters)).toMatchObject({
      client_id: CLIENT_ID,
      response_type: 'code',
      code_challenge_method: 'S256',
      redirect_uri: stage.url('/callback'),
    });
    for (const name of ['state', 'nonce', 'code_challenge'])
      expect(parameters.get(name)).toMatch(/^[\w-]{43}$/);
    expect(parameters.get('scope')?.split(' ')).toContain('openid');
  });

  it('asks for the scopes of the configuration, for no claims, and for no other scope (E-27)', async () => {
    const scope = stage.bff.config.providers[0]?.scope;
    for (const query of ['', '?scope=admin', '?prompt=consent&scope=openid%20admin&claims={}']) {
      const parameters = await request(query);
      expect(parameters.getAll('scope')).toEqual([scope]);
      expect(parameters.has('claims')).toBe(false);
    }
  });

  it('sends the verifier of its challenge to the token endpoint, and to nobody else (ATK-33, H-10)', async () => {
    const person = await stage.member();
    const challenge = new URL(hopTo(person.hops, '/auth').url).searchParams.get('code_challenge');
    const body = new URLSearchParams(stage.op.callsOf(PATHS.token).at(-1)?.body);
    expect(body.get('code_verifier')).toMatch(/^[\w.~-]{43,128}$/);
    expect(
      createHash('sha256')
        .update(body.get('code_verifier') ?? '')
        .digest('base64url'),
    ).toBe(challenge);
  });

  it('never repeats a state, a nonce or a challenge, and no part of one tells the time (ATK-31, H-08, H-10)', async () => {
    const LOGINS = 1_000;
    const names = ['state', 'nonce', 'code_challenge'] as const;
    const seen: string[] = [];
    const headers = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
    for (let count = 0; count < LOGINS; count += 1) {
      const login = await exchange(stage.url('/login'), { headers });
      for (const name of names) seen.push(locationOf(login).searchParams.get(name) ?? '');
    }
    expect(new Set(seen).size).toBe(names.length * LOGINS);
    // Of 64 letters all stand at every place but the last, which holds four bits.
    for (let at = 0; at < 42; at += 1) expect(new Set(seen.map((one) => one[at])).size).toBe(64);
    expect(new Set(seen.map((one) => one[42])).size).toBe(16);
  });

  it.each([
    { host: 'evil.example' },
    { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http' },
    { forwarded: 'host=evil.example;proto=javascript' },
    { 'x-forwarded-prefix': '//evil.example', 'x-forwarded-port': '1' },
    { 'x-original-url': '/evil', 'x-rewrite-url': '//evil.example' },
  ])('does not change with %j (ATK-03)', async (headers) => {
    const parameters = await request('', headers);
    expect(parameters.get('redirect_uri')).toBe(stage.url('/callback'));
    expect(parameters.toString()).not.toContain('evil');
  });

  it('names the public redirect URI again when the code is redeemed, not where the callback came in (D-40)', async () => {
    const person = stage.person();
    const callback = new URL(await stage.callbackFor(person));
    const cookie = await person.jar.getCookieString(callback.href);
    const headers = {
      cookie,
      host: 'inside:8080',
      'x-forwarded-host': 'inside.example',
      'x-forwarded-proto': 'http',
    };
    expect((await stage.send(callback.href, { headers })).status).toBe(303);
    const body = new URLSearchParams(stage.op.callsOf(PATHS.token).at(-1)?.body);
    expect(body.get('redirect_uri')).toBe(stage.url('/callback'));
  });

  it('hands on the allow-listed parameters and drops all others (E-27)', async () => {
    const parameters = await request(
      '?prompt=login&login_hint=alice&ui_locales=de&acr_values=urn:a&max_age=60&response_mode=fragment&scope=all&client_id=other&request=jwt&foo=bar',
    );
    expect(Object.fromEntries(parameters)).toMatchObject({
      prompt: 'login',
      login_hint: 'alice',
      ui_locales: 'de',
      acr_values: 'urn:a',
      max_age: '60',
      client_id: CLIENT_ID,
      redirect_uri: stage.url('/callback'),
    });
    expect(parameters.get('scope')).not.toBe('all');
    for (const name of ['response_mode', 'request', 'foo', 'return_to'])
      expect(parameters.has(name)).toBe(false);
  });

  it.each([
    '?prompt=login&prompt=none',
    '?max_age=soon',
    '?return_to=/a&return_to=/b',
    '?max_age=-1',
  ])('is not made for %s (E-49)', async (query) => {
    const answer = await stage.person().load(stage.url(`/login${query}`));
    expect(answer.status).toBe(400);
    expect(errorCodeOf(answer.body)).toBe('bad_request');
    expect(cookiesSet(answer)).toEqual([]);
  });

  it('is refused for a provider that nobody configured', async () => {
    const answer = await stage.person().load(stage.url('/login?provider=elsewhere'));
    expect([answer.status, errorCodeOf(answer.body)]).toEqual([400, 'unknown_provider']);
  });
});

describe('a login over a session', () => {
  it('asks the provider all the same, and the session stays until somebody else is there (P-11)', async () => {
    await using stage = await Stage.open();
    const person = await stage.member({ as: 'alice' });
    const { session_id: sessionId } = await stage.view(person);
    const asked = locationOf(await person.load(stage.url('/login')));
    expect(asked.origin + asked.pathname).toBe(`${stage.op.issuer}${PATHS.authorize}`);
    expect(await stage.view(person)).toMatchObject({ session_id: sessionId });
    const calls = stage.op.callsOf(PATHS.token).length;
    await stage.logIn(person);
    expect(stage.op.callsOf(PATHS.token)).toHaveLength(calls + 1);
    expect((await stage.view(person))['session_id']).not.toBe(sessionId);
  });

  it('whose prompt the provider does not know ends with its refusal, on a page (P-12)', async () => {
    await using stage = await Stage.open();
    const person = await stage.member();
    const { session_id: sessionId } = await stage.view(person);
    const page = await stage.startLogin(person, { prompt: 'unheard-of' });
    expect([page.status, errorCodeOf(page.body)]).toEqual([403, 'login_denied']);
    expect(page.body).not.toContain('unheard-of');
    expect(await stage.view(person)).toMatchObject({ session_id: sessionId });
  });
});

describe('who may start a login', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open();
  });
  afterAll(() => stage.close());

  it('a fetch of our own page gets the address, and the login then works', async () => {
    const person = stage.person();
    const answer = await person.fetch(stage.url('/login?return_to=/after'), {
      headers: { accept: 'application/json' },
    });
    expect(answer.status).toBe(200);
    const page = await person.visit(String(jsonOf(answer)['location']));
    await person.submit({ user: 'bob' }, page);
    expect(person.page).toBe(stage.url('/after'));
    expect(await stage.view(person)).toMatchObject({ user: { sub: 'bob' } });
  });

  const foreign = 'https://evil.example/';
  it.each([
    [
      'a fetch without X-CSRF',
      () =>
        stage
          .person()
          .fetch(stage.url('/login'), { csrf: false, headers: { accept: 'application/json' } }),
    ],
    ['a fetch that does not ask for JSON', () => stage.person().fetch(stage.url('/login'))],
    [
      'a fetch of a foreign page',
      () =>
        stage
          .person()
          .fetch(stage.url('/login'), { from: foreign, headers: { accept: 'application/json' } }),
    ],
    ['an iframe', () => stage.person().subresource(stage.url('/login'), 'iframe')],
    [
      'a foreign iframe',
      () => stage.person().subresource(stage.url('/login'), 'iframe', { site: 'cross-site' }),
    ],
    [
      'an image',
      () => stage.person().subresource(stage.url('/login'), 'image', { site: 'cross-site' }),
    ],
    ['a favicon', () => stage.person().subresource(stage.url('/login'), 'image')],
    ['a manifest', () => stage.person().subresource(stage.url('/login'), 'manifest')],
    ['a service worker', () => stage.person().subresource(stage.url('/login'), 'serviceworker')],
    [
      'a prefetch',
      () => stage.person().load(stage.url('/login'), { headers: { 'sec-purpose': 'prefetch' } }),
    ],
    [
      'a prerender',
      () =>
        stage
          .person()
          .load(stage.url('/login'), { headers: { 'sec-purpose': 'prefetch;prerender' } }),
    ],
    [
      'an old prefetch',
      () => stage.person().load(stage.url('/login'), { headers: { purpose: 'prefetch' } }),
    ],
    [
      'an XMLHttpRequest of an old browser',
      () =>
        stage.send(stage.url('/login'), {
          headers: { accept: 'text/html', 'x-requested-with': 'XMLHttpRequest' },
        }),
    ],
    [
      'a tool that takes anything',
      () => stage.send(stage.url('/login'), { headers: { accept: '*/*' } }),
    ],
  ] as const)('%s starts nothing (ATK-39, ATK-54, ATK-59, E-16)', async (_name, sendIt) => {
    const before = stage.bff.logged('login.started').length;
    const answer = await sendIt();
    expect(answer.status).toBe(400);
    expect(answer.headers.location).toBeUndefined();
    expect(cookiesSet(answer)).toEqual([]);
    expect(stage.bff.logged('login.started')).toHaveLength(before);
  });

  it('a browser that sends no Sec-Fetch headers may', async () => {
    const answer = await stage.send(stage.url('/login'), { headers: { accept: 'text/html,*/*' } });
    expect(answer.status).toBe(302);
  });

  it.each(['HEAD', 'PUT', 'DELETE'])('%s /login does not', async (method) => {
    const answer = await stage.person().load(stage.url('/login'), { method });
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe('GET, POST');
    expect(cookiesSet(answer)).toEqual([]);
  });
});

describe('where a login ends', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open({ env: { RETURN_ORIGINS: 'https://other.example' } });
  });
  afterAll(() => stage.close());

  it('on a deep link with query and fragment (J-13)', async () => {
    const person = stage.person();
    await stage.logIn(person, { return_to: '/reports/7?tab=a%26b&x=ü#section-2' });
    expect(person.page).toBe(stage.url('/reports/7?tab=a%26b&x=%C3%BC#section-2'));
  });

  it('at home when nothing was asked for', async () => {
    const person = stage.person();
    await stage.logIn(person);
    expect(person.page).toBe(stage.url('/'));
  });

  it.each([
    '/login?return_to=/x',
    '/callback?code=a',
    '/logout',
    '/session',
    '/api/orders',
    '/sessions',
  ])('at home instead of on %s (ATK-29)', async (target) => {
    const person = stage.person();
    await stage.logIn(person, { return_to: target });
    expect(person.page).toBe(stage.url('/'));
  });

  it('on a page of a configured origin', async () => {
    const person = stage.person();
    const callback = await stage.callbackFor(person, {
      return_to: 'https://other.example/welcome?x=1#y',
    });
    const answer = await person.load(callback, { site: 'cross-site' });
    expect(locationOf(answer).searchParams.get('return_to')).toBe(
      'https://other.example/welcome?x=1#y',
    );
  });

  it('with an address that holds neither code nor state (ATK-26, H-13, E-46)', async () => {
    const person = stage.person();
    await stage.logIn(person, { return_to: '/here' });
    const after = person.hops.slice(
      person.hops.findIndex(({ url }) => url.includes('/callback')) + 1,
    );
    expect(after.map(({ url }) => new URL(url).pathname)).toEqual(['/login/return', '/here']);
    for (const { url, headers } of after.slice(0, 1)) {
      expect(url).not.toMatch(/code|state/);
      expect(headers['referrer-policy']).toBe('no-referrer');
      expect(headers['cache-control']).toBe('no-store');
    }
  });
});

describe('prompt, max_age and acr_values', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open();
  });
  afterAll(() => stage.close());

  it('prompt=none without a login at the provider ends on the page with login_error (A-28)', async () => {
    const person = stage.person();
    await stage.logIn(person, { prompt: 'none', return_to: '/quiet?x=1#y' });
    expect(person.page).toBe(stage.url('/quiet?x=1&login_error=login_required#y'));
    expect(await stage.view(person)).toMatchObject({ authenticated: false });
    expect(stage.op.callsOf(PATHS.token)).toHaveLength(0);
  });

  it('prompt=none with a login at the provider asks nothing', async () => {
    const person = await stage.member();
    const before = person.hops.length;
    await stage.logIn(person, { prompt: 'none', return_to: '/quiet' });
    expect(person.page).toBe(stage.url('/quiet'));
    expect(person.hops.slice(before).some(({ url }) => url.includes('/interaction/'))).toBe(false);
  });

  it('max_age=0 lets the provider ask again, and the answer is checked (D-19)', async () => {
    const person = await stage.member();
    const page = await stage.startLogin(person, { max_age: '0' });
    expect(page.url).toContain('/interaction/');
    await person.submit({ user: 'alice' }, page);
    expect(await stage.view(person)).toMatchObject({ authenticated: true });
  });

  it('acr_values that the provider did not reach are refused (D-20, F-12)', async () => {
    const person = stage.person();
    const page = await stage.logIn(person, { acr_values: 'urn:example:gold' });
    expect([page.status, errorCodeOf(page.body)]).toEqual([400, 'login_rejected']);
    expect(await stage.view(person)).toMatchObject({ authenticated: false });
  });

  it('acr_values of the configuration are asked for and checked as well', async () => {
    const strict = await Stage.open({
      env: { OIDC_AUTHORIZATION_PARAMS: 'acr_values=urn:example:gold' },
    });
    try {
      const person = strict.person();
      const page = await strict.logIn(person);
      expect([page.status, errorCodeOf(page.body)]).toEqual([400, 'login_rejected']);
      await strict.logIn(person, { acr_values: 'urn:vestibule:demo:click' });
      expect(await strict.view(person)).toMatchObject({ acr: 'urn:vestibule:demo:click' });
    } finally {
      await strict.close();
    }
  });

  it('acr_values that the provider reached are in the session', async () => {
    const person = await stage.member({ acr_values: 'urn:vestibule:demo:click' });
    expect(await stage.view(person)).toMatchObject({ acr: 'urn:vestibule:demo:click' });
  });
});

describe('with a provider that knows no PKCE', () => {
  it('state and nonce are sent all the same, and a code of another login is refused by the nonce (H-03)', async () => {
    const op = { configuration: { pkce: { required: () => false } } };
    await using stage = await Stage.open({ op, env: { OIDC_PKCE: 'none' } });
    const [person, other] = [stage.person(), stage.person()];
    const { searchParams } = locationOf(await stage.person().load(stage.url('/login')));
    expect(searchParams.has('code_challenge')).toBe(false);
    for (const name of ['state', 'nonce']) expect(searchParams.get(name)).toMatch(/^[\w-]{43}$/);
    const own = new URL(await stage.callbackFor(person));
    const foreign = new URL(await stage.callbackFor(other));
    own.searchParams.set('code', foreign.searchParams.get('code') ?? '');
    const answer = await person.visit(own.href);
    expect(errorCodeOf(answer.body)).toBe('login_rejected');
  });
});

describe('client authentication', () => {
  it('client_secret_basic goes form-urlencoded into the header and not into the body; it is the default (A-14, D-42, D-43)', async () => {
    await using stage = await Stage.open();
    await stage.member();
    const [call] = stage.op.callsOf(PATHS.token);
    const [, credentials = ''] = call?.headers.authorization?.split(' ') ?? [];
    const parts = Buffer.from(credentials, 'base64').toString('utf8').split(':');
    expect(parts.map((part) => new URLSearchParams(`v=${part}`).get('v'))).toEqual([
      CLIENT_ID,
      stage.clientSecret,
    ]);
    expect(new URLSearchParams(call?.body).has('client_secret')).toBe(false);
  });

  it('client_secret_post goes into the body and not into the header', async () => {
    await using stage = await Stage.open({
      env: { OIDC_CLIENT_AUTH: 'client_secret_post' },
      client: { authMethod: 'client_secret_post' },
    });
    await stage.member();
    const [call] = stage.op.callsOf(PATHS.token);
    expect(call?.headers.authorization).toBeUndefined();
    expect(new URLSearchParams(call?.body).get('client_secret')).toBe(stage.clientSecret);
  });
});

describe('behind https', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open({ https: true, env: { OIDC_RESPONSE_MODE: 'form_post' } });
  });
  afterAll(() => stage.close());

  it('logs in by form_post, whose cross-site POST brings the binding (A-27, H-35, J-19, J-38, D-51, H-16, E-36)', async () => {
    const person = stage.person();
    await stage.logIn(person, { return_to: '/posted#here' });
    expect(person.page).toBe(stage.url('/posted#here'));
    expect(await stage.view(person)).toMatchObject({ authenticated: true });
    const callback = hopTo(person.hops, '/callback');
    expect([callback.method, callback.status]).toEqual(['POST', 303]);
    expect(callback.requestHeaders).toMatchObject({
      origin: stage.op.issuer,
      'sec-fetch-site': 'cross-site',
    });
    expect(attributesOf(callback, '__Host-vestibule')).toEqual([
      'HttpOnly',
      'Path=/',
      'SameSite=Strict',
      'Secure',
    ]);
    expect(attributesOf(hopTo(person.hops, '/login'), '__Host-vestibule-login')).toEqual([
      'HttpOnly',
      'Path=/',
      'SameSite=None',
      'Secure',
    ]);
  });

  it('below a base path the cookies keep what their prefix promises (P-24)', async () => {
    await using below = await Stage.open({ https: true, env: { BASE_PATH: '/app' } });
    const person = await below.member();
    const ours = person.hops.filter(({ url }) => url.startsWith(below.url('/')));
    const lines = ours.flatMap(cookiesSet);
    const names = new Set(lines.map((line) => line.split('=', 1)[0]));
    expect(names).toEqual(new Set(['__Host-vestibule', '__Host-vestibule-login']));
    for (const line of lines) {
      expect(line).toMatch(/; Path=\/(?:;|$)/);
      expect(line).toContain('; Secure');
      expect(line).not.toMatch(/domain=/i);
    }
  });

  it('a posted login_required of prompt=none makes no session and no token call (A-28)', async () => {
    const person = stage.person();
    const calls = stage.op.callsOf(PATHS.token).length;
    await stage.startLogin(person, { prompt: 'none', max_age: '0', return_to: '/quiet' });
    expect(person.page).toBe(stage.url('/quiet?login_error=login_required'));
    expect(stage.op.callsOf(PATHS.token)).toHaveLength(calls);
  });

  it.each([
    ['application/json', '{"code":"a","state":"b"}', 403],
    ['application/problem+json', '{"code":"a","state":"b"}', 415],
    ['text/plain', 'code=a&state=b', 415],
    ['application/x-www-form-urlencoded', `state=${'x'.repeat(70_000)}`, 413],
    ['application/x-www-form-urlencoded', 'code=a', 400],
  ])('refuses a posted callback of %s (R-45)', async (type, body, status) => {
    const answer = await stage.person().load(stage.url('/callback'), {
      method: 'POST',
      headers: { 'content-type': type },
      body,
      site: 'cross-site',
    });
    expect(answer.status).toBe(status);
  });

  it('keeps cookies Secure whatever the connection says (ATK-03, J-20)', async () => {
    const answer = await stage
      .person()
      .load(stage.url('/login'), { headers: { 'x-forwarded-proto': 'http' } });
    for (const cookie of cookiesSet(answer)) expect(cookie).toContain('; Secure');
    expect(answer.headers['strict-transport-security']).toContain('max-age=');
  });
});

describe('claims', () => {
  it('come from userinfo, the allow-listed ones only (A-13)', async () => {
    await using stage = await Stage.open({ op: { accessTokens: 'opaque' } });
    const person = await stage.member();
    expect(stage.op.callsOf(PATHS.userinfo)).toHaveLength(1);
    const { user } = await stage.view(person);
    expect(Object.keys(user as object).sort()).toEqual(['email', 'email_verified', 'name', 'sub']);
  });
});

describe('a user with 500 groups and tokens of 20 kB', () => {
  it('logs in with a cookie of the same size, and who they are stays a small record (ATK-45, J-44, E-36)', async () => {
    await using stage = await Stage.open({ redis: true });
    const small = await stage.member({ as: 'bob' });
    const groups = Array.from(
      { length: 500 },
      (_none, at) => `/department/${at}/group-with-a-name`,
    );
    stage.op.rewriteJson(PATHS.token, ({ id_token: idToken, ...answer }) => ({
      ...answer,
      refresh_token: `${String(answer['refresh_token'])}.${'r'.repeat(20_000)}`,
      id_token: stage.op.key.sign({ ...readToken(String(idToken)).claims, groups }),
    }));
    const person = await stage.member();
    const [ofSmall, ofPerson] = [await stage.cookieOf(small), await stage.cookieOf(person)];
    expect(decodeURIComponent(ofPerson)).toHaveLength(decodeURIComponent(ofSmall).length);
    expect((await person.jar.getCookieString(stage.url('/'))).length).toBeLessThan(1_000);
    expect((await stage.call(person)).status).toBe(200);
    // What each request reads: the record of the identity, without what is not allow-listed.
    const reply = await stage.redis.command(
      'EVAL',
      `local out = ''
       for _, key in ipairs(redis.call('KEYS', '*:s:*:i')) do out = out .. 'size=' .. redis.call('STRLEN', key) .. ' ' end
       return out`,
      '0',
    );
    const sizes = [...reply.matchAll(/size=(\d+)/g)].map(([, size]) => Number(size));
    expect(sizes).toHaveLength(2);
    for (const size of sizes) expect(size).toBeLessThan(1_024);
  });

  it('is told by 431 that headers of 40 kB are too many, and is not logged out (ATK-45, R-45)', async () => {
    await using stage = await Stage.open();
    const person = await stage.member();
    const answer = await stage.call(person, '/api/orders', {
      headers: { 'x-much': 'x'.repeat(40_000) },
    });
    expect([answer.status, cookiesSet(answer)]).toEqual([431, []]);
    expect(await stage.view(person)).toMatchObject({ authenticated: true });
  });
});

describe('with several providers', () => {
  const provider = (id: string): string => `  - id: ${id}
    issuer: \${OIDC_ISSUER}
    clientId: \${OIDC_CLIENT_ID}
    clientSecret: \${OIDC_CLIENT_SECRET}
    userinfo: false
`;
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open({
      file: `providers:\n${provider('one')}${provider('two')}`,
      env: { OIDC_SCOPE: undefined, OIDC_USERINFO: undefined },
    });
  });
  afterAll(() => stage.close());

  it('a person chooses, and comes back by the way of that provider', async () => {
    const person = stage.person();
    const chooser = await stage.startLogin(person, { return_to: '/chosen' });
    expect(chooser.status).toBe(200);
    const links = [...chooser.body.matchAll(/href="([^"]+)"/g)].map(([, href = '']) =>
      href.replaceAll('&amp;', '&'),
    );
    expect(links).toHaveLength(2);
    await person.submit({ user: 'carol' }, await person.click(links[1] ?? ''));
    expect(person.page).toBe(stage.url('/chosen'));
    expect(person.hops.some(({ url }) => url.startsWith(stage.url('/callback/two?')))).toBe(true);
    expect(await stage.view(person)).toMatchObject({
      provider: 'two',
      user: { sub: 'carol', name: 'Carol Núñez' },
    });
  });

  it('an answer that comes by the way of another provider is refused and consumes nothing (ATK-35)', async () => {
    const person = stage.person();
    const callback = await stage.callbackFor(person, { provider: 'two' });
    const calls = stage.op.callsOf(PATHS.token).length;
    for (const path of ['/callback/one', '/callback']) {
      const refused = await person.load(callback.replace('/callback/two', path), {
        site: 'cross-site',
      });
      expect([refused.status, errorCodeOf(refused.body)]).toEqual([400, 'login_rejected']);
    }
    expect(stage.op.callsOf(PATHS.token)).toHaveLength(calls);
    const answer = await person.load(callback, { site: 'cross-site' });
    expect([answer.status, locationOf(answer).searchParams.has('heal')]).toEqual([303, false]);
    expect(await stage.view(person)).toMatchObject({ authenticated: true });
  });
});
