import { cookiesSet, jsonOf, type Hop } from '../support/http-exchange.js';
import { errorCodeOf } from '../support/html-page.js';
import { PATHS } from '../support/op-host.js';
import { SHORT_OF_PATIENCE, Stage } from '../support/stage.js';
import type { UserAgent } from '../support/user-agent.js';

/** Twice the limit of a command, which is a second with the limit that is the default. */
const BOUND_MS = 4_000;

describe('while Redis is away', () => {
  let stage: Stage;
  let person: UserAgent;
  beforeAll(async () => {
    stage = await Stage.open({
      redis: { settings: { appendonly: 'yes', appendfsync: 'always' } },
      env: SHORT_OF_PATIENCE,
    });
    person = await stage.member();
    await stage.call(person);
  });
  afterAll(() => stage.close());

  async function timed(ask: () => Promise<Hop>): Promise<Hop> {
    const started = performance.now();
    const answer = await ask();
    expect(performance.now() - started).toBeLessThan(BOUND_MS);
    return answer;
  }

  /** Whatever needs the store, each once. */
  async function expectOutage(): Promise<void> {
    const asks = [
      () => stage.session(person),
      () => stage.session(person, '?touch=false'),
      () => stage.call(person),
      () => stage.call(person, '/api/orders', { method: 'POST' }),
      () => stage.call(person, '/session/refresh', { method: 'POST' }),
      () => stage.call(person, '/logout', { method: 'POST' }),
    ];
    for (const ask of asks) {
      const answer = await timed(ask);
      expect(answer.status).toBe(503);
      expect(answer.headers['content-type']).toContain('application/problem+json');
      expect(answer.headers['retry-after']).toBeTruthy();
      expect(jsonOf(answer)).toMatchObject({ code: 'store_unavailable', status: 503 });
      expect(cookiesSet(answer)).toEqual([]);
    }
  }

  async function expectHealth(store: 'up' | 'down'): Promise<void> {
    expect((await stage.send(`${stage.bff.internalOrigin}/healthz`)).status).toBe(200);
    const ready = await stage.send(`${stage.bff.internalOrigin}/readyz`);
    expect([ready.status, jsonOf(ready)['store']]).toEqual([store === 'up' ? 200 : 503, store]);
  }

  it('killed: 503 within the bound, nobody is logged out, and all is well again without a restart (P-41, R-01, R-02, K-10, ATK-92)', async () => {
    const { session_id: sessionId } = await stage.view(person);
    await expectHealth('up');
    const gone = stage.bff.nextLog('store.disconnected');
    await stage.redis.kill();
    await gone;
    await expectOutage();
    await expectHealth('down');
    const back = stage.bff.nextLog('store.connected');
    await stage.redis.run();
    await back;
    expect(await stage.view(person)).toMatchObject({ session_id: sessionId });
    expect((await stage.call(person)).status).toBe(200);
    await expectHealth('up');
  });

  it('a stranger still hears 401, because without a cookie nobody asks the store', async () => {
    const gone = stage.bff.nextLog('store.disconnected');
    await stage.redis.kill();
    await gone;
    const stranger = stage.person();
    expect((await stage.session(stranger)).status).toBe(401);
    expect((await stage.call(stranger)).status).toBe(401);
    const broken = await stage.send(stage.url('/session'), {
      headers: { cookie: `${stage.bff.cookieName}=s%3Abroken` },
    });
    expect(broken.status).toBe(401);
    const back = stage.bff.nextLog('store.connected');
    await stage.redis.run();
    await back;
  });

  it('a login shows a page, leaves no cookie of a session, and works when Redis is back (R-01, ATK-92)', async () => {
    const other = stage.person();
    const callback = await stage.callbackFor(other, { as: 'bob', return_to: '/here' });
    const gone = stage.bff.nextLog('store.disconnected');
    await stage.redis.kill();
    await gone;
    for (const ask of [
      () => other.load(stage.url('/login')),
      () => other.load(callback, { site: 'cross-site' }),
    ]) {
      const page = await timed(ask);
      expect([page.status, errorCodeOf(page.body)]).toEqual([503, 'store_unavailable']);
      expect(
        cookiesSet(page).filter((cookie) => cookie.startsWith(`${stage.bff.cookieName}=`)),
      ).toEqual([]);
    }
    const back = stage.bff.nextLog('store.connected');
    await stage.redis.run();
    await back;
    await other.arrive(callback);
    expect(other.page).toBe(stage.url('/here'));
    expect(await stage.view(other)).toMatchObject({ user: { sub: 'bob' } });
  });

  it('paused: every answer comes within the bound, and all is well when it goes on (R-03, K-06, ATK-92)', async () => {
    stage.redis.pause();
    try {
      await expectOutage();
    } finally {
      stage.redis.resume();
    }
    await expect(untilWell()).resolves.toMatchObject({ status: 200 });
    expect((await stage.call(person)).status).toBe(200);
  });

  /** A paused Redis tells nobody that it goes on: the next command finds out. */
  async function untilWell(): Promise<Hop> {
    const deadline = Date.now() + 15_000;
    for (;;) {
      const answer = await stage.session(person);
      if (answer.status === 200 || Date.now() > deadline) return answer;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
});

describe('a Redis that is full', () => {
  it('keeps sessions and logouts going, refuses logins without a cookie, and takes back their tokens (R-05, K-12, ATK-92)', async () => {
    await using stage = await Stage.open({ redis: true });
    const person = await stage.member();
    const other = stage.person();
    const callback = await stage.callbackFor(other, { as: 'bob' });
    await stage.redis.command('CONFIG', 'SET', 'maxmemory', '1');
    expect((await stage.session(person)).status).toBe(200);
    expect((await stage.call(person)).status).toBe(200);
    expect((await other.load(stage.url('/login'))).status).toBe(503);
    const refused = await other.load(callback, { site: 'cross-site' });
    expect([refused.status, errorCodeOf(refused.body)]).toEqual([503, 'store_unavailable']);
    expect(refused.headers['retry-after']).toBeTruthy();
    expect(cookiesSet(refused)).toEqual([]);
    const issued = jsonOf(stage.op.callsOf(PATHS.token).at(-1)?.answer ?? { body: '{}' });
    const [revocation] = stage.op.callsOf(PATHS.revoke);
    expect(new URLSearchParams(revocation?.body).get('token')).toBe(issued['refresh_token']);
    expect((await stage.call(person, '/logout', { method: 'POST' })).status).toBe(200);
    expect((await stage.session(person)).status).toBe(401);
    await stage.redis.command('CONFIG', 'SET', 'maxmemory', '0');
    expect(await stage.view(await stage.member())).toMatchObject({ authenticated: true });
  });
});

describe('a Redis that lost everything', () => {
  it('leaves everybody anonymous, without an error, and each is one login from being back (K-33, R-07)', async () => {
    await using stage = await Stage.open({ redis: true });
    const people = [await stage.member(), await stage.member({ as: 'bob' })];
    const begun = stage.person();
    const callback = await stage.callbackFor(begun);
    await stage.redis.flush();
    for (const person of people) {
      expect([(await stage.session(person)).status, (await stage.call(person)).status]).toEqual([
        401, 401,
      ]);
    }
    const lost = await begun.load(callback, { site: 'cross-site' });
    expect([lost.status, errorCodeOf(lost.body)]).toEqual([400, 'login_state_unknown']);
    for (const person of people) {
      const before = stage.op.callsOf(PATHS.authorize).length;
      await stage.logIn(person);
      expect(await stage.view(person)).toMatchObject({ authenticated: true });
      expect(stage.op.callsOf(PATHS.authorize)).toHaveLength(before + 1);
    }
    expect(stage.hops.filter(({ status }) => status >= 500)).toEqual([]);
  });
});

describe('a process that starts before its Redis', () => {
  it('is there, not ready, and becomes ready (R-02, ATK-103)', async () => {
    await using stage = await Stage.open({ redis: true });
    const gone = stage.bff.nextLog('store.disconnected');
    await stage.redis.kill();
    await gone;
    await stage.bff.stop();
    await stage.bff.run();
    expect((await stage.send(`${stage.bff.internalOrigin}/readyz`)).status).toBe(503);
    expect((await stage.session(stage.person())).status).toBe(401);
    const back = stage.bff.nextLog('store.connected');
    await stage.redis.run();
    await back;
    expect((await stage.send(`${stage.bff.internalOrigin}/readyz`)).status).toBe(200);
    expect(await stage.view(await stage.member())).toMatchObject({ authenticated: true });
  });

  it('knows the sessions that another process made', async () => {
    await using stage = await Stage.open({ redis: true });
    const person = await stage.member();
    const view = await stage.view(person);
    await stage.bff.stop();
    const back = stage.bff.nextLog('store.connected');
    await stage.bff.run();
    await back;
    expect(await stage.view(person)).toMatchObject({
      session_id: view['session_id'],
      user: view['user'],
    });
  });
});

describe('what stands in Redis', () => {
  it('is no secret and no claim: a dump opens nothing (section 4, zero knowledge)', async () => {
    await using stage = await Stage.open({ redis: true });
    await stage.member();
    await stage.callbackFor(stage.person());
    const keys = (
      await stage.redis.command('EVAL', "return table.concat(redis.call('KEYS','*'),'\\n')", '0')
    ).split('\n');
    const dump = await stage.redis.command(
      'EVAL',
      `local out = {}
       for _, key in ipairs(redis.call('KEYS','*')) do
         out[#out+1] = key
         local kind = redis.call('TYPE', key)['ok']
         if kind == 'string' then out[#out+1] = redis.call('GET', key)
         elseif kind == 'hash' then for _, value in ipairs(redis.call('HGETALL', key)) do out[#out+1] = value end
         elseif kind == 'zset' then for _, value in ipairs(redis.call('ZRANGE', key, 0, -1)) do out[#out+1] = value end end
       end
       return table.concat(out, '\\n')`,
      '0',
    );
    expect(keys.length).toBeGreaterThan(3);
    expect(dump.length).toBeGreaterThan(1_000);
    for (const claim of ['alice', 'Alice Archer', stage.op.issuer, 'example.com'])
      expect(dump).not.toContain(claim);
    expect(stage.leaks([{ where: 'Redis', text: dump }])).toEqual([]);
  });
});
