import { randomUUID } from 'node:crypto';
import { cookiesSet, jsonOf, type Hop } from '../support/http-exchange.js';
import { errorCodeOf } from '../support/html-page.js';
import {
  lastIdToken,
  LOGOUT_EVENT,
  logoutClaims,
  logoutToken,
  registerForLogouts,
  sendLogout,
} from '../support/logout-tokens.js';
import { PATHS } from '../support/op-host.js';
import { startReplica, type Replica } from '../support/replica.js';
import {
  hmacToken,
  newSigningKey,
  unsignedToken,
  type TokenClaims,
} from '../support/signing-key.js';
import { SHORT_OF_PATIENCE, Stage } from '../support/stage.js';
import type { UserAgent } from '../support/user-agent.js';

const LIFE_MS = 300_000;
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

interface Member {
  readonly person: UserAgent;
  readonly sid: string;
}

async function member(stage: Stage, as = 'alice'): Promise<Member> {
  const person = await stage.member({ as });
  return { person, sid: String(lastIdToken(stage)['sid']) };
}

const stateOf = async (stage: Stage, { person }: Member): Promise<unknown> => {
  const { authenticated, reason } = await stage.view(person);
  return authenticated === true ? 'live' : reason;
};

function expectDone(answer: Hop): void {
  expect(answer.status).toBe(200);
  expect(answer.headers['cache-control']).toBe('no-store');
  expect(answer.body).toBe('');
  expect(cookiesSet(answer)).toEqual([]);
}

describe.each([
  ['memory', false],
  ['Redis', true],
] as const)('back-channel logout over %s', (_store, redis) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open({ redis });
    registerForLogouts(stage);
  });
  afterEach(() => stage.op.behave());
  afterAll(() => stage.close());

  const states = (...members: Member[]): Promise<unknown[]> =>
    Promise.all(members.map((one) => stateOf(stage, one)));

  it("ends the provider's session that it names, and no other one of the user (B-01, ATK-79, P-15)", async () => {
    const [one, other, bob] = [
      await member(stage),
      await member(stage),
      await member(stage, 'bob'),
    ];
    expect(new Set([one.sid, other.sid, bob.sid]).size).toBe(3);
    expectDone(await sendLogout(stage, logoutToken(stage, { sid: one.sid, more: 'x' })));
    expect(await states(one, other, bob)).toEqual(['backchannel', 'live', 'live']);
  });

  it('ends every session of the user where it names only the user (F-36, ATK-79)', async () => {
    const [one, other, bob] = [
      await member(stage),
      await member(stage),
      await member(stage, 'bob'),
    ];
    expectDone(await sendLogout(stage, logoutToken(stage, { sub: 'alice' })));
    expect(await states(one, other, bob)).toEqual(['backchannel', 'backchannel', 'live']);
  });

  it('ends the session of that user where it names both (F-37, P-51, P-14)', async () => {
    const [one, other] = [await member(stage), await member(stage)];
    expectDone(await sendLogout(stage, logoutToken(stage, { sub: 'alice', sid: one.sid })));
    expect(await states(one, other)).toEqual(['backchannel', 'live']);
    expectDone(await sendLogout(stage, logoutToken(stage, { sub: 'bob', sid: other.sid })));
    expectDone(await sendLogout(stage, logoutToken(stage, { sub: 'alice', sid: 'unknown' })));
    expect(await states(other)).toEqual(['live']);
  });

  it('succeeds for a session that is unknown, gone or of another user, and ends nothing (F-35, F-38, ATK-79)', async () => {
    const [one, gone] = [await member(stage), await member(stage)];
    await stage.call(gone.person, '/logout', { method: 'POST' });
    for (const claims of [{ sid: 'unknown' }, { sid: gone.sid }, { sub: 'nobody' }])
      expectDone(await sendLogout(stage, logoutToken(stage, claims)));
    expect(await states(one, gone)).toEqual(['live', undefined]);
  });

  it('has no effect the second time, also by another spelling of the request (F-34)', async () => {
    const token = logoutToken(stage, { sub: 'alice' });
    const before = await member(stage);
    expectDone(await sendLogout(stage, token));
    const after = await member(stage);
    expectDone(await sendLogout(stage, token));
    expectDone(
      await stage.send(stage.url('/backchannel-logout?x=y'), {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
        body: `other=1&logout_token=${token}&more=2`,
      }),
    );
    expect(await states(before, after)).toEqual(['backchannel', 'live']);
  });

  it('leaves a copied cookie nothing, not even after the user came back (P-49, P-50)', async () => {
    const { person } = await member(stage);
    const cookie = await stage.cookieOf(person);
    await sendLogout(stage, logoutToken(stage, { sub: 'alice' }));
    await stage.logIn(person);
    expect(await stage.view(person)).toMatchObject({ authenticated: true });
    for (const path of ['/session', '/api/orders']) {
      const answer = await stage.send(stage.url(path), { headers: { cookie, 'x-csrf': '1' } });
      expect([answer.status, jsonOf(answer)['reason']]).toEqual([401, 'backchannel']);
    }
  });

  it('that comes while the code is redeemed ends the login, and nobody keeps its tokens (P-52, R-32)', async () => {
    for (const by of ['sub', 'sid']) {
      stage.op.rewrite(PATHS.token, async (answer) => {
        const claims = readClaims(answer.body);
        expectDone(await sendLogout(stage, logoutToken(stage, { [by]: claims[by] })));
        return answer;
      });
      const person = stage.person();
      const revocation = stage.op.next(PATHS.revoke);
      const page = await stage.logIn(person);
      expect([page.status, errorCodeOf(page.body)]).toEqual([400, 'login_rejected']);
      expect(await person.cookie(stage.url('/'), stage.bff.cookieName)).toBeUndefined();
      expect((await revocation).answer.status).toBe(200);
      stage.op.behave();
      const again = await member(stage);
      expect(await states(again)).toEqual(['live']);
    }
  });

  it('that comes during a refresh wins: the session stays dead (ATK-79)', async () => {
    const one = await member(stage);
    stage.op.rewrite(PATHS.token, async (answer) => {
      expectDone(await sendLogout(stage, logoutToken(stage, { sid: one.sid })));
      return answer;
    });
    stage.clock.advance(LIFE_MS);
    const answer = await stage.call(one.person);
    expect([answer.status, jsonOf(answer)['reason']]).toEqual([401, 'backchannel']);
    stage.op.behave();
    stage.clock.advance(LIFE_MS);
    expect((await stage.call(one.person)).status).toBe(401);
    expect(await states(one)).toEqual(['backchannel']);
  });

  const stranger = newSigningKey('key-1');
  const FALSE: readonly (readonly [string, (claims: TokenClaims) => string | TokenClaims])[] = [
    ['is not signed (B-02)', unsignedToken],
    ['is signed by somebody else', (claims) => stranger.sign(claims)],
    ['is signed with the client secret', (claims) => hmacToken(claims, stage.clientSecret)],
    [
      'is signed with the public key as a secret',
      (claims) => hmacToken(claims, JSON.stringify(stage.op.key.publicJwk), 'key-1'),
    ],
    ['says another algorithm (B-03)', (claims) => stage.op.key.sign(claims, { alg: 'ES256' })],
    ['is of another type', (claims) => stage.op.key.sign(claims, { typ: 'at+jwt' })],
    ['is of another issuer (B-08)', (claims) => ({ ...claims, iss: 'https://evil.example' })],
    [
      'is for our id with a suffix (B-07)',
      (claims) => ({ ...claims, aud: `${String(claims['aud'])}x` }),
    ],
    ['is for nobody', (claims) => ({ ...claims, aud: undefined })],
    ['has no event (B-04)', (claims) => ({ ...claims, events: undefined })],
    ['has another event (B-05)', (claims) => ({ ...claims, events: { 'urn:x': {} } })],
    [
      'has an event that is none (F-32)',
      (claims) => ({ ...claims, events: { [LOGOUT_EVENT]: 1 } }),
    ],
    ['has a nonce (B-06)', (claims) => ({ ...claims, nonce: 'n' })],
    ['names nobody (F-31)', (claims) => ({ ...claims, sub: undefined })],
    ['has no id', (claims) => ({ ...claims, jti: undefined })],
    ['has no date', (claims) => ({ ...claims, iat: undefined })],
    ['has expired', (claims) => ({ ...claims, exp: Number(claims['iat']) - 60 })],
    ['is an ID token', (claims) => ({ ...lastIdToken(stage), aud: claims['aud'] })],
    ['is no token', () => 'x'],
    ['is empty', () => ''],
  ];

  it.each(FALSE)('refuses a token that %s, and ends nothing (ATK-80)', async (_name, bend) => {
    const one = await member(stage);
    const bent = bend(logoutClaims(stage, { sub: 'alice' }));
    const token = typeof bent === 'string' ? bent : stage.op.key.sign(bent, { typ: 'logout+jwt' });
    const cookie = await stage.cookieOf(one.person);
    expectRefused(await sendLogout(stage, token, { cookie }));
    expect(await states(one)).toEqual(['live']);
  });

  it.each<[string, (token: string) => { headers?: Record<string, string>; body?: string }]>([
    [
      'JSON',
      (token) => ({
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ logout_token: token }),
      }),
    ],
    ['a body without a type', (token) => ({ body: `logout_token=${token}` })],
    [
      'two tokens',
      (token) => ({ headers: FORM, body: `logout_token=${token}&logout_token=${token}` }),
    ],
    ['no token', () => ({ headers: FORM, body: 'token=x' })],
    ['no body', () => ({ headers: FORM })],
    [
      'a megabyte',
      (token) => ({ headers: FORM, body: `pad=${'x'.repeat(1_000_000)}&logout_token=${token}` }),
    ],
  ])('refuses %s (F-40, ATK-80, R-45)', async (_name, request) => {
    const one = await member(stage);
    const outgoing = { method: 'POST', ...request(logoutToken(stage, { sub: 'alice' })) };
    expectRefused(await stage.send(stage.url('/backchannel-logout'), outgoing));
    expect(await states(one)).toEqual(['live']);
  });

  it.each(['GET', 'PUT', 'DELETE', 'HEAD'])('is not offered by %s (ATK-80)', async (method) => {
    const one = await member(stage);
    const body = `logout_token=${logoutToken(stage, { sub: 'alice' })}`;
    const url = stage.url('/backchannel-logout');
    const answer = await stage.send(url, { method, headers: FORM, body });
    expect([answer.status, answer.headers.allow]).toEqual([405, 'POST']);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(await states(one)).toEqual(['live']);
  });

  function expectRefused(answer: Hop): void {
    expect(answer.status).toBe(400);
    expect(jsonOf(answer)['code']).toMatch(/^(?:logout_token_rejected|bad_request)$/);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(cookiesSet(answer)).toEqual([]);
  }
});

function readClaims(tokenAnswer: string): TokenClaims {
  const [, claims = ''] = String(jsonOf({ body: tokenAnswer })['id_token']).split('.');
  return JSON.parse(Buffer.from(claims, 'base64url').toString('utf8')) as TokenClaims;
}

describe('back-channel logout over two instances', () => {
  let stage: Stage;
  let replica: Replica;
  beforeAll(async () => {
    stage = await Stage.open({ redis: true, env: SHORT_OF_PATIENCE });
    registerForLogouts(stage);
    replica = await startReplica(stage);
  });
  afterAll(async () => {
    await replica.stop();
    await stage.close();
  });

  const onReplica = async ({ person }: Member): Promise<unknown> => {
    const { authenticated, reason } = jsonOf(
      await person.fetch(replica.url('/session'), { csrf: false }),
    );
    return authenticated === true ? 'live' : reason;
  };

  it('ends the session everywhere, at once (ATK-60)', async () => {
    const one = await member(stage);
    expect(await onReplica(one)).toBe('live');
    expectDone(await sendLogout(stage, logoutToken(stage, { sid: one.sid })));
    expect(await onReplica(one)).toBe('backchannel');
  });

  it('is a replay also where the other instance took it first', async () => {
    const token = logoutToken(stage, { sub: 'alice' });
    const body = `logout_token=${token}`;
    const url = replica.url('/backchannel-logout');
    expectDone(await stage.send(url, { method: 'POST', headers: FORM, body }));
    const one = await member(stage);
    expectDone(await sendLogout(stage, token));
    expect(await onReplica(one)).toBe('live');
  });

  it('at the other instance wins over a login that is under way here (P-52)', async () => {
    stage.op.rewrite(PATHS.token, async (answer) => {
      const body = `logout_token=${logoutToken(stage, { sub: 'alice' })}`;
      const url = replica.url('/backchannel-logout');
      expectDone(await stage.send(url, { method: 'POST', headers: FORM, body }));
      return answer;
    });
    const page = await stage.logIn(stage.person());
    expect([page.status, errorCodeOf(page.body)]).toEqual([400, 'login_rejected']);
    stage.op.behave();
  });

  it('happens when a person logs out at the provider itself, and elsewhere nobody notices (E-03)', async () => {
    const [one, other] = [await member(stage), await member(stage)];
    const page = await one.person.visit(`${stage.op.issuer}${PATHS.endSession}`);
    await one.person.submit({ logout: 'yes' }, page);
    expect(await onReplica(one)).toBe('backchannel');
    expect(await onReplica(other)).toBe('live');
  });

  it('is a 503 while Redis does not answer, so that the provider tries again, which then works (P-53, F-39, ATK-79)', async () => {
    const one = await member(stage);
    const token = logoutToken(stage, { sid: one.sid });
    stage.redis.pause();
    const started = performance.now();
    const answer = await sendLogout(stage, token);
    expect(performance.now() - started).toBeLessThan(5_000);
    stage.redis.resume();
    expect(answer.status).toBe(503);
    expect(jsonOf(answer)).toMatchObject({ code: 'store_unavailable' });
    expect(answer.headers['retry-after']).toBe('1');
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(await onReplica(one)).toBe('live');
    let again = await sendLogout(stage, token);
    while (again.status === 503) again = await sendLogout(stage, token);
    expectDone(again);
    expect(await onReplica(one)).toBe('backchannel');
  });

  it('while the provider cannot be asked for its keys is a 503 as well', async () => {
    const late = await startReplica(stage);
    await stage.op.down();
    const body = `logout_token=${logoutToken(stage, { sub: 'alice' })}`;
    const url = late.url('/backchannel-logout');
    const answer = await stage.send(url, { method: 'POST', headers: FORM, body });
    expect([answer.status, jsonOf(answer)['code']]).toEqual([503, 'provider_unreachable']);
    await stage.op.up();
    await late.stop();
  });
});

describe('a flood of logout tokens by keys that nobody knows', () => {
  const FLOOD = 500;
  const AT_ONCE = 50;
  const stranger = newSigningKey('stranger');
  let stage: Stage;
  beforeAll(async () => {
    // Without the limit, which would stop the flood before it came to the keys.
    stage = await Stage.open({ redis: true, env: { LIMIT_BACKCHANNEL: 'off' } });
  });
  afterAll(() => stage.close());

  /** Each by a key id of its own; the statuses that they are answered with. */
  async function flood(): Promise<Set<number>> {
    const statuses = new Set<number>();
    const send = async (): Promise<void> => {
      const header = { typ: 'logout+jwt', kid: randomUUID() };
      const token = stranger.sign(logoutClaims(stage, { sub: 'alice' }), header);
      statuses.add((await sendLogout(stage, token)).status);
    };
    for (let sent = 0; sent < FLOOD; sent += AT_ONCE)
      await Promise.all(Array.from({ length: AT_ONCE }, send));
    return statuses;
  }
  const keyRequests = (): number => stage.op.callsOf(PATHS.keys).length;

  it('costs the provider one request for its keys, and people log in meanwhile (ATK-97)', async () => {
    const person = await stage.member();
    // Logouts have keys of their own, so that a flood cannot use up the re-fetch of logins; here they are known.
    expectDone(await sendLogout(stage, logoutToken(stage, { sub: 'nobody' })));
    const before = keyRequests();
    const [statuses, another] = await Promise.all([flood(), stage.member({ as: 'bob' })]);
    expect([...statuses]).toEqual([400]);
    expect(keyRequests() - before).toBeLessThanOrEqual(1);
    for (const one of [person, another])
      expect(await stage.view(one)).toMatchObject({ authenticated: true });
  });

  it('costs no more while Redis is away and the keys cannot be had (ATK-98)', async () => {
    const person = await stage.member();
    stage.clock.advance(60_000);
    stage.op.fail(PATHS.keys, 500);
    const gone = stage.bff.nextLog('store.disconnected');
    await stage.redis.kill();
    await gone;
    const before = keyRequests();
    const statuses = await flood();
    expect(statuses).not.toContain(200);
    expect(keyRequests() - before).toBeLessThanOrEqual(1);
    // A good token is known by the last good keys; it is the store that cannot obey.
    const good = await sendLogout(stage, logoutToken(stage, { sub: 'alice' }));
    expect([good.status, jsonOf(good)['code']]).toEqual([503, 'store_unavailable']);
    stage.op.behave();
    const back = stage.bff.nextLog('store.connected');
    await stage.redis.run();
    await back;
    expect((await stage.session(person)).status).not.toBe(503);
  });
});
