import { cookiesSet, jsonOf, locationOf, type Hop } from '../support/http-exchange.js';
import { errorCodeOf } from '../support/html-page.js';
import { PATHS } from '../support/op-host.js';
import { Stage } from '../support/stage.js';
import type { UserAgent } from '../support/user-agent.js';

const FORM = 'application/x-www-form-urlencoded';
const THIRD_PARTY = 'https://third.example/';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
afterAll(() => stage.close());

type Fields = Readonly<Record<string, string>>;
const WAYS = ['a link', 'a form'] as const;

/** A login as a third party initiates it: nothing is followed. */
function initiate(
  way: (typeof WAYS)[number],
  person: UserAgent,
  fields: Fields | string,
): Promise<Hop> {
  const query = new URLSearchParams(fields).toString();
  if (way === 'a link') return person.load(stage.url(`/login?${query}`), { site: 'cross-site' });
  return person.load(stage.url('/login'), {
    method: 'POST',
    headers: { 'content-type': FORM, origin: new URL(THIRD_PARTY).origin },
    body: query,
    site: 'cross-site',
  });
}

/** The request that the provider gets of it. */
async function requestOf(
  way: (typeof WAYS)[number],
  person: UserAgent,
  fields: Fields | string,
): Promise<URL> {
  const first = await initiate(way, person, fields);
  if (way === 'a link') return locationOf(first);
  expect([first.status, cookiesSet(first)]).toEqual([303, []]);
  expect(locationOf(first).href.startsWith(stage.url('/login?'))).toBe(true);
  return locationOf(await person.load(locationOf(first).href, { site: 'cross-site' }));
}

describe.each(WAYS)('a third party that initiates a login by %s', (way) => {
  const issuer = (): string => stage.op.issuer;

  it('leads through the provider to the page that it names (A-44, OIDC Core §4)', async () => {
    const person = stage.person();
    person.page = THIRD_PARTY;
    const fields = { iss: issuer(), login_hint: 'bob', target_link_uri: stage.url('/offer?x=1#y') };
    const page =
      way === 'a link'
        ? await person.arrive(stage.url(`/login?${new URLSearchParams(fields).toString()}`))
        : await person.submitForm({ action: stage.url('/login'), method: 'POST', fields });
    await person.submit({ user: 'bob' }, page);
    expect(person.page).toBe(stage.url('/offer?x=1#y'));
    expect(await stage.view(person)).toMatchObject({ authenticated: true, user: { sub: 'bob' } });
  });

  it.each(['https://evil.example/x', '//evil.example/x', 'https://localhost@evil.example/'])(
    'leads home where the page that it names is not ours: %s (ATK-25, F-26)',
    async (target) => {
      const person = stage.person();
      const location = await requestOf(way, person, { iss: issuer(), target_link_uri: target });
      const callback = await stage.sentTo([stage.url('/callback')], {
        person,
        from: location.href,
        as: 'bob',
      });
      await person.arrive(callback);
      expect(person.page).toBe(stage.url('/'));
      expect(person.hops.every(({ url }) => new URL(url).hostname !== 'evil.example')).toBe(true);
      expect(await stage.view(person)).toMatchObject({ user: { sub: 'bob' } });
    },
  );

  it('takes nothing over but the hint (ATK-25, F-26)', async () => {
    const lies = {
      scope: 'openid admin',
      prompt: 'none',
      acr_values: 'urn:weak',
      max_age: '999999',
      ui_locales: 'xx',
      redirect_uri: 'https://evil.example/',
      return_to: '/elsewhere',
      healed: '1',
      response_type: 'token',
      response_mode: 'fragment',
      client_id: 'other',
      state: 'chosen',
      nonce: 'chosen',
      code_challenge: 'chosen',
      request: 'jwt',
      request_uri: 'https://evil.example/r',
      auth_request_params: 'prompt=none',
      claims: '{}',
      resource: 'urn:x',
    };
    const person = stage.person();
    const [plain, asked] = [
      await requestOf(way, person, { iss: issuer() }),
      await requestOf(way, person, { ...lies, iss: issuer(), login_hint: 'bob' }),
    ];
    const parametersOf = (url: URL): Record<string, string> => {
      const {
        state,
        nonce,
        code_challenge: challenge,
        ...rest
      } = Object.fromEntries(url.searchParams);
      for (const one of [state, nonce, challenge]) expect(one).toMatch(/^[\w-]{43}$/);
      return rest;
    };
    expect(asked.origin + asked.pathname).toBe(`${issuer()}${PATHS.authorize}`);
    expect(parametersOf(asked)).toEqual({ ...parametersOf(plain), login_hint: 'bob' });
  });

  it.each([
    ['another', 'https://evil.example'],
    ['one with a slash more', 'slash'],
    ['one in other letters', 'case'],
    ['none', ''],
  ])('is refused for %s issuer (ATK-25, F-26)', async (_name, iss) => {
    const given: Fields = { slash: `${issuer()}/`, case: issuer().toUpperCase() };
    const person = stage.person();
    const answer = await initiate(way, person, {
      iss: given[iss] ?? iss,
      target_link_uri: stage.url('/x'),
    });
    expect([answer.status, errorCodeOf(answer.body)]).toEqual([400, 'unknown_provider']);
    expect([answer.headers.location, cookiesSet(answer)]).toEqual([undefined, []]);
  });

  it.each([
    ['a provider beside the issuer', (iss: string) => `iss=${iss}&provider=generic`],
    ['two issuers', (iss: string) => `iss=${iss}&iss=${iss}`],
    ['two targets', (iss: string) => `iss=${iss}&target_link_uri=/a&target_link_uri=/b`],
    ['two hints', (iss: string) => `iss=${iss}&login_hint=a&login_hint=b`],
    ['a hint of 2 kB', (iss: string) => `iss=${iss}&login_hint=${'h'.repeat(2_000)}`],
  ])('is refused with %s', async (_name, query) => {
    const answer = await initiate(way, stage.person(), query(encodeURIComponent(issuer())));
    expect([answer.status, errorCodeOf(answer.body)]).toEqual([400, 'bad_request']);
    expect([answer.headers.location, cookiesSet(answer)]).toEqual([undefined, []]);
  });

  it('leaves the logins of other tabs alone', async () => {
    const person = stage.person();
    const callback = await stage.callbackFor(person, { return_to: '/mine' });
    const binding = await person.cookie(stage.url('/'), stage.bff.loginCookieName);
    await requestOf(way, person, { iss: issuer() });
    expect(await person.cookie(stage.url('/'), stage.bff.loginCookieName)).toBe(binding);
    await person.arrive(callback);
    expect(person.page).toBe(stage.url('/mine'));
  });

  it('is framed by nobody (F-26)', async () => {
    for (const answer of [
      await initiate(way, stage.person(), { iss: issuer() }),
      await initiate(way, stage.person(), { iss: 'https://evil.example' }),
    ]) {
      expect(answer.headers['x-frame-options']).toBe('DENY');
    }
  });
});

describe('a form that initiates a login', () => {
  it.each([
    ['without an issuer', 'login_hint=bob', FORM, 400, 'unknown_provider'],
    ['that is empty', '', FORM, 400, 'unknown_provider'],
    ['of JSON', '{}', 'application/json', 415, 'unsupported_media_type'],
    ['of plain text', 'iss=x', 'text/plain', 415, 'unsupported_media_type'],
    ['of 70 kB', `login_hint=${'x'.repeat(70_000)}`, FORM, 413, 'payload_too_large'],
  ])('%s is refused', async (_name, body, type, status, code) => {
    const answer = await stage.person().load(stage.url('/login'), {
      method: 'POST',
      headers: { 'content-type': type },
      body,
      site: 'cross-site',
    });
    expect([answer.status, errorCodeOf(answer.body)]).toEqual([status, code]);
  });

  it.each<[string, (body: string) => Promise<Hop>]>([
    [
      'a frame',
      (body) =>
        stage.person().subresource(stage.url('/login'), 'iframe', {
          method: 'POST',
          headers: { 'content-type': FORM },
          body,
          site: 'cross-site',
        }),
    ],
    [
      'a script, ours as well',
      (body) =>
        stage.person().fetch(stage.url('/login'), {
          method: 'POST',
          headers: { 'content-type': FORM, accept: 'application/json' },
          body,
        }),
    ],
    [
      'a prerender',
      (body) =>
        stage.person().load(stage.url('/login'), {
          method: 'POST',
          headers: { 'content-type': FORM, 'sec-purpose': 'prefetch;prerender' },
          body,
        }),
    ],
  ])('is a page load, not one of %s', async (_name, send) => {
    const answer = await send(`iss=${encodeURIComponent(stage.op.issuer)}`);
    expect(answer.status).toBe(400);
    expect(answer.headers.location).toBeUndefined();
    if (String(answer.headers['content-type']).includes('json'))
      expect(jsonOf(answer)).toMatchObject({ code: 'not_a_navigation' });
    else expect(errorCodeOf(answer.body)).toBe('not_a_navigation');
  });
});

it('an operator who does not hand on login_hint does not hand on that of a third party', async () => {
  await using strict = await Stage.open({ env: { LOGIN_PARAMETERS: 'ui_locales' } });
  const query = new URLSearchParams({ iss: strict.op.issuer, login_hint: 'bob' }).toString();
  const answer = await strict.person().load(strict.url(`/login?${query}`), { site: 'cross-site' });
  expect(locationOf(answer).searchParams.has('login_hint')).toBe(false);
});
