import { randomToken } from '../../src/crypto/random.js';
import { EventStream } from '../support/event-stream.js';
import { cookiesSet, jsonOf, type Hop } from '../support/http-exchange.js';
import { startReplica } from '../support/replica.js';
import { askAs, basicOf, ServiceCaller, servicesFile } from '../support/service-caller.js';
import { SHORT_OF_PATIENCE, Stage } from '../support/stage.js';
import type { UserAgent } from '../support/user-agent.js';

const support = new ServiceCaller('support', { scopes: '[sessions]' });
const gateway = new ServiceCaller('gateway', { scopes: '[introspect, token]' });

describe('/admin/sessions', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open({
      redis: true,
      file: servicesFile(support, gateway),
      env: SHORT_OF_PATIENCE,
    });
  });
  afterEach(async () => {
    for (const sub of ['alice', 'bob']) await end(`?sub=${sub}&provider=generic`);
  });
  afterAll(() => stage.close());

  const list = (query: string, by = support): Promise<Hop> =>
    by.ask(stage, `/admin/sessions${query}`, { method: 'GET' });
  const end = (rest: string, by = support): Promise<Hop> =>
    by.ask(stage, `/admin/sessions${rest}`, { method: 'DELETE' });
  const idOf = async (person: UserAgent): Promise<string> =>
    String((await stage.view(person))['session_id']);

  it('lists a user’s sessions, newest first', async () => {
    const first = await stage.member();
    stage.clock.advance(2_000);
    const second = await stage.member();
    await stage.member({ as: 'bob' });
    for (const query of ['?sub=alice', '?sub=alice&provider=generic']) {
      const answer = await list(query);
      expect([answer.status, answer.headers['cache-control']]).toEqual([200, 'no-store']);
      const { sessions } = jsonOf(answer) as { sessions: Record<string, unknown>[] };
      expect(sessions.map((one) => one['session_id'])).toEqual([
        await idOf(second),
        await idOf(first),
      ]);
      expect(sessions[1]).toEqual({
        session_id: await idOf(first),
        provider: 'generic',
        created_at: (await stage.view(first))['created_at'],
        last_seen_at: expect.any(Number),
        client: expect.stringContaining('Vestibule-Test'),
      });
    }
    expect(jsonOf(await list('?sub=nobody'))).toEqual({ sessions: [] });
  });

  it('ends all of a user’s sessions, on every instance, and their pages hear of it (E-13)', async () => {
    const replica = await startReplica(stage);
    try {
      const [first, second] = [await stage.member(), await stage.member()];
      const bob = await stage.member({ as: 'bob' });
      const stream = await EventStream.open(replica.url('/session/events'), {
        cookie: await stage.cookieOf(first),
      });
      const answer = await end('?sub=alice&provider=generic');
      expect([answer.status, jsonOf(answer)]).toEqual([200, { ended: 2 }]);
      expect((await stream.next('ended')).data).toEqual({ reason: 'revoked' });
      const seen = await first.fetch(replica.url('/session'), { csrf: false });
      expect(jsonOf(seen)).toMatchObject({ authenticated: false, reason: 'revoked' });
      expect(await stage.view(second)).toMatchObject({ reason: 'revoked' });
      expect(await stage.view(bob)).toMatchObject({ authenticated: true });
      expect(jsonOf(await end('?sub=alice&provider=generic'))).toEqual({ ended: 0 });
    } finally {
      await replica.stop();
    }
  });

  it('ends one session, once, and tells who did it', async () => {
    const [one, other] = [await stage.member(), await stage.member()];
    const id = await idOf(one);
    const answer = await end(`/${id}`);
    expect([answer.status, answer.body]).toEqual([204, '']);
    expect(await stage.view(one)).toMatchObject({ authenticated: false, reason: 'revoked' });
    expect(await stage.view(other)).toMatchObject({ authenticated: true });
    expect(stage.bff.logged('service.sessions_ended').at(-1)).toMatchObject({
      caller: 'support',
      count: 1,
    });
    expect((await end(`/${id}`)).status).toBe(404);
  });

  it('knows no session by an id that is none, and leaves nothing behind for it (ATK-69)', async () => {
    const keys = async (): Promise<string> => stage.redis.command('DBSIZE');
    const before = await keys();
    for (const id of [randomToken(), 'x', 'x'.repeat(500), `${randomToken()}x`]) {
      const answer = await end(`/${id}`);
      expect([answer.status, jsonOf(answer)['code']]).toEqual([404, 'not_found']);
    }
    expect(await keys()).toBe(before);
  });

  it.each([
    ['GET', ''],
    ['GET', '?provider=generic'],
    ['GET', '?sub='],
    ['GET', '?sub=alice&sub=bob'],
    ['GET', '?sub=alice&provider=other'],
    ['DELETE', ''],
    ['DELETE', '?sub=alice'],
    ['DELETE', '?sub=&provider=generic'],
    ['DELETE', '?provider=generic'],
    ['DELETE', '?sub=alice&provider='],
    ['DELETE', '?sub=alice&provider=other'],
    ['DELETE', '?sub=alice&sub=bob&provider=generic'],
  ])('does nothing for %s %s (P-28)', async (method, query) => {
    const person = await stage.member();
    const answer = await support.ask(stage, `/admin/sessions${query}`, { method });
    expect(answer.status).toBe(400);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(await stage.view(person)).toMatchObject({ authenticated: true });
  });

  it('is closed to everybody but a service with the scope (ATK-01, ATK-69, ATK-78)', async () => {
    const person = await stage.member();
    const id = await idOf(person);
    const cookie = await stage.cookieOf(person);
    // From addresses of their own: who fails too often is not looked at any more.
    let host = 10;
    for (const [method, path] of [
      ['GET', '/admin/sessions?sub=alice'],
      ['DELETE', '/admin/sessions?sub=alice&provider=generic'],
      ['DELETE', `/admin/sessions/${id}`],
    ] as const) {
      const headers = [
        {},
        { cookie, 'x-csrf': '1' },
        { authorization: 'Bearer x' },
        { authorization: basicOf('support', 'x') },
        { 'x-auth-subject': 'admin', 'x-forwarded-for': '127.0.0.1' },
      ];
      for (const given of headers) {
        host += 1;
        const localAddress = `127.0.0.${host}`;
        const answer = await askAs(stage, path, { method, headers: given, localAddress });
        expect([answer.status, jsonOf(answer)['code']]).toEqual([401, 'invalid_client']);
        expect(answer.headers['www-authenticate']).toMatch(/^Basic /);
        expect(cookiesSet(answer)).toEqual([]);
      }
      const foreign = await gateway.ask(stage, path, { method });
      expect([foreign.status, jsonOf(foreign)['code']]).toEqual([403, 'service_not_permitted']);
    }
    expect(await stage.view(person)).toMatchObject({ authenticated: true });
  });

  it('says 503 while the store does not answer', async () => {
    const person = await stage.member();
    stage.redis.pause();
    const answers = [
      await list('?sub=alice'),
      await end('?sub=alice&provider=generic'),
      await end(`/${randomToken()}`),
    ];
    stage.redis.resume();
    for (const answer of answers)
      expect([answer.status, jsonOf(answer)['code'], answer.headers['retry-after']]).toEqual([
        503,
        'store_unavailable',
        '1',
      ]);
    expect(await stage.view(person)).toBeDefined();
  });
});
