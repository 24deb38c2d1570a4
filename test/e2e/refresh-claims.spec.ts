import { jsonOf, type Hop } from '../support/http-exchange.js';
import {
  lastIdToken,
  logoutToken,
  registerForLogouts,
  sendLogout,
} from '../support/logout-tokens.js';
import { PATHS } from '../support/op-host.js';
import { refreshesAt, tokensIn } from '../support/refresh-calls.js';
import { Stage, type StageOptions } from '../support/stage.js';
import type { UserAgent } from '../support/user-agent.js';

const LIFE_MS = 300_000;
const MINUTE_S = 60;
/** Claims in ID tokens, and nothing at userinfo. */
const BY_ID_TOKEN: StageOptions = {
  env: {
    OIDC_SCOPE: 'openid profile email groups orders:read',
    OIDC_CLAIMS: 'name,email,groups',
    OIDC_ALLOW_GROUPS: 'staff',
  },
};
/** Claims at userinfo; ID tokens hold little more than `sub`. */
const BY_USERINFO: StageOptions = {
  op: { accessTokens: 'opaque' },
  env: {
    OIDC_SCOPE: 'openid profile email groups',
    OIDC_CLAIMS: 'name,email,groups',
    OIDC_ALLOW_DOMAINS: 'example.com',
  },
};
/** Plain OAuth 2.0: who it is stands at userinfo alone. */
const PLAIN: StageOptions = {
  ...BY_USERINFO,
  env: { ...BY_USERINFO.env, OIDC_IDENTITY: 'userinfo' },
};

const refresh = (stage: Stage, person: UserAgent): Promise<Hop> => stage.refresh(person);

/** From now on the provider says something else of everybody, in ID tokens. */
function sayInIdTokens(stage: Stage, more: object): void {
  stage.op.forgeIdToken(({ claims }) => stage.op.key.sign({ ...claims, ...more }));
}

/** The same at userinfo, and no ID token comes with a refresh where the product can do without. */
function sayAtUserinfo(stage: Stage, more: object, { idToken = true } = {}): void {
  stage.op.rewriteJson(PATHS.userinfo, (claims) => ({ ...claims, ...more }));
  if (!idToken) stage.op.rewriteJson(PATHS.token, ({ id_token: _none, ...body }) => body);
}

/** The call that found the user shut out: no answer of the API, one clean end, nothing left at the provider. */
async function expectShutOut(stage: Stage, person: UserAgent, reason: string): Promise<void> {
  const revoked = stage.op.next(PATHS.revoke);
  const received = stage.api.received.length;
  stage.clock.advance(LIFE_MS);
  const answer = await stage.call(person);
  expect([answer.status, jsonOf(answer)['reason']]).toEqual([401, reason]);
  expect(stage.api.received).toHaveLength(received);
  const token = new URLSearchParams((await revoked).body).get('token');
  expect(token).toBe(tokensIn(refreshesAt(stage.op).at(-1)).refresh);
  expect(await stage.view(person)).toMatchObject({ authenticated: false, reason });
  expect(stage.bff.logged('session.ended')).toMatchObject([{ reason }]);
}

describe('a user who has changed at the provider', () => {
  it('is shown as of now after a refresh, in the same session and the same login (P-55, F-21)', async () => {
    await using stage = await Stage.open(BY_ID_TOKEN);
    registerForLogouts(stage);
    const person = await stage.member();
    const before = await stage.view(person);
    const { sid } = lastIdToken(stage);
    expect(sid).toEqual(expect.any(String));
    const now = Math.floor(stage.clock.now() / 1000);
    const groups = ['staff', 'night-shift'];
    sayInIdTokens(stage, { name: 'Alice Baker', groups, auth_time: now + 200, sid: undefined });
    stage.clock.advance(LIFE_MS);
    expect((await refresh(stage, person)).status).toBe(200);
    stage.op.behave();
    const after = await stage.view(person);
    expect(after).toMatchObject({
      user: { sub: 'alice', name: 'Alice Baker', email: 'alice@example.com', groups },
      session_id: before['session_id'],
      created_at: before['created_at'],
    });
    expect(after['auth_time']).toBe(before['auth_time']);
    // The session is still the one of that sid.
    expect((await sendLogout(stage, logoutToken(stage, { sid }))).status).toBe(200);
    expect(await stage.view(person)).toMatchObject({ reason: 'backchannel' });
  });

  it.each([
    ['beside an ID token', BY_USERINFO, true],
    ['without one', BY_USERINFO, false],
    ['that says who logged in', PLAIN, true],
  ])('is shown as userinfo has it now, %s', async (_how, options, idToken) => {
    await using stage = await Stage.open(options);
    const person = await stage.member();
    sayAtUserinfo(stage, { name: 'Alice Baker' }, { idToken });
    expect((await refresh(stage, person)).status).toBe(200);
    expect(await stage.view(person)).toMatchObject({
      user: { sub: 'alice', name: 'Alice Baker', email: 'alice@example.com' },
    });
  });

  it('is shown without what is not said any more, and the log tells which claims, never what they said', async () => {
    await using stage = await Stage.open(BY_ID_TOKEN);
    const person = await stage.member();
    const { user } = await stage.view(person);
    sayInIdTokens(stage, { name: 'Alice Baker', email: undefined });
    for (let count = 0; count < 2; count += 1)
      expect((await refresh(stage, person)).status).toBe(200);
    const { email, ...rest } = user as Record<string, unknown>;
    expect(email).toBe('alice@example.com');
    expect((await stage.view(person))['user']).toEqual({ ...rest, name: 'Alice Baker' });
    const [dropped, ...more] = stage.bff.logged('token.claims_dropped');
    expect(dropped).toMatchObject({ provider: 'generic', claims: 'email' });
    expect(JSON.stringify(dropped)).not.toContain('alice@example.com');
    expect(more).toEqual([]);
  });

  it('is shown as before where the refresh brings no claims', async () => {
    await using stage = await Stage.open(BY_ID_TOKEN);
    const person = await stage.member();
    const { user } = await stage.view(person);
    const nothing = { name: undefined, email: undefined, email_verified: undefined };
    sayInIdTokens(stage, { ...nothing, groups: undefined });
    expect((await refresh(stage, person)).status).toBe(200);
    expect(await stage.view(person)).toMatchObject({ user });
  });
});

describe('a user who may not come in any more', () => {
  it.each([
    ['who is in another group now', { groups: ['guests'] }],
    ['who is in no group now', { groups: [] }],
    ['of whose groups nothing is said any more', { groups: undefined }],
  ])('%s is logged out with the refresh; the others stay (ATK-65, E-10)', async (_who, change) => {
    await using stage = await Stage.open(BY_ID_TOKEN);
    const other = await stage.member({ as: 'bob' });
    const person = await stage.member();
    sayInIdTokens(stage, change);
    await expectShutOut(stage, person, 'revoked');
    stage.op.behave();
    expect((await stage.call(other)).status).toBe(200);
  });

  it.each([
    ['beside an ID token', BY_USERINFO, true],
    ['without one', BY_USERINFO, false],
    ['that says who logged in', PLAIN, true],
  ])('by the domain that userinfo tells, %s, is logged out', async (_how, options, idToken) => {
    await using stage = await Stage.open(options);
    const person = await stage.member();
    sayAtUserinfo(stage, { email: 'alice@elsewhere.example' }, { idToken });
    await expectShutOut(stage, person, 'revoked');
  });

  it('is somebody else: userinfo that names another user ends the session', async () => {
    await using stage = await Stage.open(BY_USERINFO);
    const person = await stage.member();
    sayAtUserinfo(stage, { sub: 'bob' });
    await expectShutOut(stage, person, 'refresh_failed');
    expect(stage.bff.logged('token.refresh_failed')).toMatchObject([
      { failure: 'invalid_grant', cause: 'userinfo: sub' },
    ]);
  });
});

describe('userinfo that cannot be had during a refresh', () => {
  it.each([
    ['500', BY_USERINFO, 500],
    ['401', BY_USERINFO, 401],
    ['silence', BY_USERINFO, 'hang'],
    ['a broken connection', BY_USERINFO, 'reset'],
    ['500 where it says who logged in', PLAIN, 500],
  ] as const)('(%s) changes nothing', async (_what, options, fault) => {
    const env = { ...options.env, OIDC_TIMEOUT: '1s' };
    await using stage = await Stage.open({ ...options, env });
    const person = await stage.member();
    const { user } = await stage.view(person);
    stage.op.fail(PATHS.userinfo, fault);
    stage.clock.advance(LIFE_MS);
    expect((await refresh(stage, person)).status).toBe(200);
    expect(await stage.view(person)).toMatchObject({ authenticated: true, user });
    expect(stage.bff.logged('provider.userinfo_failed')).toHaveLength(1);
    expect(refreshesAt(stage.op)).toHaveLength(1);
  });
});

describe('the end that the provider sets for the session (P-54)', () => {
  it('moves with a refresh, nearer or farther, and is kept to', async () => {
    await using stage = await Stage.open();
    const person = await stage.member();
    const { absolute_expires_at: configured } = await stage.view(person);
    const ceiling = Math.floor(stage.clock.now() / 1000) + 20 * MINUTE_S;
    sayInIdTokens(stage, { session_expiry: ceiling - 10 * MINUTE_S });
    expect((await refresh(stage, person)).status).toBe(200);
    expect((await stage.view(person))['absolute_expires_at']).toBe(ceiling - 10 * MINUTE_S);
    sayInIdTokens(stage, { session_expiry: ceiling });
    expect((await refresh(stage, person)).status).toBe(200);
    expect((await stage.view(person))['absolute_expires_at']).toBe(ceiling);
    expect(Number(configured)).toBeGreaterThan(ceiling);
    stage.op.behave();
    // A refresh that says nothing of it leaves it where it was.
    expect((await refresh(stage, person)).status).toBe(200);
    stage.clock.advance(20 * MINUTE_S * 1000);
    expect(await stage.view(person)).toMatchObject({ authenticated: false, reason: 'provider' });
  });

  it.each([[false], [true]])(
    'counts for the list of devices as well; with Redis: %p',
    async (redis) => {
      await using stage = await Stage.open({ redis });
      const [person, elsewhere] = [await stage.member(), await stage.member()];
      const { session_id: handle } = await stage.view(person);
      const listed = async (): Promise<unknown[]> => {
        const answer = await elsewhere.fetch(stage.url('/sessions'));
        const { sessions } = jsonOf(answer) as { sessions: { session_id: string }[] };
        return sessions.map(({ session_id: id }) => id);
      };
      sayInIdTokens(stage, {
        session_expiry: Math.floor(stage.clock.now() / 1000) + 10 * MINUTE_S,
      });
      expect((await refresh(stage, person)).status).toBe(200);
      expect(await listed()).toContain(handle);
      stage.op.behave();
      stage.clock.advance(10 * MINUTE_S * 1000);
      expect(await listed()).not.toContain(handle);
      expect(await stage.view(person)).toMatchObject({ authenticated: false, reason: 'provider' });
    },
  );

  it('in the past ends it at once', async () => {
    await using stage = await Stage.open();
    const person = await stage.member();
    sayInIdTokens(stage, { session_expiry: Math.floor(stage.clock.now() / 1000) - 1 });
    await expectShutOut(stage, person, 'provider');
  });

  it.each([['soon'], [0], [-1], [null], [1e300]])(
    'of another shape (%p) is none',
    async (expiry) => {
      await using stage = await Stage.open();
      const person = await stage.member();
      const { absolute_expires_at: configured } = await stage.view(person);
      sayInIdTokens(stage, { session_expiry: expiry });
      expect((await refresh(stage, person)).status).toBe(200);
      expect((await stage.view(person))['absolute_expires_at']).toBe(configured);
    },
  );
});
