import { cookiesSet, jsonOf, locationOf, type Hop } from '../support/http-exchange.js';
import { errorCodeOf, linksOf, unescapeHtml } from '../support/html-page.js';
import { logoutClaims, sendLogout } from '../support/logout-tokens.js';
import { OpHost, PATHS } from '../support/op-host.js';
import { freePort } from '../support/redis-host.js';
import { CLIENT_ID, Stage } from '../support/stage.js';
import type { UserAgent } from '../support/user-agent.js';

const OF_ONE = 'https://app.example.com/signed-in';
const OF_TWO = 'https://app.example.com/signed-in/two';
const FILE = `providers:
  - id: one
    label: First & <Foremost>
    issuer: \${OIDC_ISSUER}
    clientId: \${OIDC_CLIENT_ID}
    clientSecret: \${OIDC_CLIENT_SECRET}
    userinfo: false
    redirectUris: [${OF_ONE}]
  - id: two
    issuer: \${ISSUER_OF_TWO}
    clientId: \${OIDC_CLIENT_ID}
    clientSecret: \${OIDC_CLIENT_SECRET}
    userinfo: false
    redirectUris: [${OF_TWO}]
`;

/** Sends `iss` and says so (RFC 9207). */
let one: OpHost;
/** Another provider altogether, which has never heard of RFC 9207. */
let two: OpHost;
let stage: Stage;
beforeAll(async () => {
  two = await OpHost.start();
  two.rewriteJson(
    PATHS.discovery,
    ({ authorization_response_iss_parameter_supported: _iss, ...metadata }) => metadata,
  );
  const port = await freePort();
  stage = await Stage.open({
    file: FILE,
    env: {
      PUBLIC_URL: `http://localhost:${port}`,
      PORT: String(port),
      ISSUER_OF_TWO: two.issuer,
      OIDC_SCOPE: undefined,
      OIDC_USERINFO: undefined,
    },
  });
  one = stage.op;
  two.register({
    clientId: CLIENT_ID,
    clientSecret: stage.clientSecret,
    publicUrl: stage.bff.origin,
    more: {
      redirect_uris: [...['/callback/one', '/callback/two'].map((path) => stage.url(path)), OF_TWO],
    },
  });
});
afterAll(async () => {
  await stage.close();
  await two.close();
});

const redemptions = (): number[] => [one, two].map((op) => op.callsOf(PATHS.token).length);
const search = (query: Readonly<Record<string, string>>): string =>
  new URLSearchParams(query).toString();
const open = (person: UserAgent, query: Readonly<Record<string, string>>): Promise<Hop> =>
  person.load(stage.url(`/login?${search(query)}`));

describe('the chooser', () => {
  const choices = async (query: Readonly<Record<string, string>>): Promise<URL[]> => {
    const page = await open(stage.person(), query);
    expect([page.status, cookiesSet(page)]).toEqual([200, []]);
    return linksOf(page.body).map((href) => new URL(href, stage.url('/login')));
  };

  it('offers the providers in the order of the configuration, by label or else by id', async () => {
    const { body } = await open(stage.person(), {});
    const labels = [...body.matchAll(/<a\b[^>]*>([^<]*)<\/a>/g)].map(([, text = '']) =>
      unescapeHtml(text.trim()),
    );
    expect(labels).toEqual(['First & <Foremost>', 'two']);
    expect(body).not.toContain('<Foremost>');
  });

  it('keeps what /login takes, and nothing else', async () => {
    const kept = {
      prompt: 'login',
      login_hint: 'a&b="c"',
      ui_locales: 'de fr',
      acr_values: 'urn:a',
      max_age: '60',
      return_to: '/offer?x=1&y=%26#z',
      healed: '1',
    };
    const links = await choices({
      ...kept,
      scope: 'all',
      state: 'x',
      target_link_uri: '/y',
      foo: 'z',
    });
    expect(links.map((link) => `${link.origin}${link.pathname}`)).toEqual([
      stage.url('/login'),
      stage.url('/login'),
    ]);
    expect(links.map(({ searchParams }) => Object.fromEntries(searchParams))).toEqual([
      { ...kept, provider: 'one' },
      { ...kept, provider: 'two' },
    ]);
    expect((await choices({})).map(({ search: query }) => query)).toEqual([
      '?provider=one',
      '?provider=two',
    ]);
  });

  it.each(['one', 'two'])('leads to %s, and back by its own path', async (id) => {
    const op = id === 'one' ? one : two;
    const person = stage.person();
    const page = await stage.startLogin(person, { return_to: '/chosen', login_hint: 'carol' });
    const [first = '', second = ''] = linksOf(page.body);
    const form = await person.click(id === 'one' ? first : second);
    expect(form.url.startsWith(op.issuer)).toBe(true);
    expect(op.callsOf(PATHS.authorize).at(-1)?.query.get('login_hint')).toBe('carol');
    await person.submit({ user: 'carol' }, form);
    expect(person.page).toBe(stage.url('/chosen'));
    expect(person.hops.some(({ url }) => url.startsWith(stage.url(`/callback/${id}?`)))).toBe(true);
    expect(await stage.view(person)).toMatchObject({ provider: id, user: { sub: 'carol' } });
  });

  it('is the address that a script gets that has not chosen', async () => {
    const query = { return_to: '/chosen', login_hint: 'carol' };
    const answer = await stage
      .person()
      .fetch(stage.url(`/login?${search({ ...query, foo: 'x' })}`), {
        headers: { accept: 'application/json' },
      });
    const location = new URL(String(jsonOf(answer)['location']), stage.url('/'));
    expect(location.pathname).toBe('/login');
    expect(Object.fromEntries(location.searchParams)).toEqual(query);
  });

  it.each([
    ['?return_to=/a&return_to=/b', 'bad_request'],
    ['?prompt=none&prompt=login', 'bad_request'],
    ['?max_age=soon', 'bad_request'],
    ['?provider=one&provider=two', 'bad_request'],
    ['?provider=three', 'unknown_provider'],
    ['?provider=__proto__', 'unknown_provider'],
    ['?provider=ONE', 'unknown_provider'],
    ['?provider=', 'unknown_provider'],
  ])('is not shown for %s', async (query, code) => {
    const page = await stage.person().load(stage.url(`/login${query}`));
    expect([page.status, errorCodeOf(page.body)]).toEqual([400, code]);
  });

  it('is passed over where a third party names the issuer', async () => {
    for (const op of [one, two]) {
      const answer = await open(stage.person(), { iss: op.issuer });
      expect(locationOf(answer).href.startsWith(`${op.issuer}${PATHS.authorize}?`)).toBe(true);
    }
  });

  it('is passed over where a redirect URI of an application names the provider', async () => {
    const answer = await open(stage.person(), { redirect_uri: OF_TWO });
    expect(locationOf(answer).origin).toBe(two.issuer);
    expect(locationOf(answer).searchParams.get('redirect_uri')).toBe(OF_TWO);
    const refused = await open(stage.person(), { redirect_uri: OF_TWO, provider: 'one' });
    expect([refused.status, errorCodeOf(refused.body)]).toEqual([400, 'bad_request']);
  });
});

describe('of two providers', () => {
  interface Flow {
    readonly callback: string;
    readonly state: string;
    readonly code: string;
  }
  let person: UserAgent;
  let ofOne: Flow;
  let ofTwo: Flow;
  /** One browser with a login under way at each. */
  beforeEach(async () => {
    person = stage.person();
    [ofOne, ofTwo] = [await begin('one'), await begin('two')];
  });

  async function begin(provider: string): Promise<Flow> {
    const callback = await stage.callbackFor(person, { provider, return_to: `/of/${provider}` });
    const { state = '', code = '' } = Object.fromEntries(new URL(callback).searchParams);
    return { callback, state, code };
  }

  async function expectRefused(
    path: string,
    query: Readonly<Record<string, string>>,
  ): Promise<void> {
    const answer = await person.load(stage.url(`${path}?${search(query)}`), { site: 'cross-site' });
    expect({ path, status: answer.status, code: errorCodeOf(answer.body) }).toEqual({
      path,
      status: 400,
      code: 'login_rejected',
    });
    expect(cookiesSet(answer)).toEqual([]);
  }

  /** Nothing was consumed and nobody was asked: both logins end where they were to end. */
  async function expectBothUnspent(before: readonly number[]): Promise<void> {
    expect(redemptions()).toEqual(before);
    for (const [flow, id] of [
      [ofOne, 'one'],
      [ofTwo, 'two'],
    ] as const) {
      const answer = await person.load(flow.callback, { site: 'cross-site' });
      expect(answer.status).toBe(303);
      expect(Object.fromEntries(locationOf(answer).searchParams)).toEqual({
        return_to: `/of/${id}`,
      });
      expect(await stage.view(person)).toMatchObject({ authenticated: true, provider: id });
    }
  }

  const PATHS_OF_US = ['/callback/one', '/callback/two', '/callback'];

  it("the code of one is not taken in the other's login (ATK-35, H-14, H-18, E-26)", async () => {
    const before = redemptions();
    for (const path of PATHS_OF_US) {
      const foreign = [
        { state: ofOne.state, code: ofTwo.code, iss: two.issuer },
        { state: ofTwo.state, code: ofOne.code, iss: one.issuer },
      ];
      for (const query of foreign) await expectRefused(path, query);
    }
    await expectBothUnspent(before);
  });

  it('an answer does not become good by the path, the issuer or their absence (C-09, C-10, H-18, H-19)', async () => {
    const before = redemptions();
    const { state, code } = ofOne;
    await expectRefused('/callback/two', { state, code, iss: one.issuer });
    await expectRefused('/callback', { state, code, iss: one.issuer });
    await expectRefused('/callback/three', { state, code, iss: one.issuer });
    await expectRefused('/callback/one', { state, code, iss: two.issuer });
    await expectRefused('/callback/one', { state, code, iss: `${one.issuer}/` });
    await expectRefused('/callback/one', { state, code, iss: '' });
    await expectRefused('/callback/one', { state, code });
    await expectBothUnspent(before);
  });

  it('one that says nothing of iss is known by its path; what it sends must be right all the same (H-20)', async () => {
    const before = redemptions();
    const { state, code } = ofTwo;
    await expectRefused('/callback/one', { state, code });
    await expectRefused('/callback', { state, code });
    await expectRefused('/callback/two', { state, code, iss: one.issuer });
    await expectRefused('/callback/two', { state, code, iss: '' });
    expect(redemptions()).toEqual(before);
    const answer = await person.load(stage.url(`/callback/two?${search({ state, code })}`), {
      site: 'cross-site',
    });
    expect(answer.status).toBe(303);
    expect(await stage.view(person)).toMatchObject({ provider: 'two' });
  });

  it("an error of one does not end the other's login (H-21)", async () => {
    const before = redemptions();
    const error = 'access_denied';
    await expectRefused('/callback/one', { state: ofOne.state, error, iss: two.issuer });
    await expectRefused('/callback/one', { state: ofOne.state, error });
    await expectRefused('/callback/two', { state: ofOne.state, error, iss: one.issuer });
    await expectRefused('/callback/two', { state: ofTwo.state, error, iss: one.issuer });
    await expectRefused('/callback/one', { state: ofTwo.state, error });
    await expectRefused('/callback', { state: ofTwo.state, error, iss: two.issuer });
    await expectBothUnspent(before);
  });

  it('one that sends the browser on to the other does not get its code (RFC 9700 §4.4.1)', async () => {
    // The person chose one; one leads on to two, under our name there and with its own state.
    const victim = stage.person();
    const asked = locationOf(await open(victim, { provider: 'one' }));
    const before = redemptions();
    const forged = new URL(`${two.issuer}${PATHS.authorize}${asked.search}`);
    forged.searchParams.set('redirect_uri', stage.url('/callback/two'));
    const form = await victim.arrive(forged.href);
    expect(form.url.startsWith(two.issuer)).toBe(true);
    const end = await victim.submit({ user: 'alice' }, form);
    expect(new URL(end.url).pathname).toBe('/callback/two');
    expect([end.status, errorCodeOf(end.body)]).toEqual([400, 'login_rejected']);
    expect(redemptions()).toEqual(before);
    // Nor when the answer of two is carried to where one was expected.
    const carried = end.url.replace('/callback/two', '/callback/one');
    expect((await victim.load(carried, { site: 'cross-site' })).status).toBe(400);
    const { iss: _iss, ...silent } = Object.fromEntries(new URL(end.url).searchParams);
    const again = stage.url(`/callback/one?${search(silent)}`);
    expect((await victim.load(again, { site: 'cross-site' })).status).toBe(400);
    expect(redemptions()).toEqual(before);
    expect(await stage.view(victim)).toMatchObject({ authenticated: false });
  });

  it('an application hands the answer in where its provider is named', async () => {
    const before = redemptions();
    const callback = await stage.callbackFor(person, { redirect_uri: OF_TWO });
    const hand = (path: string, change: Readonly<Record<string, string>> = {}): Promise<Hop> =>
      person.fetch(stage.url(path), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ...Object.fromEntries(new URL(callback).searchParams), ...change }),
      });
    for (const answer of [
      await hand('/callback'),
      await hand('/callback/one'),
      await hand('/callback/two', { iss: one.issuer }),
    ]) {
      expect([answer.status, jsonOf(answer)['code']]).toEqual([400, 'login_rejected']);
    }
    expect(redemptions()).toEqual(before);
    const answer = await hand('/callback/two');
    expect(answer.status).toBe(200);
    expect(jsonOf(answer)).toMatchObject({ authenticated: true, provider: 'two' });
  });
});

describe('a back-channel logout by one of two providers', () => {
  const member = async (provider: string): Promise<UserAgent> => {
    const person = stage.person();
    await person.arrive(await stage.callbackFor(person, { provider, as: 'carol' }));
    expect(await stage.view(person)).toMatchObject({ authenticated: true, provider });
    return person;
  };
  const tokenOf = (op: OpHost, claims: Readonly<Record<string, unknown>>): string =>
    op.key.sign(logoutClaims(stage, { iss: op.issuer, ...claims }), { typ: 'logout+jwt' });

  it('ends the sessions of its own user, and not of one of the same name at the other (ATK-79)', async () => {
    const [first, again, other] = [await member('one'), await member('one'), await member('two')];
    const states = () =>
      Promise.all([first, again, other].map(async (one) => (await stage.view(one))['reason']));
    expect((await sendLogout(stage, tokenOf(one, { sub: 'carol' }))).status).toBe(200);
    expect(await states()).toEqual(['backchannel', 'backchannel', undefined]);
    expect(await stage.view(other)).toMatchObject({ authenticated: true });
    expect((await sendLogout(stage, tokenOf(two, { sub: 'carol' }))).status).toBe(200);
    expect(await states()).toEqual(['backchannel', 'backchannel', 'backchannel']);
  });

  it("is none that is told in the other's name (ATK-79, ATK-80)", async () => {
    const person = await member('one');
    for (const [op, iss] of [
      [one, two.issuer],
      [two, one.issuer],
    ] as const)
      expect((await sendLogout(stage, tokenOf(op, { iss, sub: 'carol' }))).status).toBe(400);
    expect(await stage.view(person)).toMatchObject({ authenticated: true });
  });
});
