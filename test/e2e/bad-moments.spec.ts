import { BffHost, newSessionKeys } from '../support/bff-host.js';
import { cookiesSet, jsonOf } from '../support/http-exchange.js';
import { errorCodeOf } from '../support/html-page.js';
import { LeavingClient } from '../support/leaving-client.js';
import { PATHS } from '../support/op-host.js';
import { holdAnswer } from '../support/refresh-calls.js';
import { CLIENT_ID, Stage } from '../support/stage.js';
import { UserAgent } from '../support/user-agent.js';

const DURABLE = { settings: { appendonly: 'yes', appendfsync: 'always' } };
const ACCESS_TOKEN_MS = 300_000;
const IDLE_MS = 30 * 60_000;
/** Ten minutes more than the idle time: a holder who comes too late is told why. */
const STORED_MS = IDLE_MS + 10 * 60_000;

const redemptions = (stage: Stage): number => stage.op.callsOf(PATHS.token).length;

/** Does something at the moment when the provider has redeemed the code and nothing is saved yet. */
function whenRedeemed(stage: Stage, what: () => Promise<unknown>): void {
  stage.op.rewriteJson(PATHS.token, async (body) => {
    stage.op.behave();
    await what();
    return body;
  });
}

async function identitiesIn(stage: Stage): Promise<string[]> {
  const reply = await stage.redis.command('KEYS', '*s:{*:i');
  return reply.split('\r\n').filter((line) => line.endsWith(':i'));
}

describe('a login that breaks off', () => {
  it('after the code was redeemed: the same callback leads through one clean login (R-24)', async () => {
    await using stage = await Stage.open({ redis: DURABLE });
    const person = stage.person();
    const callback = await stage.callbackFor(person, { return_to: '/here' });
    const gone = stage.bff.nextLog('store.disconnected');
    whenRedeemed(stage, async () => {
      await stage.redis.kill();
      await gone;
    });
    const broken = await person.load(callback, { site: 'cross-site' });
    expect([broken.status, errorCodeOf(broken.body)]).toEqual([503, 'store_unavailable']);
    const back = stage.bff.nextLog('store.connected');
    await stage.redis.run();
    await back;
    const before = redemptions(stage);
    await person.arrive(callback);
    expect(person.page).toBe(stage.url('/here'));
    expect(await stage.view(person)).toMatchObject({ authenticated: true });
    expect(redemptions(stage)).toBe(before + 1);
    expect(await identitiesIn(stage)).toHaveLength(1);
  });

  it('before its answer arrives: the same callback leads through one clean login, and the session that nobody holds ends (R-25)', async () => {
    await using stage = await Stage.open({ redis: true, env: { SESSION_IDLE: '30m' } });
    const person = stage.person();
    const callback = await stage.callbackFor(person, { return_to: '/here' });
    const binding = await person.cookie(callback, stage.bff.loginCookieName);
    const lost = await stage.send(callback, {
      headers: { cookie: `${stage.bff.loginCookieName}=${binding ?? ''}` },
    });
    expect(lost.status).toBe(303);
    const [orphan = ''] = await identitiesIn(stage);
    const life = Number((await stage.redis.command('PTTL', orphan)).slice(1));
    expect(life).toBeGreaterThan(0);
    expect(life).toBeLessThanOrEqual(STORED_MS);
    const before = redemptions(stage);
    await person.arrive(callback);
    expect(person.page).toBe(stage.url('/here'));
    expect(await stage.view(person)).toMatchObject({ authenticated: true });
    expect(redemptions(stage)).toBe(before + 1);
  });

  it('while the code is redeemed: the code is used once, and the same callback leads through one clean login (ATK-85)', async () => {
    await using stage = await Stage.open({ redis: true });
    const person = stage.person();
    const callback = await stage.callbackFor(person, { return_to: '/here' });
    const binding = await person.cookie(callback, stage.bff.loginCookieName);
    const held = holdAnswer(stage.op, PATHS.token);
    const headers = { cookie: `${stage.bff.loginCookieName}=${binding ?? ''}` };
    const client = new LeavingClient(callback, headers);
    await held.arrived;
    await client.leave();
    const succeeded = stage.bff.nextLog('login.succeeded');
    held.release();
    await succeeded;
    const before = redemptions(stage);
    await person.arrive(callback);
    expect(person.page).toBe(stage.url('/here'));
    expect(await stage.view(person)).toMatchObject({ authenticated: true });
    expect(redemptions(stage)).toBe(before + 1);
  });

  it('between the end of the old session and the new one: anonymous, and free to log in again (R-26)', async () => {
    await using stage = await Stage.open({ redis: true });
    const person = await stage.member();
    const callback = await stage.callbackFor(person);
    const memory = (limit: string) => stage.redis.command('CONFIG', 'SET', 'maxmemory', limit);
    // A full Redis ends sessions and creates none.
    whenRedeemed(stage, () => memory('1'));
    const broken = await person.load(callback, { site: 'cross-site' });
    expect(broken.status).toBe(503);
    expect(cookiesSet(broken)).toEqual([]);
    expect(await stage.view(person)).toMatchObject({ authenticated: false, reason: 'replaced' });
    expect(await identitiesIn(stage)).toEqual([]);
    await memory('0');
    await stage.logIn(person);
    expect(await stage.view(person)).toMatchObject({ authenticated: true });
  });
});

describe('a logout while tokens are renewed', () => {
  it('stands, and the tokens that come too late are revoked (R-31)', async () => {
    await using stage = await Stage.open({ redis: true });
    const person = await stage.member();
    const cookie = await stage.cookieOf(person);
    let fresh: unknown;
    stage.op.rewriteJson(PATHS.token, async (body) => {
      stage.op.behave();
      fresh = body['refresh_token'];
      expect((await stage.call(person, '/logout', { method: 'POST' })).status).toBe(200);
      return body;
    });
    stage.clock.advance(ACCESS_TOKEN_MS);
    expect((await stage.call(person)).status).toBe(401);
    const replay = await stage.send(stage.url('/session'), { headers: { cookie } });
    expect(replay.status).toBe(401);
    const revoked = stage.op
      .callsOf(PATHS.revoke)
      .map(({ body }) => new URLSearchParams(body).get('token'));
    expect(fresh).toBeTruthy();
    expect(revoked).toContain(fresh);
  });
});

describe('a clock that steps back during a session', () => {
  it('logs nobody out and keeps nobody beyond the limits (R-23)', async () => {
    await using stage = await Stage.open({ redis: true, env: { SESSION_IDLE: '30m' } });
    const person = await stage.member();
    stage.clock.advance(-2 * IDLE_MS);
    expect(await stage.view(person)).toMatchObject({ authenticated: true });
    for (const key of await identitiesIn(stage)) {
      const life = Number((await stage.redis.command('PTTL', key)).slice(1));
      expect(life).toBeGreaterThan(0);
      expect(life).toBeLessThanOrEqual(STORED_MS);
    }
  });
});

describe('a new version or configuration in the place of the old', () => {
  it('finishes a login that the old one began (R-37)', async () => {
    await using stage = await Stage.open({ redis: true });
    const person = stage.person();
    const callback = await stage.callbackFor(person, { return_to: '/here' });
    await stage.bff.stop();
    const connected = stage.bff.nextLog('store.connected');
    await stage.bff.run();
    await connected;
    await person.arrive(callback);
    expect(person.page).toBe(stage.url('/here'));
    expect(await stage.view(person)).toMatchObject({ authenticated: true });
  });

  it('takes a record of a format that it does not know for no session, not for an error (R-37)', async () => {
    await using stage = await Stage.open({ redis: true });
    const person = await stage.member();
    const [record = ''] = await identitiesIn(stage);
    await stage.redis.command('SETRANGE', record, '0', '\u007f');
    expect((await stage.session(person)).status).toBe(401);
    expect((await stage.call(person)).status).toBe(401);
    await stage.logIn(person);
    expect(await stage.view(person)).toMatchObject({ authenticated: true });
  });

  it('with a new server key in front and a new client secret fails nobody (R-38)', async () => {
    const oldKeys = newSessionKeys();
    await using stage = await Stage.open({ redis: true, env: { SESSION_KEYS: oldKeys } });
    const person = await stage.member();
    const { session_id: sessionId } = await stage.view(person);
    const begun = stage.person();
    const callback = await stage.callbackFor(begun, { as: 'bob' });
    await stage.bff.stop();
    const clientSecret = `rotated-${stage.clientSecret}`;
    stage.op.register({ clientId: CLIENT_ID, clientSecret, publicUrl: stage.bff.url('') });
    const renewed = await BffHost.start({
      port: stage.bff.port,
      clock: stage.clock,
      env: {
        SESSION_KEYS: `${newSessionKeys().replace('k1:', 'k2:')},${oldKeys}`,
        OIDC_ISSUER: stage.op.issuer,
        OIDC_CLIENT_ID: CLIENT_ID,
        OIDC_CLIENT_SECRET: clientSecret,
        OIDC_SCOPE: 'openid profile email orders:read',
        API_UPSTREAM: stage.api.url,
        REDIS_URL: stage.redis.url,
      },
    });
    try {
      await renewed.untilLogged('store.connected');
      expect(await stage.view(person)).toMatchObject({ session_id: sessionId });
      await begun.arrive(callback);
      await expectIn(stage, begun);
      stage.clock.advance(ACCESS_TOKEN_MS);
      for (const one of [person, begun, await stage.member({ as: 'carol' })]) {
        expect((await stage.call(one)).status).toBe(200);
      }
    } finally {
      await renewed.stop();
    }
  });
});

describe('a new address of the product', () => {
  it('leaves a login under way nothing half done: it is nowhere, or completed once, and the next one works (R-39)', async () => {
    await using stage = await Stage.open({ redis: true });
    const person = new UserAgent();
    const callback = await stage.callbackFor(person, { return_to: '/here' });
    await stage.bff.stop();
    const { session } = stage.bff.config;
    const moved = await BffHost.start({
      port: stage.bff.port,
      clock: stage.clock,
      env: {
        PUBLIC_URL: `http://localhost:${stage.bff.port}/app`,
        BASE_PATH: '/app',
        SESSION_KEYS: session.keys
          .map(({ kid, secret }) => `${kid}:${secret.toString('base64url')}`)
          .join(','),
        OIDC_ISSUER: stage.op.issuer,
        OIDC_CLIENT_ID: CLIENT_ID,
        OIDC_CLIENT_SECRET: stage.clientSecret,
        REDIS_URL: stage.redis.url,
      },
    });
    try {
      await moved.untilLogged('store.connected');
      stage.op.register({
        clientId: CLIENT_ID,
        clientSecret: stage.clientSecret,
        publicUrl: moved.url(''),
      });
      const calls = redemptions(stage);
      const gone = await person.load(callback, { site: 'cross-site' });
      expect([gone.status, cookiesSet(gone)]).toEqual([404, []]);
      expect(redemptions(stage)).toBe(calls);
      // Or a proxy in front leads the old address to the new one: the code is redeemed as it was asked for, once.
      await person.arrive(callback.replace('/callback', '/app/callback'));
      expect(redemptions(stage)).toBe(calls + 1);
      expect(person.page).toBe(moved.url('/'));
      const view = await person.fetch(moved.url('/session'), { csrf: false });
      expect(jsonOf(view)).toMatchObject({ authenticated: true, user: { sub: 'alice' } });
      const next = new UserAgent();
      await next.submit({ user: 'bob' }, await next.visit(moved.url('/login')));
      const theirs = await next.fetch(moved.url('/session'), { csrf: false });
      expect(jsonOf(theirs)).toMatchObject({ authenticated: true, user: { sub: 'bob' } });
    } finally {
      await moved.stop();
    }
  });
});

async function expectIn(stage: Stage, person: UserAgent): Promise<void> {
  expect(jsonOf(await stage.session(person))).toMatchObject({ authenticated: true });
}
