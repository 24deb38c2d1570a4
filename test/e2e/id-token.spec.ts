import { generateKeyPairSync } from 'node:crypto';
import { cookiesSet } from '../support/http-exchange.js';
import { errorCodeOf } from '../support/html-page.js';
import { PATHS } from '../support/op-host.js';
import {
  hmacToken,
  newSigningKey,
  publicKeys,
  unsignedToken,
  type ReadToken,
  type TokenClaims,
} from '../support/signing-key.js';
import { CLIENT_ID, Stage } from '../support/stage.js';

const stranger = newSigningKey('key-1');
const unknown = newSigningKey('key-unknown');
const now = (): number => Math.floor(Date.now() / 1000);

type Lie = (token: ReadToken, stage: Stage) => string | undefined;

/** A true token but for some claims. */
const claiming =
  (change: (claims: TokenClaims) => TokenClaims): Lie =>
  ({ claims }, stage) =>
    stage.op.key.sign(change(claims));
const without = (name: string): Lie => claiming(({ [name]: _gone, ...rest }) => rest);
const saying = (lie: TokenClaims): Lie => claiming((claims) => ({ ...claims, ...lie }));
const headed =
  (header: Record<string, unknown>): Lie =>
  ({ claims }, stage) =>
    stage.op.key.sign(claims, header);
const flipped = (token: string): string => {
  const at = token.lastIndexOf('.') + 10;
  return `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`;
};

const LIES: readonly (readonly [string, string, Lie])[] = [
  ['A-02', 'another issuer', saying({ iss: 'https://evil.example' })],
  [
    'A-02, F-02',
    'the issuer with a slash',
    claiming((claims) => ({ ...claims, iss: `${String(claims['iss'])}/` })),
  ],
  ['C-16', 'no issuer', without('iss')],
  ['A-03', 'no subject', without('sub')],
  ['F-15, D-18', 'an empty subject', saying({ sub: '' })],
  ['F-15, D-18', 'a subject of 256 characters', saying({ sub: 's'.repeat(256) })],
  ['A-03', 'a subject that is no string', saying({ sub: 7 })],
  ['A-04', 'another audience', saying({ aud: 'another-client' })],
  ['A-04, B-07', 'our client id and a suffix', saying({ aud: `${CLIENT_ID}x` })],
  ['A-15', 'no audience', without('aud')],
  [
    'C-13, D-15, F-04',
    'a second audience without azp',
    saying({ aud: [CLIENT_ID, 'another-client'] }),
  ],
  ['D-16, F-05', 'another azp', saying({ azp: 'another-client' })],
  ['A-05', 'no iat', without('iat')],
  [
    'D-14, F-10',
    'an iat of last week',
    claiming((claims) => ({ ...claims, iat: now() - 604_800 })),
  ],
  ['D-14, F-10', 'an iat in an hour', claiming((claims) => ({ ...claims, iat: now() + 3_600 }))],
  ['C-15', 'an exp of six minutes ago', claiming((claims) => ({ ...claims, exp: now() - 360 }))],
  [
    'D-13, F-09',
    'an exp of 40 seconds ago',
    claiming((claims) => ({ ...claims, exp: now() - 40 })),
  ],
  ['C-16', 'no exp', without('exp')],
  ['C-16', 'an exp that is no number', saying({ exp: 'tomorrow' })],
  ['A-12', 'another nonce', saying({ nonce: 'x'.repeat(43) })],
  ['C-16, F-11', 'no nonce', without('nonce')],
  ['F-03', 'an nbf in an hour', claiming((claims) => ({ ...claims, nbf: now() + 3_600 }))],
  ['A-34, D-17', 'a wrong at_hash', saying({ at_hash: 'AAAAAAAAAAAAAAAAAAAAAA' })],
  ['A-09, D-03, D-05, C-18', 'no signature (alg none)', ({ claims }) => unsignedToken(claims)],
  [
    'A-09',
    'alg none in other letters',
    ({ claims }, stage) => stage.op.key.sign(claims, { alg: 'nOnE' }),
  ],
  ['A-10, D-01, D-02', 'a broken signature', ({ token }) => flipped(token)],
  [
    'A-10',
    'no signature behind the dot',
    ({ token }) => token.slice(0, token.lastIndexOf('.') + 1),
  ],
  ['A-10', "a stranger's signature under a known kid", ({ claims }) => stranger.sign(claims)],
  [
    'A-10',
    'changed claims under the old signature',
    ({ token, claims }) =>
      [
        token.split('.')[0],
        Buffer.from(JSON.stringify({ ...claims, sub: 'mallory' })).toString('base64url'),
        token.split('.')[2],
      ].join('.'),
  ],
  ['A-10', 'an unknown kid', ({ claims }) => unknown.sign(claims)],
  [
    'A-10',
    'a key of its own in the header (jwk)',
    ({ claims }) => stranger.sign(claims, { kid: undefined, jwk: stranger.publicJwk }),
  ],
  ['D-03, D-04', 'RS512 where RS256 is configured', headed({ alg: 'RS512' })],
  ['C-19', 'PS256 where RS256 is configured', headed({ alg: 'PS256' })],
  [
    'A-33, D-03',
    'HS256 under the public key',
    ({ claims }, stage) =>
      hmacToken(
        claims,
        stage.op.key.publicKey.export({ format: 'pem', type: 'spki' }).toString(),
        'key-1',
      ),
  ],
  [
    'A-33, D-03',
    'HS256 under the client secret',
    ({ claims }, stage) => hmacToken(claims, stage.clientSecret),
  ],
  ['A-10', 'a critical header that nobody knows', headed({ crit: ['x'], x: 1 })],
  ['D-07', 'no ID token at all', () => undefined],
  ['D-07', 'an empty ID token', () => ''],
  ['D-07', 'no JWT', () => 'not.a.jwt'],
];

describe('a lying provider', () => {
  let stage: Stage;
  beforeEach(async () => {
    stage ??= await Stage.open();
    stage.op.behave();
  });
  afterAll(() => stage.close());

  async function refusedLogin(query: Readonly<Record<string, string>> = {}): Promise<string[]> {
    const person = stage.person();
    const calls = stage.op.calls.length;
    const page = await stage.logIn(person, query);
    expect({ status: page.status, code: errorCodeOf(page.body) }).toEqual({
      status: 400,
      code: 'login_rejected',
    });
    expect(cookiesSet(page)).toEqual([]);
    expect(await person.cookieNames(stage.url('/'))).toEqual([stage.bff.loginCookieName]);
    expect((await stage.session(person)).status).toBe(401);
    const after = stage.op.calls.slice(calls).map(({ path }) => path);
    return after.slice(after.indexOf(PATHS.token) + 1);
  }

  it.each(LIES)(
    '%s: %s makes no session, and no call but for keys and revocation',
    async (_row, _name, lie) => {
      stage.op.forgeIdToken((token) => lie(token, stage));
      const calls = await refusedLogin();
      expect(calls.filter((path) => path !== PATHS.keys)).toEqual([PATHS.revoke]);
      expect(calls.filter((path) => path === PATHS.keys).length).toBeLessThanOrEqual(1);
    },
  );

  it('D-19, F-13: no auth_time where max_age was asked for makes no session', async () => {
    stage.op.forgeIdToken((token) => without('auth_time')(token, stage));
    expect(await refusedLogin({ max_age: '60' })).toContain(PATHS.revoke);
  });

  it('D-19, F-13: an older auth_time than max_age allows makes no session', async () => {
    stage.op.forgeIdToken((token) => saying({ auth_time: now() - 300 })(token, stage));
    expect(await refusedLogin({ max_age: '60' })).toContain(PATHS.revoke);
  });

  it.each([
    ['no access token', ({ access_token: _gone, ...body }: Record<string, unknown>) => body],
    ['no token type', ({ token_type: _gone, ...body }: Record<string, unknown>) => body],
    [
      'a token type that we cannot use',
      (body: Record<string, unknown>) => ({ ...body, token_type: 'mac' }),
    ],
    ['an error inside a 200', () => ({ error: 'invalid_grant' })],
    ['nothing', () => ({})],
  ])('F-14: a token answer with %s makes no session', async (_name, change) => {
    stage.op.rewriteJson(PATHS.token, change);
    await refusedLogin();
  });

  it.each([
    ['HTML', { 'content-type': 'text/html' }, '<html>', 200],
    ['broken JSON', { 'content-type': 'application/json' }, '{"access_token":', 200],
    ['a redirect', { location: 'http://127.0.0.1:9/' }, '', 302],
  ])('D-27: %s from the token endpoint makes no session', async (_name, headers, body, status) => {
    stage.op.rewrite(PATHS.token, () => ({ status, headers, body }));
    const person = stage.person();
    const page = await stage.logIn(person);
    expect([400, 502, 503]).toContain(page.status);
    expect(await person.cookieNames(stage.url('/'))).toEqual([stage.bff.loginCookieName]);
  });

  it('ATK-87, D-30: an answer without end is not read to its end', async () => {
    stage.op.rewriteJson(PATHS.token, (body) => ({ ...body, padding: 'x'.repeat(3_000_000) }));
    const person = stage.person();
    const page = await stage.logIn(person);
    expect(page.status).toBeGreaterThanOrEqual(400);
    expect(await stage.view(person)).toMatchObject({ authenticated: false });
  });
});

describe('an honest provider', () => {
  let stage: Stage;
  beforeEach(async () => {
    stage = await Stage.open();
  });
  afterEach(() => stage.close());

  it.each([
    ['C-14', 'an audience in a list', saying({ aud: [CLIENT_ID] })],
    [
      'D-15',
      'several audiences and our azp',
      saying({ aud: [CLIENT_ID, 'another-client'], azp: CLIENT_ID }),
    ],
    ['A-06', 'no kid, where one key fits', headed({ kid: undefined })],
    ['A-08', 'RS256', ({ token }: ReadToken) => token],
    ['D-13', 'an exp of 20 seconds ago', claiming((claims) => ({ ...claims, exp: now() - 20 }))],
    ['F-15', 'a subject of 255 characters', saying({ sub: 's'.repeat(255) })],
  ] as const)('%s: %s logs in', async (_row, _name, truth) => {
    stage.op.forgeIdToken((token) => truth(token, stage));
    expect(await stage.view(await stage.member())).toMatchObject({ authenticated: true });
  });

  it('A-19, D-32: may change its key between two logins, without a restart and within the minute', async () => {
    await stage.member();
    stage.op.rotateTo(newSigningKey('key-2'));
    expect(await stage.view(await stage.member())).toMatchObject({ authenticated: true });
    expect(stage.op.callsOf(PATHS.keys)).toHaveLength(2);
  });

  it('A-20: may change its key just before the first token, when we hold the old keys', async () => {
    await stage.member();
    const next = newSigningKey('key-2');
    stage.op.rotateTo(next, [stage.op.key, next]);
    expect(await stage.view(await stage.member())).toMatchObject({ authenticated: true });
  });

  it('D-34: may put a new key under the same kid (ATK-96)', async () => {
    await stage.member();
    stage.op.rotateTo(newSigningKey('key-1'));
    expect(await stage.view(await stage.member())).toMatchObject({ authenticated: true });
  });

  it('F-25: may sign with a retired key that it still publishes', async () => {
    const next = newSigningKey('key-2');
    stage.op.rewriteJson(PATHS.keys, () => publicKeys([next, stage.op.key]));
    expect(await stage.view(await stage.member())).toMatchObject({ authenticated: true });
  });

  it('C-20: may publish decoys of the same kid and another kind', async () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const decoy = {
      ...publicKey.export({ format: 'jwk' }),
      kid: 'key-1',
      use: 'sig',
      alg: 'ES256',
    };
    stage.op.rewriteJson(PATHS.keys, () => ({ keys: [decoy, ...publicKeys([stage.op.key]).keys] }));
    expect(await stage.view(await stage.member())).toMatchObject({ authenticated: true });
  });

  it('D-35: unknown kids cost one request for the keys a minute', async () => {
    await stage.member();
    stage.op.forgeIdToken(({ claims }) => unknown.sign(claims));
    for (let count = 0; count < 4; count += 1) await stage.logIn(stage.person());
    expect(stage.op.callsOf(PATHS.keys)).toHaveLength(2);
  });

  it('D-31: is asked for its keys once by ten first logins at the same time', async () => {
    const people = Array.from({ length: 10 }, () => stage.person());
    const callbacks = await Promise.all(people.map((person) => stage.callbackFor(person)));
    await Promise.all(
      people.map((person, at) => person.load(callbacks[at] ?? '', { site: 'cross-site' })),
    );
    expect(stage.op.callsOf(PATHS.keys)).toHaveLength(1);
    for (const person of people)
      expect(await stage.view(person)).toMatchObject({ authenticated: true });
  });

  it('D-33: may fail to give its keys for a while: the last good ones go on', async () => {
    await stage.member();
    stage.op.fail(PATHS.keys, 503);
    stage.clock.advance(301_000);
    expect(await stage.view(await stage.member())).toMatchObject({ authenticated: true });
    expect(stage.op.callsOf(PATHS.keys)).toHaveLength(2);
  });

  it('A-07: may sign without naming one of several keys: each that fits is tried', async () => {
    const next = newSigningKey('key-2');
    stage.op.rewriteJson(PATHS.keys, () => publicKeys([next, stage.op.key]));
    stage.op.forgeIdToken((token) => headed({ kid: undefined })(token, stage));
    expect(await stage.view(await stage.member())).toMatchObject({ authenticated: true });
  });

  it('A-07: is not believed when none of its keys made the token', async () => {
    const [first, second] = [newSigningKey('key-2'), newSigningKey('key-3')];
    stage.op.rewriteJson(PATHS.keys, () => publicKeys([first, second]));
    stage.op.forgeIdToken((token) => headed({ kid: undefined })(token, stage));
    const page = await stage.logIn(stage.person());
    expect([page.status, errorCodeOf(page.body)]).toEqual([400, 'login_rejected']);
  });
});
