import { cookiesSet, jsonOf, locationOf, type Hop } from '../support/http-exchange.js';
import { errorCodeOf } from '../support/html-page.js';
import { PATHS } from '../support/op-host.js';
import { freePort } from '../support/redis-host.js';
import { Stage } from '../support/stage.js';
import type { FetchInit, UserAgent } from '../support/user-agent.js';

const JSON_TYPE = 'application/json';
const FORM = 'application/x-www-form-urlencoded';
const STATE = 'A'.repeat(43);

let stage: Stage;
let app: string;
let sibling: string;
beforeAll(async () => {
  const [port, siblingPort] = [await freePort(), await freePort()];
  const origin = `http://localhost:${port}`;
  app = `${origin}/signed-in?from=login`;
  sibling = `http://localhost:${siblingPort}`;
  const uris = [app, `${sibling}/signed-in`];
  stage = await Stage.open({
    env: {
      PUBLIC_URL: origin,
      PORT: String(port),
      ALLOWED_ORIGINS: sibling,
      OIDC_REDIRECT_URIS: uris.join(','),
    },
    client: { more: { redirect_uris: [`${origin}/callback`, ...uris] } },
  });
});
afterAll(() => stage.close());

const redemptions = (): number => stage.op.callsOf(PATHS.token).length;
const answerFor = (person: UserAgent, query: Readonly<Record<string, string>> = {}) =>
  stage.callbackFor(person, { redirect_uri: app, ...query });
const membersOf = (callback: string): Record<string, string> =>
  Object.fromEntries(new URL(callback).searchParams);

/** As the application's script hands it in. */
function handIn(
  person: UserAgent,
  body: unknown,
  { headers = {}, path = '/callback', ...more }: FetchInit & { readonly path?: string } = {},
): Promise<Hop> {
  return person.fetch(stage.url(path), {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { 'content-type': JSON_TYPE, ...headers },
    ...more,
  });
}

function expectProblem(answer: Hop, status: number, code: string): void {
  expect({ status: answer.status, ...jsonOf(answer) }).toMatchObject({ status, code });
  expect(answer.headers['content-type']).toContain('application/problem+json');
  expect(answer.headers.location).toBeUndefined();
  expect(cookiesSet(answer)).toEqual([]);
}

/** The answer is good still: nothing that came before has consumed it. */
async function expectUnspent(person: UserAgent, callback: string): Promise<void> {
  expect((await handIn(person, membersOf(callback))).status).toBe(200);
}

describe('an application that is its own redirect URI', () => {
  it('hands in the answer of the provider and is told who is there, as by GET /session', async () => {
    const person = stage.person();
    const callback = await answerFor(person);
    expect(callback.startsWith(`${app}&code=`)).toBe(true);
    expect((await person.arrive(callback)).body).toContain('The application');
    const answer = await handIn(person, membersOf(callback));
    expect([answer.status, answer.headers['content-type']]).toEqual([
      200,
      'application/json; charset=utf-8',
    ]);
    expect(answer.headers.location).toBeUndefined();
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(jsonOf(answer)).toMatchObject({ authenticated: true, user: { sub: 'alice' } });
    expect(jsonOf(answer)).toEqual(await stage.view(person, '?touch=false'));
    expect((await stage.call(person)).status).toBe(200);
  });

  it('gets the session in a cookie and no token in any place', async () => {
    const person = stage.person();
    const answer = await handIn(person, membersOf(await answerFor(person)));
    expect(cookiesSet(answer)).toHaveLength(1);
    expect(cookiesSet(answer)[0]).toMatch(
      new RegExp(`^${stage.bff.cookieName}=[^;]+; Path=/; HttpOnly; SameSite=Strict$`),
    );
    expect(answer.body).not.toMatch(/eyJ|"(?:access|refresh|id)_token"/);
  });

  it('is named to the provider byte for byte, at both endpoints, its query too (RFC 6749 §4.1.3, D-41)', async () => {
    const person = stage.person();
    await handIn(person, membersOf(await answerFor(person)));
    expect(stage.op.callsOf(PATHS.authorize).at(-1)?.query.get('redirect_uri')).toBe(app);
    const body = new URLSearchParams(stage.op.callsOf(PATHS.token).at(-1)?.body);
    expect(body.get('redirect_uri')).toBe(app);
  });

  it('may ask for the address of the login by a script', async () => {
    const query = new URLSearchParams({ redirect_uri: app }).toString();
    const answer = await stage.person().fetch(stage.url(`/login?${query}`), {
      headers: { accept: JSON_TYPE },
    });
    const { searchParams } = new URL(String(jsonOf(answer)['location']));
    expect(searchParams.get('redirect_uri')).toBe(app);
  });

  it('makes a new session and ends the one that it replaces', async () => {
    const person = await stage.member();
    const cookie = await stage.cookieOf(person);
    const { session_id: replaced } = await stage.view(person);
    const answer = await handIn(person, membersOf(await answerFor(person)));
    expect(jsonOf(answer)).toMatchObject({ user: { sub: 'alice' } });
    expect(jsonOf(answer)['session_id']).not.toBe(replaced);
    const copy = await stage.send(stage.url('/session'), { headers: { cookie } });
    expect(jsonOf(copy)).toMatchObject({ authenticated: false, reason: 'replaced' });
  });

  it('may send more than is read, and say the charset', async () => {
    const person = stage.person();
    const members = {
      ...membersOf(await answerFor(person)),
      session_state: 7,
      scope: ['x'],
      code_verifier: 'mine',
      redirect_uri: 'https://evil.example',
      ['__proto__']: { error: 'x' },
    };
    const headers = { 'content-type': 'Application/JSON; charset=UTF-8' };
    expect((await handIn(person, members, { headers })).status).toBe(200);
  });
});

describe('redirect_uri', () => {
  it.each([
    ['of nobody', () => 'https://evil.example/'],
    ['with another query', () => app.replace('login', 'elsewhere')],
    ['without its query', () => app.split('?', 1)[0] ?? ''],
    ['with a fragment', () => `${app}#x`],
    ['with a slash more', () => app.replace('?', '/?')],
    ['with a parameter more', () => `${app}&x=1`],
    ['in other letters', () => app.replace('localhost', 'LOCALHOST')],
    ['of another scheme', () => app.replace('http:', 'https:')],
    ['encoded otherwise', () => app.replace('signed', '%73igned')],
    ['by way of dots', () => app.replace('/signed', '/x/../signed')],
    ['that is ours', () => stage.url('/callback')],
    ['that is empty', () => ''],
    ['with a line end', () => `${app}\n`],
    ['with a space before it', () => ` ${app}`],
  ])('%s is refused and starts nothing', async (_name, make) => {
    const person = stage.person();
    const [started, asked] = [
      stage.bff.logged('login.started').length,
      stage.op.callsOf(PATHS.authorize).length,
    ];
    const query = new URLSearchParams({ redirect_uri: make() }).toString();
    const page = await person.load(stage.url(`/login?${query}`));
    expect([page.status, errorCodeOf(page.body)]).toEqual([400, 'bad_request']);
    expect([page.headers.location, cookiesSet(page)]).toEqual([undefined, []]);
    const told = await person.fetch(stage.url(`/login?${query}`), {
      headers: { accept: JSON_TYPE },
    });
    expectProblem(told, 400, 'bad_request');
    expect(stage.bff.logged('login.started')).toHaveLength(started);
    expect(stage.op.callsOf(PATHS.authorize)).toHaveLength(asked);
  });

  it('twice is refused, even when both are listed', async () => {
    const uri = encodeURIComponent(app);
    const page = await stage
      .person()
      .load(stage.url(`/login?redirect_uri=${uri}&redirect_uri=${uri}`));
    expect([page.status, errorCodeOf(page.body)]).toEqual([400, 'bad_request']);
  });
});

describe('an answer handed in', () => {
  const foreign = 'https://evil.example';
  it.each([
    ['no header', { csrf: false }],
    ['a wrong value', { headers: { 'x-csrf': '0' } }],
    ['a foreign page', { from: foreign }],
    ['a page of the same site that is not listed', { from: 'http://localhost:9' }],
    ['no page at all', { headers: { 'sec-fetch-site': 'none' } }],
    ['the origin null', { headers: { origin: 'null', 'sec-fetch-site': 'cross-site' } }],
  ] as const)('by %s is refused before it is read (ATK-53)', async (_name, init: FetchInit) => {
    const person = stage.person();
    const callback = await answerFor(person);
    const before = redemptions();
    for (const body of [membersOf(callback), 'no JSON']) {
      expectProblem(await handIn(person, body, init), 403, 'csrf_refused');
    }
    expect(redemptions()).toBe(before);
    await expectUnspent(person, callback);
  });

  it.each([
    ['text/plain', 415],
    ['text/json', 415],
    ['application/jsonp', 415],
    ['application/problem+json', 415],
    ['application/json, text/plain', 415],
    ['text/plain; application/json', 415],
    ['multipart/form-data; boundary=x', 415],
    ['', 415],
  ])('as %p is refused (%i)', async (type, status) => {
    const person = stage.person();
    const callback = await answerFor(person);
    const answer = await handIn(person, membersOf(callback), { headers: { 'content-type': type } });
    expectProblem(answer, status, 'unsupported_media_type');
    await expectUnspent(person, callback);
  });

  it.each<[string, (members: Record<string, string>) => unknown, string]>([
    ['no JSON', () => 'code=x', 'bad_request'],
    ['nothing', () => '', 'bad_request'],
    ['an array', (members) => [members], 'bad_request'],
    ['null', () => 'null', 'bad_request'],
    [
      'a code that is no string',
      (members) => ({ ...members, code: [members['code']] }),
      'bad_request',
    ],
    ['an iss that is null', (members) => ({ ...members, iss: null }), 'bad_request'],
    ['a state that is a number', (members) => ({ ...members, state: 7 }), 'bad_request'],
    ['a code of 9 kB', (members) => ({ ...members, code: 'c'.repeat(9_000) }), 'bad_request'],
    [
      'a member twice',
      (members) => JSON.stringify(members).replace('{', '{"state":"x",'),
      'bad_request',
    ],
    ['no code', ({ code: _code, ...members }) => members, 'login_state_missing'],
    ['an empty code', (members) => ({ ...members, code: '' }), 'login_state_missing'],
    ['no state', ({ state: _state, ...members }) => members, 'login_state_missing'],
    ['a code and an error', (members) => ({ ...members, error: 'x' }), 'login_state_missing'],
    ['a state of another shape', (members) => ({ ...members, state: 'x' }), 'login_state_unknown'],
    [
      'a state that nobody gave',
      (members) => ({ ...members, state: STATE }),
      'login_state_unknown',
    ],
    [
      'an issuer of another',
      (members) => ({ ...members, iss: 'https://evil.example' }),
      'login_rejected',
    ],
    ['no issuer', ({ iss: _iss, ...members }) => members, 'login_rejected'],
  ])('with %s is refused and consumes nothing (ATK-28, C-09…C-12)', async (_name, make, code) => {
    const person = stage.person();
    const callback = await answerFor(person);
    const before = redemptions();
    expectProblem(await handIn(person, make(membersOf(callback))), 400, code);
    expect(redemptions()).toBe(before);
    await expectUnspent(person, callback);
  });

  it('of 70 kB is too large', async () => {
    const answer = await handIn(stage.person(), { code: 'c'.repeat(70_000), state: STATE });
    expectProblem(answer, 413, 'payload_too_large');
  });

  it('of a foreign browser is refused and burns nothing (ATK-30)', async () => {
    const attacker = stage.person();
    const callback = await answerFor(attacker, { as: 'bob' });
    for (const victim of [stage.person(), await stage.member()]) {
      expectProblem(await handIn(victim, membersOf(callback)), 400, 'login_state_unknown');
    }
    await expectUnspent(attacker, callback);
  });

  it('twice is taken once, and the session stays (ATK-32, H-05)', async () => {
    const person = stage.person();
    const members = membersOf(await answerFor(person));
    const before = redemptions();
    const answers = await Promise.all(Array.from({ length: 5 }, () => handIn(person, members)));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
      200, 400, 400, 400, 400,
    ]);
    for (const answer of answers.filter(({ status }) => status === 400))
      expectProblem(answer, 400, 'login_state_unknown');
    expectProblem(await handIn(person, members), 400, 'login_state_unknown');
    expect(redemptions()).toBe(before + 1);
    expect(await stage.view(person)).toMatchObject({ authenticated: true });
  });

  it('with a code that the provider did not give is refused, and the answer is spent', async () => {
    const person = stage.person();
    const members = { ...membersOf(await answerFor(person)), code: 'made-up' };
    expectProblem(await handIn(person, members), 400, 'login_rejected');
    expectProblem(await handIn(person, members), 400, 'login_state_unknown');
  });

  it('while the provider does not answer says so', async () => {
    const person = stage.person();
    const members = membersOf(await answerFor(person));
    stage.op.fail(PATHS.token, 503);
    const answer = await handIn(person, members);
    stage.op.behave();
    expectProblem(answer, 503, 'provider_unreachable');
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
  });
});

describe('an error of the provider handed in', () => {
  const errorFor = async (person: UserAgent, error: string): Promise<Record<string, string>> => {
    const query = new URLSearchParams({ redirect_uri: app }).toString();
    const start = locationOf(await person.load(stage.url(`/login?${query}`)));
    const state = start.searchParams.get('state') ?? '';
    return { error, state, iss: stage.op.issuer, error_description: '<script>' };
  };

  it.each([
    ['access_denied', 403, 'login_denied'],
    ['login_required', 403, 'login_denied'],
    ['server_error', 503, 'provider_unreachable'],
    ['<b>', 403, 'login_denied'],
  ])(
    '%s ends that login and leaves the session as it was (ATK-36)',
    async (error, status, code) => {
      const person = await stage.member();
      const { session_id: sessionId } = await stage.view(person);
      const members = await errorFor(person, error);
      const answer = await handIn(person, members);
      expectProblem(answer, status, code);
      expect(answer.body).not.toContain(error === '<b>' ? '<' : 'script');
      expectProblem(await handIn(person, members), 400, 'login_state_unknown');
      expect(await stage.view(person)).toMatchObject({ session_id: sessionId });
    },
  );

  it('of another issuer, or of none, ends nothing (H-21)', async () => {
    const person = stage.person();
    const callback = await answerFor(person);
    const { state = '', iss = '' } = membersOf(callback);
    for (const members of [
      { error: 'access_denied', state, iss: `${iss}/` },
      { error: 'access_denied', state },
    ])
      expectProblem(await handIn(person, members), 400, 'login_rejected');
    await expectUnspent(person, callback);
  });

  it('to prompt=none says that nobody is logged in there (A-28)', async () => {
    const person = stage.person();
    const callback = await answerFor(person, { prompt: 'none' });
    const answer = await handIn(person, membersOf(callback));
    expectProblem(answer, 401, 'unauthenticated');
    expect(jsonOf(answer)).toMatchObject({ login_error: 'login_required', login_url: '/login' });
  });
});

describe('an answer that comes by another way than it was asked for', () => {
  it.each<[string, (person: UserAgent, callback: string) => Promise<Hop>]>([
    [
      'a redirect',
      (person, callback) =>
        person.load(stage.url(`/callback${new URL(callback).search}`), { site: 'cross-site' }),
    ],
    [
      'a form',
      (person, callback) =>
        person.load(stage.url('/callback'), {
          method: 'POST',
          headers: { 'content-type': FORM },
          body: new URLSearchParams(membersOf(callback)).toString(),
          site: 'same-origin',
        }),
    ],
  ])('what was for the application is not taken by %s', async (_name, bring) => {
    const person = stage.person();
    const callback = await answerFor(person);
    const before = redemptions();
    const answer = await bring(person, callback);
    expect([answer.status, errorCodeOf(answer.body)]).toEqual([400, 'login_rejected']);
    expect(cookiesSet(answer)).toEqual([]);
    expect(redemptions()).toBe(before);
    await expectUnspent(person, callback);
  });

  it('what was for us is not taken from a script, as code or as error', async () => {
    const person = stage.person();
    const callback = await stage.callbackFor(person, { return_to: '/mine' });
    const before = redemptions();
    const { code: _code, ...members } = membersOf(callback);
    expectProblem(await handIn(person, membersOf(callback)), 400, 'login_rejected');
    expectProblem(
      await handIn(person, { ...members, error: 'access_denied' }),
      400,
      'login_rejected',
    );
    expect(redemptions()).toBe(before);
    await person.arrive(callback);
    expect(person.page).toBe(stage.url('/mine'));
  });
});

describe('an application on another origin of the same site', () => {
  it('asks for leave, hands the answer in and reads what it is told (ATK-58)', async () => {
    const person = stage.person();
    const callback = await answerFor(person, { redirect_uri: `${sibling}/signed-in` });
    expect(callback.startsWith(`${sibling}/signed-in?`)).toBe(true);
    const preflight = await person.fetch(stage.url('/callback'), {
      method: 'OPTIONS',
      from: sibling,
      csrf: false,
      headers: {
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type,x-csrf',
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers['access-control-allow-headers']).toBe('content-type, x-csrf');
    const wrong = await handIn(person, { state: STATE }, { from: sibling });
    const answer = await handIn(person, membersOf(callback), { from: sibling });
    expect([wrong.status, answer.status]).toEqual([400, 200]);
    for (const hop of [wrong, answer]) {
      expect(hop.headers['access-control-allow-origin']).toBe(sibling);
      expect(hop.headers['access-control-allow-credentials']).toBe('true');
    }
    expect(await stage.view(person)).toMatchObject({ authenticated: true });
  });

  it('is not answered when it is not listed', async () => {
    const person = stage.person();
    const callback = await answerFor(person);
    const other = 'http://localhost:9';
    const answer = await handIn(person, membersOf(callback), { from: other });
    expect(answer.status).toBe(403);
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    await expectUnspent(person, callback);
  });
});

it('a login that was left alone too long is not completed', async () => {
  await using slow = await Stage.open({
    env: { OIDC_REDIRECT_URIS: 'https://app.example.com/signed-in' },
    client: { more: { redirect_uris: ['https://app.example.com/signed-in'] } },
  });
  const person = slow.person();
  const callback = await slow.callbackFor(person, {
    redirect_uri: 'https://app.example.com/signed-in',
  });
  slow.clock.advance(601_000);
  const answer = await person.fetch(slow.url('/callback'), {
    method: 'POST',
    headers: { 'content-type': JSON_TYPE },
    body: JSON.stringify(membersOf(callback)),
  });
  expectProblem(answer, 400, 'login_state_unknown');
  expect(slow.op.callsOf(PATHS.token)).toHaveLength(0);
  expect(slow.bff.logged('login.healed')).toHaveLength(0);
});
