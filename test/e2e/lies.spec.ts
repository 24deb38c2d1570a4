import { randomBytes } from 'node:crypto';
import { AuthentiqEmulator } from '../support/emulators/authentiq.emulator.js';
import { AuthingEmulator } from '../support/emulators/authing.emulator.js';
import { EmulatedProvider } from '../support/emulators/emulated-provider.js';
import { EudiwEmulator } from '../support/emulators/eudiw.emulator.js';
import { newProviderKey } from '../support/emulators/provider-key.js';
import { generatedBlock } from '../support/generated-table.js';
import { jsonOf, locationOf, type Hop } from '../support/http-exchange.js';
import { JsonServer } from '../support/json-server.js';
import { ACCESS_TOKEN_LIES } from '../support/lies/access-token.lies.js';
import { ALGORITHM_LIES } from '../support/lies/algorithm.lies.js';
import { BELIEVED } from '../support/lies/believed.js';
import { CALLBACK_LIES, UNPROMISED_LIES, type Arriving } from '../support/lies/callback.lies.js';
import { CLAIM_LIES } from '../support/lies/claim.lies.js';
import {
  DECRYPTION_KEY,
  ENCRYPTION_LIES,
  encryptedTruth,
} from '../support/lies/encryption.lies.js';
import { ENDLESS_LIES } from '../support/lies/endless.lies.js';
import { HostileFront } from '../support/lies/hostile-front.js';
import { KIND_LIES } from '../support/lies/kind.lies.js';
import type { Lie, TokenLie } from '../support/lies/lie.types.js';
import { LieTable } from '../support/lies/lie-table.js';
import {
  DISCOVERY_LIES,
  KEY_SET_LIES,
  METADATA_LIES,
  WRONG_KEYS,
} from '../support/lies/metadata.lies.js';
import { MIX_UP_LIES } from '../support/lies/mix-up.lies.js';
import { OpScene } from '../support/lies/op-scene.js';
import { ODD_ANSWERS, REFRESH_LIES } from '../support/lies/refresh.lies.js';
import { ROWS } from '../support/lies/rows.js';
import { STRANGER, type Asked, type Scene } from '../support/lies/scene.js';
import { SeedScene } from '../support/lies/seed-scene.js';
import { SIGNATURE_LIES } from '../support/lies/signature.lies.js';
import { TOKEN_ANSWER_LIES } from '../support/lies/token-answer.lies.js';
import { USERINFO_LIES } from '../support/lies/userinfo.lies.js';
import {
  judge,
  namesOf,
  revokedBy,
  tokensOf,
  upTo,
  type Verdict,
} from '../support/lies/verdict.js';
import { sendLogout } from '../support/logout-tokens.js';
import { PATHS } from '../support/op-host.js';
import { CLIENT_ID } from '../support/stage.js';
import type { UserAgent } from '../support/user-agent.js';

const REJECTED = '400 login_rejected';
const UNREACHABLE = '503 provider_unreachable';
const SECTION = {
  idToken: '**The ID token**, told in a login.',
  algorithm:
    '**The ID token where another algorithm is configured** (the columns), and RS256 keys are published as well.',
  encryption: '**The ID token where encryption was agreed on.**',
  accessToken: '**The access token where it says who logged in** (profile `eudiw`).',
  answer: '**The answer of the token endpoint**, told in a login.',
  userinfo:
    '**Userinfo**, beside an ID token. What is out of order is left out, and the login goes on without it.',
  identity: '**Userinfo where it says who logged in** (plain OAuth 2.0).',
  callback: '**The answer that a browser brings to `/callback`.**',
  unpromised:
    '**The same, of a provider that has no PKCE and promises no `iss`** (profile `authentiq`).',
  mixUp: '**Two providers**: what is true of one, brought to the other.',
  document: '**Metadata and keys**, told to a product that has none yet.',
  endless: '**Answers without end**, with a time limit of half a second.',
  refresh:
    '**A refresh.** With `401` the session ended; else it goes on with the tokens that it had. What the lie brought is used in neither case.',
  kind: '**A token of another kind as a logout token.** No session ends.',
  odd: '**Odd answers of a refresh, which are no lies**: what they leave out stays as it was, and five calls of the API lead to no further refresh.',
  believed: '**What looks like a lie and is none**: the same machinery logs in.',
} as const;

const table = new LieTable();
type Named = Pick<Lie<unknown>, 'rows' | 'lie'>;
const named = <T extends Named>(lies: readonly T[]) =>
  lies.map((lie) => [`${lie.rows.join(', ')}: ${lie.lie}`, lie] as const);
const of = <T extends Named>(prefix: string, lie: T): T => ({
  ...lie,
  lie: `${prefix}: ${lie.lie}`,
});

/** Somebody else publishes keys and documents; nobody may ask for them. */
let elsewhere: JsonServer;
beforeAll(async () => {
  elsewhere = await JsonServer.start();
  elsewhere.answerJson({ keys: [STRANGER.publicJwk] });
});
afterAll(async () => {
  expect(elsewhere.asked).toEqual([]);
  await elsewhere.stop();
});

/** Refused: our own page, no session, no cookie, and nothing but `calls` afterwards. */
function expectRefused(verdict: Verdict, answer: string, calls?: readonly Asked[]): void {
  const { afterwards, ...rest } = verdict;
  expect(rest).toEqual({ answer, isOurs: true, cookies: [], session: 401 });
  const names = namesOf(afterwards);
  if (calls !== undefined) return expect(names).toEqual(calls);
  for (const allowed of ['keys', 'revoke'] as const)
    expect(names.filter((name) => name === allowed).length).toBeLessThanOrEqual(1);
  expect(names.filter((name) => name !== 'keys' && name !== 'revoke')).toEqual([]);
}

/** A login in which a lie is told at one endpoint; what is revoked afterwards is what came. */
async function logInWith(scene: Scene, at: Asked, query: TokenLie['query'] = {}): Promise<Verdict> {
  const since = scene.asked().length;
  const person = scene.person();
  const page = await scene.logIn(person, query);
  const verdict = await judge(scene, person, { page, told: upTo(scene, at, since) });
  const answered = scene.asked()[upTo(scene, 'token', since) - 1]!;
  for (const call of verdict.afterwards.filter(({ what }) => what === 'revoke'))
    expect(tokensOf(answered)).toContain(revokedBy(call));
  return verdict;
}

/** Tells each lie about the token that says who logs in, to a person of its own. */
function describeTokens(
  name: string,
  section: string,
  open: () => Promise<Scene>,
  lies: readonly TokenLie[],
): void {
  describe(name, () => {
    let scene: Scene;
    beforeAll(async () => {
      scene = await open();
    });
    beforeEach(() => scene.settle());
    afterAll(() => scene.close());

    it.each(named(lies))('%s', async (_label, lie) => {
      scene.tellToken(lie.tell);
      const verdict = await logInWith(scene, 'token', lie.query);
      table.add(lie, { section, teller: scene.teller, ...verdict });
      expectRefused(verdict, REJECTED);
    });
  });
}

const ID_TOKEN_LIES = [...CLAIM_LIES, ...SIGNATURE_LIES];
const bySecret = ID_TOKEN_LIES.filter(({ only }) => only !== 'published');

describeTokens(
  'an ID token of oidc-provider, RS256',
  SECTION.idToken,
  () => OpScene.open({ op: { accessTokens: 'opaque' }, strangerUrl: `${elsewhere.origin}/keys` }),
  ID_TOKEN_LIES.filter(({ only }) => only !== 'secret'),
);
describeTokens(
  'an ID token of authentiq, HS256',
  SECTION.idToken,
  async () =>
    SeedScene.open({
      profile: 'authentiq',
      provider: await AuthentiqEmulator.start(),
      authMethod: 'client_secret_basic',
      strangerUrl: `${elsewhere.origin}/keys`,
    }),
  // Its document knows no such parameter, and the emulator refuses what its document does not know.
  bySecret.filter(({ query }) => query?.['acr_values'] === undefined),
);
describeTokens(
  'an ID token of authing, HS256',
  SECTION.idToken,
  async () =>
    SeedScene.open({
      profile: 'authing',
      provider: await AuthingEmulator.start(),
      authMethod: 'client_secret_post',
      strangerUrl: `${elsewhere.origin}/keys`,
    }),
  bySecret,
);
for (const alg of ['ES256', 'PS256', 'EdDSA']) {
  describeTokens(
    `an ID token where ${alg} is configured`,
    SECTION.algorithm,
    () =>
      OpScene.open({
        teller: alg,
        signer: newProviderKey(alg, `${alg}-1`),
        env: { OIDC_ID_TOKEN_ALG: alg },
      }),
    ALGORITHM_LIES,
  );
}
describeTokens(
  'an ID token where encryption was agreed on',
  SECTION.encryption,
  () => OpScene.open({ env: { OIDC_DECRYPTION_KEY: DECRYPTION_KEY }, truth: encryptedTruth }),
  ENCRYPTION_LIES,
);
describeTokens(
  'an access token of eudiw',
  SECTION.accessToken,
  async () =>
    SeedScene.open({
      profile: 'eudiw',
      provider: await EudiwEmulator.start(),
      authMethod: 'none',
      proof: 'access_token',
      strangerUrl: `${elsewhere.origin}/keys`,
    }),
  ACCESS_TOKEN_LIES,
);

describe('an answer of the token endpoint', () => {
  let scene: OpScene;
  beforeAll(async () => {
    scene = await OpScene.open({ op: { accessTokens: 'opaque' } });
  });
  beforeEach(() => scene.settle());
  afterAll(() => scene.close());

  it.each(named(TOKEN_ANSWER_LIES))('%s', async (_label, lie) => {
    scene.stage.op.rewrite(PATHS.token, lie.tell);
    const verdict = await logInWith(scene, 'token');
    table.add(lie, { section: SECTION.answer, teller: scene.teller, ...verdict });
    expectRefused(verdict, verdict.answer);
    expect([REJECTED, UNREACHABLE, '502 provider_misconfigured']).toContain(verdict.answer);
  });
});

describe.each([
  ['beside an ID token', SECTION.userinfo, {}],
  ['that says who logged in', SECTION.identity, { OIDC_IDENTITY: 'userinfo' }],
] as const)('userinfo %s', (_name, section, env) => {
  const isProof = 'OIDC_IDENTITY' in env;
  let scene: OpScene;
  beforeAll(async () => {
    scene = await OpScene.open({
      op: { accessTokens: 'opaque' },
      env,
      ...(isProof && { truth: () => undefined, signedUserinfo: true }),
    });
  });
  beforeEach(() => scene.settle());
  afterAll(() => scene.close());

  const told = USERINFO_LIES.filter(({ aboutAnother }) => !isProof || aboutAnother !== true);
  it.each(named(told))('%s', async (_label, lie) => {
    const { op, clientSecret } = scene.stage;
    op.rewrite(PATHS.userinfo, (answer) =>
      lie.tell(answer, {
        claims: jsonOf(answer),
        issuer: op.issuer,
        clientId: CLIENT_ID,
        clientSecret,
        stranger: STRANGER,
        sign: (claims) => op.key.sign(claims),
        now: Math.floor(scene.clock.now() / 1000),
      }),
    );
    if (lie.ignored === true && !isProof) {
      const person = await scene.member();
      expect((await scene.stage.view(person))['user']).toEqual({ sub: 'alice' });
      expect(scene.asked().at(-1)?.what).toBe('userinfo');
      table.add(lie, {
        section,
        teller: scene.teller,
        answer: '200, nothing of it taken',
        afterwards: [],
      });
      return;
    }
    const verdict = await logInWith(scene, 'userinfo');
    table.add(lie, { section, teller: scene.teller, ...verdict });
    expectRefused(verdict, lie.ignored === true ? UNREACHABLE : REJECTED);
  });
});

/** Brings an answer as its liar does: by a navigation, a form of another site, a script of ours. */
function arrive(person: UserAgent, arriving: Arriving | string): Promise<Hop> {
  const { url, by, body } = typeof arriving === 'string' ? { url: arriving } : arriving;
  const post = (type: string) => ({ method: 'POST', headers: { 'content-type': type }, body });
  if (by === 'form')
    return person.load(url, { ...post('application/x-www-form-urlencoded'), site: 'cross-site' });
  if (by === 'script') return person.fetch(url, post('application/json'));
  return person.load(url, { site: 'cross-site' });
}

describe('a callback', () => {
  let scene: OpScene;
  beforeAll(async () => {
    scene = await OpScene.open();
  });
  afterAll(() => scene.close());

  it.each(named(CALLBACK_LIES))('%s', async (_label, lie) => {
    const { stage } = scene;
    const [person, other] = [scene.person(), scene.person()];
    const callback = new URL(await stage.callbackFor(person));
    const arriving = lie.tell({
      callback,
      issuer: stage.op.issuer,
      sameBrowser: new URL(await stage.callbackFor(person)),
      otherBrowser: new URL(await stage.callbackFor(other, { as: 'bob' })),
    });
    const told = scene.asked().length;
    const page = await arrive(person, arriving);
    const verdict = await judge(scene, person, { page, told });
    table.add(lie, { section: SECTION.callback, teller: scene.teller, ...verdict });
    // What Node's parser refuses is no page of ours.
    const isOurs = lie.answer !== '431';
    const calls: readonly Asked[] = lie.redeemed === true ? ['token'] : [];
    expectRefused({ ...verdict, isOurs: verdict.isOurs === isOurs }, lie.answer, calls);
    expect(page.body).not.toContain('alert');
    if (lie.spent === true) return;
    await person.arrive(callback.href);
    expect((await scene.session(person)).status).toBe(200);
  });

  it('H-05, ATK-32: a `state` that was used already', async () => {
    const person = scene.person();
    const callback = new URL(await scene.stage.callbackFor(person));
    const refusal = new URL(callback);
    refusal.searchParams.delete('code');
    refusal.searchParams.set('error', 'access_denied');
    await arrive(person, refusal.href);
    const told = scene.asked().length;
    const page = await arrive(person, callback.href);
    const verdict = await judge(scene, person, { page, told });
    // Where the browser has a session it goes on, else one clean login begins.
    expect(locationOf(page).searchParams.get('heal')).toBe('1');
    expect(verdict).toMatchObject({ answer: '303', cookies: [], session: 401, afterwards: [] });
    const lie = { rows: ['H-05', 'ATK-32'], lie: 'a `state` that was used already' };
    const answer = '303, to a new login';
    table.add(lie, { ...verdict, section: SECTION.callback, teller: scene.teller, answer });
  });
});

describe('a callback without PKCE', () => {
  let scene: SeedScene;
  beforeAll(async () => {
    scene = await SeedScene.open({
      profile: 'authentiq',
      provider: await AuthentiqEmulator.start(),
      authMethod: 'client_secret_basic',
    });
  });
  afterAll(() => scene.close());

  it.each(named(UNPROMISED_LIES))('%s', async (_label, lie) => {
    const [person, other] = [scene.person(), scene.person()];
    const callback = await scene.callbackFor(person);
    const arriving = lie.tell({
      callback,
      issuer: scene.stage.provider.issuer,
      sameBrowser: await scene.callbackFor(person),
      otherBrowser: await scene.callbackFor(other),
    });
    const told = scene.asked().length;
    const page = await arrive(person, arriving);
    const verdict = await judge(scene, person, { page, told });
    table.add(lie, { section: SECTION.unpromised, teller: scene.teller, ...verdict });
    expectRefused(verdict, lie.answer, lie.redeemed === true ? ['token'] : []);
    if (lie.spent === true) return;
    await person.arrive(callback.href);
    expect((await scene.session(person)).status).toBe(200);
  });
});

describe('a callback by form_post', () => {
  it('A-28: `login_required`, posted in place of the answer', async () => {
    await using scene = await OpScene.open({
      https: true,
      env: { OIDC_RESPONSE_MODE: 'form_post' },
    });
    const person = scene.person();
    const login = locationOf(await person.load(scene.bff.url('/login')));
    const told = scene.asked().length;
    const state = login.searchParams.get('state') ?? '';
    const page = await person.load(scene.bff.url('/callback'), {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        error: 'login_required',
        state,
        iss: scene.stage.op.issuer,
      }).toString(),
      site: 'cross-site',
    });
    const verdict = await judge(scene, person, { page, told });
    expectRefused(verdict, '403 login_denied', []);
    await scene.member();
    const lie: Named = { rows: ['A-28'], lie: 'a posted `login_required`, which nobody asked for' };
    table.add(lie, { section: SECTION.callback, teller: scene.teller, ...verdict });
  });
});

describe('what is true of one provider, brought to another', () => {
  let scene: OpScene;
  let two: EmulatedProvider;
  beforeAll(async () => {
    two = await EmulatedProvider.start();
    const entry = (id: string, issuer: string, secret: string) =>
      `  - id: ${id}\n    issuer: ${issuer}\n    clientId: \${OIDC_CLIENT_ID}\n    clientSecret: ${secret}\n    userinfo: false\n`;
    const SECRET = randomBytes(32).toString('hex');
    scene = await OpScene.open({
      file: `providers:\n${entry('one', '${OIDC_ISSUER}', '${OIDC_CLIENT_SECRET}')}${entry('two', two.issuer, SECRET)}`,
      env: { OIDC_SCOPE: undefined, OIDC_USERINFO: undefined },
    });
    two.now = () => scene.clock.now();
    two.register({
      clientId: CLIENT_ID,
      clientSecret: SECRET,
      authMethod: 'client_secret_basic',
      redirectUris: [scene.bff.url('/callback/two')],
    });
  });
  afterAll(async () => {
    await scene.close();
    await two.close();
  });

  it.each(named(MIX_UP_LIES))('%s', async (_label, lie) => {
    const person = scene.person();
    const one = new URL(await scene.stage.callbackFor(person, { provider: 'one' }));
    const other = new URL(await scene.stage.callbackFor(person, { provider: 'two' }));
    const [told, toldTwo] = [scene.asked().length, two.calls.length];
    const page = await person.load(lie.tell(one, other).href, { site: 'cross-site' });
    const verdict = await judge(scene, person, { page, told });
    expectRefused(verdict, REJECTED, lie.redeemed === true ? ['token'] : []);
    expect(two.calls).toHaveLength(toldTwo);
    table.add(lie, { section: SECTION.mixUp, teller: scene.teller, ...verdict });
    await person.arrive(other.href);
    expect(await scene.stage.view(person)).toMatchObject({ provider: 'two' });
  });
});

describe('metadata and keys', () => {
  const UNUSABLE = [UNREACHABLE, '502 provider_misconfigured'];
  /** A product that has asked for nothing yet, because nobody was there. */
  async function openCold(): Promise<OpScene> {
    const scene = await OpScene.open({ withoutProvider: true });
    await scene.bff.untilLogged('provider.discovery_failed');
    await scene.stage.op.up();
    return scene;
  }
  async function logInCold(scene: OpScene, at: Asked): Promise<Verdict> {
    const since = scene.asked().length;
    const person = scene.person();
    const page = await scene.logIn(person);
    return judge(scene, person, { page, told: upTo(scene, at, since) });
  }
  const note = (what: string, lie: Named, { teller }: Scene, verdict: Verdict): void =>
    table.add(of(what, lie), { section: SECTION.document, teller, ...verdict });
  const truth = () => ({ elsewhere: elsewhere.origin, stranger: STRANGER });

  describe('told until the truth comes', () => {
    let scene: OpScene;
    beforeAll(async () => {
      scene = await openCold();
    });
    beforeEach(() => {
      scene.behave();
      scene.clock.advance(60_000);
    });
    afterAll(() => scene.close());

    it.each(named(DISCOVERY_LIES))('metadata, %s', async (_label, lie) => {
      scene.stage.op.rewrite(PATHS.discovery, (answer) => lie.tell(answer, truth()));
      const verdict = await logInCold(scene, 'discovery');
      note('metadata', lie, scene, verdict);
      expectRefused(verdict, verdict.answer, []);
      expect(UNUSABLE).toContain(verdict.answer);
    });

    it.each(named(KEY_SET_LIES))('keys, %s', async (_label, lie) => {
      scene.stage.op.rewrite(PATHS.keys, (answer) => lie.tell(answer, truth()));
      const verdict = await logInCold(scene, 'keys');
      note('keys', lie, scene, verdict);
      expectRefused(verdict, UNREACHABLE, ['revoke']);
    });

    it('and then somebody logs in', async () => {
      await scene.member();
    });
  });

  it.each(named(METADATA_LIES))('metadata, %s', async (_label, lie) => {
    await using scene = await openCold();
    scene.stage.op.rewrite(PATHS.discovery, (answer) => lie.tell(answer, truth()));
    scene.clock.advance(60_000);
    const verdict = await logInCold(scene, 'discovery');
    note('metadata', lie, scene, verdict);
    expectRefused(verdict, '502 provider_misconfigured', []);
  });

  it.each(named(WRONG_KEYS))('keys, %s', async (_label, lie) => {
    await using scene = await OpScene.open();
    scene.stage.op.rewrite(PATHS.keys, (answer) => lie.tell(answer, truth()));
    const verdict = await logInCold(scene, 'keys');
    note('keys', lie, scene, verdict);
    expectRefused(verdict, REJECTED, ['revoke']);
    await scene.settle();
  });
});

describe('an answer without end', () => {
  const MOST_BYTES = 8_388_608;
  let scene: OpScene;
  let front: HostileFront;
  beforeAll(async () => {
    front = await HostileFront.start(() => new URL(scene.stage.op.issuer));
    // Nobody has asked for the metadata before the first lie.
    front.attackAt(PATHS.discovery, (_req, res) => void res.destroy());
    scene = await OpScene.open({
      op: { accessTokens: 'opaque' },
      env: {
        OIDC_TIMEOUT: '1s',
        OIDC_DISCOVERY_URL: front.url(PATHS.discovery),
        OIDC_TOKEN_ENDPOINT: front.url(PATHS.token),
        OIDC_JWKS_URI: front.url(PATHS.keys),
        OIDC_USERINFO_ENDPOINT: front.url(PATHS.userinfo),
      },
    });
    await scene.bff.untilLogged('provider.discovery_failed');
  });
  beforeEach(() => scene.clock.advance(61_000));
  afterAll(async () => {
    await scene.close();
    await front.close();
  });

  const attacks = (['discovery', 'keys', 'token', 'userinfo'] as const).flatMap((at) =>
    ENDLESS_LIES.map((lie) => [`${at}, ${lie.rows.join(', ')}: ${lie.lie}`, at, lie] as const),
  );
  it.each(attacks)('%s', async (_label, at, lie) => {
    front.attackAt(PATHS[at], lie.tell);
    const [person, told] = [scene.person(), scene.asked().length];
    const page = await scene.logIn(person);
    if (lie.endless) await front.untilHungUp();
    expect(front.asked).toBeLessThanOrEqual(at === 'discovery' ? 2 : 1);
    expect(front.sent).toBeLessThan(MOST_BYTES);
    const verdict = await judge(scene, person, { page, told });
    const lastTold = verdict.afterwards.findLastIndex(
      ({ what }) => what === 'authorize' || what === 'token' || what === 'keys',
    );
    const afterwards = verdict.afterwards
      .slice(lastTold + 1)
      .filter(({ what }) => what !== 'other');
    const outcome = { ...verdict, afterwards, section: SECTION.endless, teller: scene.teller };
    if (at !== 'userinfo') {
      table.add(of(at, lie), outcome);
      expectRefused({ ...verdict, afterwards }, verdict.answer, at === 'keys' ? ['revoke'] : []);
      return;
    }
    expect((await scene.stage.view(person))['user']).toEqual({ sub: 'alice' });
    table.add(of(at, lie), { ...outcome, answer: '200, nothing of it taken' });
    expect(namesOf(afterwards)).toEqual([]);
  });

  it('and then somebody logs in', async () => {
    front.behave();
    await scene.member();
  });
});

describe('a refresh', () => {
  let scene: OpScene;
  beforeAll(async () => {
    scene = await OpScene.open();
    scene.stage.api.respond((_received, res) => void res.end('{}'));
  });
  beforeEach(() => scene.settle());
  afterAll(() => scene.close());

  const refresh = (person: UserAgent): Promise<Hop> => scene.stage.refresh(person);
  const lastAnswer = () => tokensOf(scene.asked().findLast(({ what }) => what === 'token')!);

  /** What a person gets whose refresh was answered by a lie: a clean end, or the tokens that they had. */
  async function expectOldOrNone(person: UserAgent, lie: Named): Promise<void> {
    const [, oldToken] = lastAnswer();
    const since = scene.asked().length;
    const received = scene.stage.api.received.length;
    const answer = await refresh(person);
    const told = upTo(scene, 'token', since);
    const { afterwards } = await judge(scene, person, { page: answer, told });
    const brought = lastAnswer();
    scene.behave();
    const { reason } = jsonOf(answer);
    const said = answer.status === 200 ? '200, the old tokens stay' : `401 ${String(reason)}`;
    table.add(lie, { section: SECTION.refresh, teller: scene.teller, answer: said, afterwards });
    const called = await scene.stage.call(person);
    const sent = scene.stage.api.received.slice(received).map((one) => one.headers.authorization);
    if (answer.status === 401) {
      expect((await scene.session(person)).status).toBe(401);
      expect([called.status, sent]).toEqual([401, []]);
    } else {
      expect([answer.status, called.status]).toEqual([200, 200]);
      expect(sent).toEqual([`Bearer ${String(oldToken)}`]);
    }
    expect(namesOf(afterwards).filter((name) => name !== 'keys' && name !== 'revoke')).toEqual([]);
    for (const call of afterwards.filter(({ what }) => what === 'revoke'))
      expect(brought).toContain(revokedBy(call));
  }

  it.each(named(REFRESH_LIES))('%s', async (_label, lie) => {
    const person = await scene.member();
    if (lie.before !== undefined) {
      scene.tellToken(lie.before);
      expect((await refresh(person)).status).toBe(200);
    }
    scene.tellToken(lie.tell);
    await expectOldOrNone(person, lie);
    expect((await scene.session(person)).status).toBe(401);
  });

  it.each(named(TOKEN_ANSWER_LIES))('%s', async (_label, lie) => {
    const person = await scene.member();
    scene.stage.op.rewrite(PATHS.token, lie.tell);
    await expectOldOrNone(person, of('the answer', lie));
  });

  it('F-21: an `auth_time` that moved forward changes nothing', async () => {
    const person = await scene.member();
    const { auth_time: before } = await scene.stage.view(person);
    scene.tellToken(({ claims, sign, now }) => sign({ ...claims, auth_time: now }));
    expect((await refresh(person)).status).toBe(200);
    expect(before).toEqual(expect.any(Number));
    expect(await scene.stage.view(person)).toMatchObject({ auth_time: before });
    const lie: Named = { rows: ['F-21'], lie: 'an ID token whose `auth_time` moved forward' };
    const answer = '200, that of the login stays';
    table.add(lie, { section: SECTION.odd, teller: scene.teller, answer, afterwards: [] });
  });

  it.each(named(ODD_ANSWERS))('%s', async (_label, lie) => {
    const person = await scene.member();
    const [before] = lastAnswer();
    scene.stage.op.rewrite(PATHS.token, lie.tell);
    expect((await refresh(person)).status).toBe(200);
    const [after] = lastAnswer();
    const told = scene.asked().length;
    for (let count = 0; count < 5; count += 1)
      expect((await scene.stage.call(person)).status).toBe(200);
    const afterwards = scene.asked().slice(told);
    table.add(lie, {
      section: SECTION.odd,
      teller: scene.teller,
      answer: `200, the ${lie.next} refresh token goes on`,
      afterwards,
    });
    expect(namesOf(afterwards)).toEqual([]);
    scene.behave();
    await refresh(person);
    const sent = scene.asked().findLast(({ what }) => what === 'token')!;
    const token = new URLSearchParams(sent.body).get('refresh_token');
    expect(token).toBe(lie.next === 'old' ? before : after);
  });

  it.each(named(KIND_LIES))('%s, as a logout token', async (_label, lie) => {
    const person = await scene.member();
    const told = scene.asked().length;
    const answer = jsonOf(scene.stage.op.callsOf(PATHS.token).at(-1)!.answer);
    const page = await sendLogout(scene.stage, String(answer[lie.tell]));
    const { afterwards, ...verdict } = await judge(scene, person, { page, told });
    table.add(lie, { section: SECTION.kind, teller: scene.teller, ...verdict, afterwards });
    expect(verdict).toMatchObject({ answer: '400 logout_token_rejected', session: 200 });
    expect(namesOf(afterwards).filter((name) => name !== 'keys')).toEqual([]);
  });
});

describe('what is no lie', () => {
  describe.each([
    ['oidc-provider', 'published', () => OpScene.open()],
    [
      'authing',
      'secret',
      async () =>
        SeedScene.open({
          profile: 'authing',
          provider: await AuthingEmulator.start(),
          authMethod: 'client_secret_post',
          env: { OIDC_USERINFO: 'false' },
        }),
    ],
  ] as const)('told by %s', (_teller, kind, open) => {
    let scene: Scene;
    beforeAll(async () => {
      scene = await open();
    });
    beforeEach(() => scene.settle());
    afterAll(() => scene.close());

    it.each(named(BELIEVED.filter(({ only = kind }) => only === kind)))('%s', async (_l, lie) => {
      scene.tellToken(lie.tell);
      const { afterwards, ...verdict } = await logInWith(scene, 'token');
      expect(verdict).toMatchObject({ answer: '200', session: 200 });
      expect(afterwards).toEqual([]);
      table.add(lie, { section: SECTION.believed, teller: scene.teller, ...verdict, afterwards });
    });
  });
});

describe('the table in test/LIES.md', () => {
  it('has a lie for every row', () => {
    expect(ROWS.filter((row) => !table.rows.has(row))).toEqual([]);
  });

  it('says what really happened', () => {
    const { documented, found } = generatedBlock('test/LIES.md', 'lies', table.render());
    expect(documented).toBe(found);
  });
});
