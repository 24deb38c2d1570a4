import { ownPrefixes } from '../../src/http/route-table.js';
import { cookiesSet, locationOf, type Hop } from '../support/http-exchange.js';
import { errorCodeOf, linksOf, scriptTargetOf } from '../support/html-page.js';
import { JsonServer } from '../support/json-server.js';
import { sendRaw } from '../support/raw-socket.js';
import { corpusFor, faultOf, REDIRECT_CORPUS, type Realm } from '../support/redirect-corpus.js';
import { Stage } from '../support/stage.js';
import { UserAgent } from '../support/user-agent.js';

const BATCH = 100;
const BATCHES = Array.from({ length: Math.ceil(REDIRECT_CORPUS.length / BATCH) }, (_, at) => [
  at * BATCH,
  (at + 1) * BATCH,
]);
const FORM = 'application/x-www-form-urlencoded';
/** Names under which other products take a place to go to. */
const UNREAD = [
  'redirect',
  'redirect_to',
  'rd',
  'next',
  'url',
  'continue',
  'returnTo',
  'RelayState',
  'error_uri',
  'return_to',
  'target_link_uri',
  'post_logout_redirect_uri',
  'login_url',
];
const REFUSED = { status: 400, code: 'bad_request', location: undefined, cookies: [] };

const refusalOf = (hop: Hop) => ({
  status: hop.status,
  code: errorCodeOf(hop.body),
  location: hop.headers.location,
  cookies: cookiesSet(hop),
});

const realmOf = ({ bff }: Stage): Realm => ({
  origin: bff.origin,
  basePath: bff.config.server.basePath,
  closed: [...ownPrefixes(), '/api'],
});

/** The strings of a batch after which something is wrong, with what it is. */
async function faultsIn(
  stage: Stage,
  [from, to]: readonly (number | undefined)[],
  goes: (given: string) => Promise<string | undefined>,
): Promise<object[]> {
  const realm = realmOf(stage);
  const faults: object[] = [];
  for (const given of corpusFor(stage.bff.origin).slice(from, to)) {
    const place = await goes(given).catch((error: unknown) => `broken: ${String(error)}`);
    const fault = faultOf(place, realm);
    if (fault !== undefined) faults.push({ given, fault, place });
  }
  return faults;
}

/** More logins a minute than a network has. */
const MANY = { LIMIT_LOGIN: 'off', LIMIT_CALLBACK: 'off' };

describe('whatever is asked for', () => {
  let stage: Stage;
  /** Logged in here and at the provider. Not of the stage: what they see is too much to be looked through for secrets. */
  let member: UserAgent;
  let stranger: UserAgent;
  beforeAll(async () => {
    stage = await Stage.open({ env: MANY });
    member = new UserAgent();
    stranger = new UserAgent();
    await stage.logIn(member);
  });
  afterAll(() => stage.close());

  const at = (path: string, query: Readonly<Record<string, string>>): string =>
    stage.url(`${path}?${new URLSearchParams(query).toString()}`);
  const pageAfter = async (person: UserAgent, url: string): Promise<string> => {
    await person.visit(url);
    return person.page;
  };

  const errorFor = (started: Hop, error: string): string => {
    const state = locationOf(started).searchParams.get('state') ?? '';
    return at('/callback', { state, error, iss: stage.op.issuer });
  };

  /** Where a login leads that was started: its answer comes twice, and the second time it is only brought home. */
  async function placeKeptBy(started: Hop): Promise<string> {
    const answer = errorFor(started, 'access_denied');
    expect((await member.load(answer, { site: 'cross-site' })).status).toBe(403);
    await member.arrive(answer);
    return member.page;
  }

  const WAYS: readonly (readonly [string, (given: string) => Promise<string | undefined>])[] = [
    [
      'return_to of a login, followed to its end',
      (given) => pageAfter(member, at('/login', { return_to: given })),
    ],
    [
      'return_to of a login that must not ask',
      async (given) => {
        const started = await member.load(at('/login', { return_to: given, prompt: 'none' }));
        await member.arrive(errorFor(started, 'login_required'));
        expect(new URL(member.page).searchParams.get('login_error')).toBe('login_required');
        return member.page;
      },
    ],
    [
      'return_to of the bounce page',
      async (given) =>
        scriptTargetOf((await member.load(at('/login/return', { return_to: given }))).body),
    ],
    [
      'return_to of a bounce that heals, followed to its end',
      (given) => pageAfter(member, at('/login/return', { return_to: given, heal: '1' })),
    ],
    [
      'return_to of a bounce that has come back with a session',
      async (given) => {
        const answer = await member.load(at('/login/return', { return_to: given, heal: '2' }));
        return answer.headers.location;
      },
    ],
    [
      'return_to of a bounce that has come back without a session',
      async (given) => {
        const answer = await stranger.load(at('/login/return', { return_to: given, heal: '2' }));
        const login = locationOf(answer);
        expect(`${login.origin}${login.pathname}`).toBe(stage.url('/login'));
        return login.searchParams.get('return_to') ?? undefined;
      },
    ],
    [
      'target_link_uri of a third party by link',
      async (given) => {
        const query = { iss: stage.op.issuer, target_link_uri: given };
        return placeKeptBy(await member.load(at('/login', query), { site: 'cross-site' }));
      },
    ],
    [
      'target_link_uri of a third party by form',
      async (given) => {
        const body = new URLSearchParams({ iss: stage.op.issuer, target_link_uri: given });
        const answer = await member.load(stage.url('/login'), {
          method: 'POST',
          headers: { 'content-type': FORM, origin: 'https://third.example' },
          body: body.toString(),
          site: 'cross-site',
        });
        const link = locationOf(answer).searchParams.get('target_link_uri');
        expect(faultOf(link ?? undefined, realmOf(stage))).toBeUndefined();
        return placeKeptBy(await member.load(locationOf(answer).href, { site: 'cross-site' }));
      },
    ],
  ];

  describe.each(WAYS)('%s', (_name, goes) => {
    it.each(BATCHES)(
      'leads to a page of ours, strings %i to %i (ATK-20…25, ATK-29, H-01, P-39, P-10, E-40)',
      async (...batch) => {
        expect(await faultsIn(stage, batch, goes)).toEqual([]);
      },
    );
  });

  it.each(BATCHES)(
    'redirect_uri is refused and leads nowhere, strings %i to %i',
    async (from, to) => {
      for (const given of corpusFor(stage.bff.origin).slice(from, to)) {
        const page = await member.load(at('/login', { redirect_uri: given }));
        expect({ given, ...refusalOf(page) }).toEqual({ given, ...REFUSED });
      }
    },
  );

  it.each(BATCHES)('no other parameter leads anywhere, strings %i to %i', async (from, to) => {
    for (const given of corpusFor(stage.bff.origin).slice(from, to)) {
      const query = Object.fromEntries(UNREAD.map((name) => [name, given]));
      for (const path of ['/logout', '/logout/done', '/callback']) {
        const { body, headers } = await stranger.load(at(path, query));
        const places = [headers.location, headers['refresh'], scriptTargetOf(body)].filter(Boolean);
        for (const place of [...places, ...linksOf(body)].map(String))
          expect({ given, path, at: new URL(place, stage.url(path)).origin }).toEqual({
            given,
            path,
            at: stage.bff.origin,
          });
      }
    }
  });

  it.each(BATCHES)('nor does the path itself, strings %i to %i (ATK-24)', async (from, to) => {
    for (const given of corpusFor(stage.bff.origin).slice(from, to)) {
      // What no request line can carry would be another request.
      // oxlint-disable-next-line no-control-regex -- control characters are what is taken out
      const target = given.replaceAll(/[\u0000-\u0020\u007f-\uffff]/g, '');
      const answer = await sendRaw(stage.bff.port, [
        `GET ${target === '' ? '/' : target} HTTP/1.1`,
        'Host: localhost',
        'Accept: text/html',
      ]);
      const { location } = answer.headers;
      if (location === undefined) continue;
      const { origin } = new URL(location, stage.bff.origin);
      if (origin === stage.bff.origin) continue;
      // The one way off is that of /login, to the provider.
      expect({ given, path: target.split('?', 1)[0] }).toEqual({ given, path: '/login' });
      expect(origin).toBe(stage.op.issuer);
    }
  });
});

describe('with several providers', () => {
  const PROVIDER = `
    issuer: \${OIDC_ISSUER}
    clientId: \${OIDC_CLIENT_ID}
    clientSecret: \${OIDC_CLIENT_SECRET}
    userinfo: false`;
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open({
      file: `providers:\n  - id: one${PROVIDER}\n  - id: two${PROVIDER}\n`,
      env: { ...MANY, OIDC_SCOPE: undefined, OIDC_USERINFO: undefined },
    });
  });
  afterAll(() => stage.close());

  it.each(BATCHES)(
    'the links of the chooser keep nothing that leads away, strings %i to %i',
    async (...batch) => {
      const person = new UserAgent();
      for (const name of ['return_to', 'target_link_uri']) {
        const more = name === 'return_to' ? {} : { iss: stage.op.issuer };
        const goes = async (given: string): Promise<string> => {
          const query = new URLSearchParams({ ...more, [name]: given }).toString();
          const links = linksOf((await person.load(stage.url(`/login?${query}`))).body);
          expect(links).toHaveLength(2);
          const [one, two] = links.map((link) => new URL(link, stage.url('/login')));
          expect([one, two].map((url) => url?.origin)).toEqual([
            stage.bff.origin,
            stage.bff.origin,
          ]);
          expect(two?.searchParams.get('return_to')).toBe(one?.searchParams.get('return_to'));
          return one?.searchParams.get('return_to') ?? '/';
        };
        expect(await faultsIn(stage, batch, goes)).toEqual([]);
      }
    },
  );
});

describe('a place of ours', () => {
  let stage: Stage;
  let person: UserAgent;
  beforeAll(async () => {
    stage = await Stage.open({ env: MANY });
    person = stage.person();
  });
  afterAll(() => stage.close());

  it.each([
    '/',
    '/inbox',
    '/a/b?c=d&e=f#g',
    '/ü',
    '/a%20b',
    '/login-help',
    '/apis',
    '/sessionsearch',
    '/x?next=//evil.example',
  ])('leads to a page of ours: %s', async (path) => {
    const page = await person.load(
      stage.url(`/login/return?return_to=${encodeURIComponent(path)}`),
    );
    expect(scriptTargetOf(page.body)).toBe(path === '/ü' ? '/%C3%BC' : path);
  });

  it('leads to a page of ours by its full address', async () => {
    const page = await person.load(
      stage.url(`/login/return?return_to=${encodeURIComponent(stage.url('/inbox?x=1#y'))}`),
    );
    expect(scriptTargetOf(page.body)).toBe('/inbox?x=1#y');
  });

  it('is cut at no length: what is too long leads home', async () => {
    const page = await person.load(stage.url(`/login/return?return_to=/${'a'.repeat(5_000)}`));
    expect(scriptTargetOf(page.body)).toBe('/');
  });
});

describe('RETURN_ORIGINS', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open({ env: { ...MANY, RETURN_ORIGINS: 'https://app.example.com' } });
  });
  afterAll(() => stage.close());

  const target = async (value: string): Promise<string | undefined> =>
    scriptTargetOf(
      (await stage.person().load(stage.url(`/login/return?return_to=${encodeURIComponent(value)}`)))
        .body,
    );

  it.each(['https://app.example.com', 'https://app.example.com/x?y#z'])(
    'lets a listed one in: %s',
    async (value) => {
      expect(await target(value)).toBe(new URL(value).href);
    },
  );

  it('is where a login leads that may, and the judge of these tests sees it', async () => {
    const elsewhere = await JsonServer.start();
    await using open = await Stage.open({ env: { RETURN_ORIGINS: elsewhere.origin } });
    const person = await open.member({ return_to: `${elsewhere.origin}/welcome` });
    expect(elsewhere.asked).toEqual(['GET /welcome']);
    expect(faultOf(person.page, realmOf(open))).toBe(`leads to ${elsewhere.origin}`);
    await elsewhere.stop();
  });

  it.each([
    'http://app.example.com/',
    'https://app.example.com:8443/',
    'https://app.example.com.evil.example/',
    'https://evilapp.example.com/',
    'https://app.example.com@evil.example/',
    'https://app.example.com:x@evil.example/',
    'https://user@app.example.com/',
    'https://sub.app.example.com/',
    'https://app.example.com.',
    'https://app.example.com\\@evil.example',
    'https:app.example.com',
    '//app.example.com/',
    'HTTPS://APP.EXAMPLE.COM/',
  ])('and nothing that looks like it: %s (ATK-21, ATK-22)', async (value) => {
    expect(await target(value)).toBe('/');
  });
});
