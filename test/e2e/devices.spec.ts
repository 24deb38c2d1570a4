import { randomToken } from '../../src/crypto/random.js';
import { cookiesSet, jsonOf, type Hop } from '../support/http-exchange.js';
import { startReplica, type Replica } from '../support/replica.js';
import { SHORT_OF_PATIENCE, Stage } from '../support/stage.js';
import type { UserAgent } from '../support/user-agent.js';

interface Device {
  readonly session_id: string;
  readonly created_at: number;
  readonly last_seen_at: number;
  readonly client: string;
  readonly provider: string;
  readonly current: boolean;
}

describe.each([
  ['memory', false],
  ['Redis', true],
] as const)("a user's own devices over %s", (_store, redis) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open({ redis });
  });
  afterAll(() => stage.close());

  const list = async (person: UserAgent): Promise<readonly Device[]> =>
    jsonOf(await person.fetch(stage.url('/sessions'), { csrf: false }))['sessions'] as Device[];
  const ids = async (person: UserAgent): Promise<string[]> =>
    (await list(person)).map((one) => one.session_id);
  const idOf = async (person: UserAgent): Promise<string> =>
    String((await stage.view(person))['session_id']);
  const revoke = (person: UserAgent, id = ''): Promise<Hop> =>
    stage.call(person, id === '' ? '/sessions' : `/sessions/${id}`, { method: 'DELETE' });
  /** A user of whom no test before has left a session. */
  const alone = async (as = 'alice'): Promise<UserAgent> => {
    const person = await stage.member({ as });
    await revoke(person);
    return person;
  };

  it('are listed newest first, with what a person recognises them by (E-14)', async () => {
    const first = await alone();
    stage.clock.advance(2_000);
    const second = await stage.member();
    await alone('bob');
    const devices = await list(second);
    expect(devices.map((one) => one.session_id)).toEqual([await idOf(second), await idOf(first)]);
    expect(devices.map((one) => one.current)).toEqual([true, false]);
    const [newest, oldest] = devices;
    expect(newest).toEqual({
      session_id: expect.any(String),
      provider: 'generic',
      client: 'Mozilla/5.0 (X11; Linux x86_64) Vestibule-Test/1.0',
      created_at: (await stage.view(second))['created_at'],
      last_seen_at: expect.any(Number),
      current: true,
    });
    expect(Number(newest?.created_at) - Number(oldest?.created_at)).toBeGreaterThanOrEqual(2);
    expect((await list(first)).map((one) => one.current)).toEqual([false, true]);
  });

  it('show ids that are not what the cookies hold, and that log nobody in (ATK-69)', async () => {
    const person = await alone();
    const [id = ''] = await ids(person);
    const value = decodeURIComponent(
      (await person.cookie(stage.url('/'), stage.bff.cookieName)) ?? '',
    );
    expect(value).not.toContain(id);
    const cookie = `${stage.bff.cookieName}=${encodeURIComponent(value.replace(/^s:[^.]+/, `s:${id}`))}`;
    for (const forged of [cookie, `${stage.bff.cookieName}=${id}`])
      expect(
        (await stage.send(stage.url('/session'), { headers: { cookie: forged } })).status,
      ).toBe(401);
  });

  it('can be ended one by one; the holder learns why (E-14)', async () => {
    const [mine, lost] = [await alone(), await stage.member()];
    const answer = await revoke(mine, await idOf(lost));
    expect([answer.status, answer.body]).toEqual([204, '']);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(await stage.view(lost)).toMatchObject({ authenticated: false, reason: 'revoked' });
    expect(await ids(mine)).toEqual([await idOf(mine)]);
  });

  it('can be ended all but this one (E-11)', async () => {
    const [mine, ...others] = [await alone(), await stage.member(), await stage.member()];
    const bob = await alone('bob');
    const answer = await revoke(mine);
    expect([answer.status, jsonOf(answer)]).toEqual([200, { ended: 2 }]);
    for (const person of others)
      expect(await stage.view(person)).toMatchObject({ reason: 'revoked' });
    for (const person of [mine, bob])
      expect(await stage.view(person)).toMatchObject({ authenticated: true });
    expect(jsonOf(await revoke(mine))).toEqual({ ended: 0 });
  });

  it('include this one, which one may end like any other', async () => {
    const mine = await alone();
    expect((await revoke(mine, await idOf(mine))).status).toBe(204);
    expect(await stage.view(mine)).toMatchObject({ authenticated: false, reason: 'revoked' });
    // An answer without a body was one more that nobody had asked for, and failed.
    expect(stage.bff.logged('request.failed')).toEqual([]);
  });

  it('are not those of somebody else who has the same e-mail address (E-31)', async () => {
    stage.op.forgeIdToken(({ claims }) =>
      stage.op.key.sign({ ...claims, email: 'shared@example.com', email_verified: true }),
    );
    const [mine, bob] = [await alone(), await alone('bob')];
    stage.op.behave();
    const users = [(await stage.view(mine))['user'], (await stage.view(bob))['user']];
    expect(users).toMatchObject([
      { sub: 'alice', email: 'shared@example.com' },
      { sub: 'bob', email: 'shared@example.com' },
    ]);
    expect(await ids(mine)).toEqual([await idOf(mine)]);
    expect(jsonOf(await revoke(bob))).toEqual({ ended: 0 });
    expect((await revoke(bob, await idOf(mine))).status).toBe(404);
    expect(await stage.view(mine)).toMatchObject({ authenticated: true });
  });

  it('of others, dead ones and unknown ones are the same 404 (ATK-69)', async () => {
    const [mine, bob, dead] = [await alone(), await alone('bob'), await stage.member()];
    const deadId = await idOf(dead);
    await stage.call(dead, '/logout', { method: 'POST' });
    const answers = [];
    for (const id of [await idOf(bob), deadId, randomToken(), 'x', 'x'.repeat(500)])
      answers.push(await revoke(mine, id));
    const told = answers.map((answer) => {
      const { request_id: _id, ...problem } = jsonOf(answer);
      return { status: answer.status, problem, cookies: cookiesSet(answer) };
    });
    expect(new Set(told.map((one) => JSON.stringify(one))).size).toBe(1);
    expect(told[0]).toMatchObject({ status: 404, problem: { code: 'not_found' }, cookies: [] });
    expect(await stage.view(bob)).toMatchObject({ authenticated: true });
  });

  it('are nobody else’s business: 401 without a session, 403 without the header', async () => {
    const [mine, other] = [await alone(), await stage.member()];
    const id = await idOf(other);
    for (const [method, path] of [
      ['GET', '/sessions'],
      ['DELETE', '/sessions'],
      ['DELETE', `/sessions/${id}`],
    ] as const) {
      const stranger = await stage.send(stage.url(path), { method, headers: { 'x-csrf': '1' } });
      expect([stranger.status, jsonOf(stranger)['code']]).toEqual([401, 'unauthenticated']);
      if (method === 'GET') continue;
      const forged = await mine.fetch(stage.url(path), { method, csrf: false });
      expect([forged.status, jsonOf(forged)['code']]).toEqual([403, 'csrf_refused']);
    }
    const cookie = await stage.cookieOf(mine);
    const foreign = await stage.send(stage.url('/sessions'), {
      headers: { cookie, 'sec-fetch-site': 'cross-site' },
    });
    expect(foreign.status).toBe(403);
    expect(await ids(mine)).toHaveLength(2);
  });
});

describe('devices over two instances', () => {
  let stage: Stage;
  let replica: Replica;
  beforeAll(async () => {
    stage = await Stage.open({
      redis: true,
      env: { ...SHORT_OF_PATIENCE, SESSION_MAX_PER_USER: '2' },
    });
    replica = await startReplica(stage);
  });
  afterAll(async () => {
    await replica.stop();
    await stage.close();
  });

  it('that are ended at one are gone at the other (E-09)', async () => {
    const [mine, lost] = [await stage.member(), await stage.member()];
    const id = String((await stage.view(lost))['session_id']);
    const answer = await mine.fetch(replica.url(`/sessions/${id}`), { method: 'DELETE' });
    expect(answer.status).toBe(204);
    expect(await stage.view(lost)).toMatchObject({ reason: 'revoked' });
  });

  it('are no more than the configuration allows: the oldest goes (E-02)', async () => {
    const people: UserAgent[] = [];
    for (let count = 0; count < 3; count += 1) {
      people.push(await stage.member({ as: 'bob' }));
      stage.clock.advance(1_000);
    }
    const views = await Promise.all(people.map((person) => stage.view(person)));
    expect(views.map((view) => view['authenticated'])).toEqual([false, true, true]);
    expect(views[0]).toMatchObject({ reason: 'replaced' });
  });

  it('are not told of while Redis is away, and nobody is logged out by it (J-21, ATK-92)', async () => {
    const mine = await stage.member();
    stage.redis.pause();
    const answers = [
      await mine.fetch(stage.url('/sessions'), { csrf: false }),
      await stage.call(mine, '/sessions', { method: 'DELETE' }),
    ];
    stage.redis.resume();
    for (const answer of answers)
      expect([answer.status, jsonOf(answer)['code']]).toEqual([503, 'store_unavailable']);
    let answer = await stage.session(mine);
    while (answer.status === 503) answer = await stage.session(mine);
    expect(jsonOf(answer)).toMatchObject({ authenticated: true });
  });
});
