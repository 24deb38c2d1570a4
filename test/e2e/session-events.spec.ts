import { EventStream } from '../support/event-stream.js';
import { cookiesSet, jsonOf } from '../support/http-exchange.js';
import {
  lastIdToken,
  logoutToken,
  registerForLogouts,
  sendLogout,
} from '../support/logout-tokens.js';
import { startReplica, type Replica } from '../support/replica.js';
import { Stage } from '../support/stage.js';
import type { UserAgent } from '../support/user-agent.js';

const PATH = '/session/events';
const MINUTE = 60_000;
/** Another instance tells within this time; usually it is milliseconds. */
const SOON_MS = 1_000;

describe.each([
  ['memory', false],
  ['Redis', true],
] as const)('the events of a session over %s', (_store, redis) => {
  let stage: Stage;
  let streams: EventStream[];
  beforeAll(async () => {
    stage = await Stage.open({ redis });
    registerForLogouts(stage);
  });
  beforeEach(() => {
    streams = [];
  });
  afterEach(() => {
    for (const stream of streams) {
      stream.leave();
      stage.note({ where: 'event stream', text: stream.text });
    }
  });
  afterAll(() => stage.close());

  const openWith = async (
    cookie: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<EventStream> => {
    const stream = await EventStream.open(stage.url(PATH), {
      cookie,
      'sec-fetch-site': 'same-origin',
      ...headers,
    });
    streams.push(stream);
    return stream;
  };
  const open = async (person: UserAgent): Promise<EventStream> =>
    openWith(await stage.cookieOf(person));

  it('come as a stream that nobody caches, collects or sets cookies with (J-32)', async () => {
    const stream = await open(await stage.member());
    expect(stream.status).toBe(200);
    expect(stream.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    expect(stream.headers['set-cookie']).toBeUndefined();
    expect(stream.isOpen).toBe(true);
  });

  it.each<[string, string, (person: UserAgent, sid: string) => Promise<unknown>]>([
    [
      'a logout in another tab',
      'logout',
      (person) => stage.call(person, '/logout', { method: 'POST' }),
    ],
    [
      'a back-channel logout',
      'backchannel',
      (_person, sid) => sendLogout(stage, logoutToken(stage, { sid })),
    ],
    [
      'being revoked from another device',
      'revoked',
      async () => stage.call(await stage.member(), '/sessions', { method: 'DELETE' }),
    ],
    [
      'a new login in the same browser',
      'replaced',
      (person) => stage.logIn(person, { prompt: 'login' }),
    ],
  ])('tell of %s, and why, to every tab', async (_what, reason, end) => {
    const person = await stage.member();
    const sid = String(lastIdToken(stage)['sid']);
    const tabs = [await open(person), await open(person)];
    await end(person, sid);
    for (const tab of tabs) {
      expect(await tab.next('ended')).toEqual({ name: 'ended', data: { reason }, id: 'ended' });
      await tab.untilClosed();
    }
  });

  it('tell nothing of other sessions', async () => {
    const [person, bob] = [await stage.member(), await stage.member({ as: 'bob' })];
    const [stream, other] = [await open(person), await open(bob)];
    await stage.call(person, '/logout', { method: 'POST' });
    await stream.next('ended');
    expect(other.events).toEqual([]);
    expect(other.isOpen).toBe(true);
  });

  it('tell of a renewal, with the new deadlines', async () => {
    const person = await stage.member();
    const stream = await open(person);
    const answer = await stage.refresh(person);
    const { idle_expires_at, absolute_expires_at, access_token_expires_at } = jsonOf(answer);
    expect((await stream.next('renewed')).data).toEqual({
      idle_expires_at: expect.any(Number),
      absolute_expires_at,
      access_token_expires_at,
    });
    expect(Number(idle_expires_at)).toBeGreaterThan(0);
  });

  it('warn when little time is left, and extend nothing', async () => {
    const person = await stage.member();
    stage.clock.advance(30 * MINUTE - 30_000);
    const before = await stage.view(person, '?touch=false');
    const stream = await open(person);
    expect((await stream.next('expiring')).data).toMatchObject({
      idle_expires_at: before['idle_expires_at'],
    });
    await open(person);
    const after = await stage.view(person, '?touch=false');
    expect(after['idle_expires_at']).toBe(before['idle_expires_at']);
  });

  it('of a dead session are one end, and then an order to stay away', async () => {
    const person = await stage.member();
    const cookie = await stage.cookieOf(person);
    await sendLogout(stage, logoutToken(stage, { sub: 'alice' }));
    const stream = await openWith(cookie);
    await stream.untilClosed();
    expect([stream.status, stream.events]).toEqual([
      200,
      [{ name: 'ended', data: { reason: 'backchannel' }, id: 'ended' }],
    ]);
    const again = await openWith(cookie, { 'last-event-id': 'ended' });
    await again.untilClosed();
    expect([again.status, again.text, again.headers['cache-control']]).toEqual([
      204,
      '',
      'no-store',
    ]);
  });

  it('of nobody are the same, without a reason', async () => {
    const stream = await openWith('');
    await stream.untilClosed();
    expect(stream.events).toEqual([{ name: 'ended', data: { reason: null }, id: 'ended' }]);
    const again = await openWith('', { 'last-event-id': 'ended' });
    expect(again.status).toBe(204);
  });

  it('come again after a new login, although the browser still knows the end of the old one', async () => {
    const person = await stage.member();
    const stream = await openWith(await stage.cookieOf(person), { 'last-event-id': 'ended' });
    expect(stream.status).toBe(200);
    await stage.call(person, '/logout', { method: 'POST' });
    await stream.next('ended');
  });

  it('are not told to another site', async () => {
    const cookie = await stage.cookieOf(await stage.member());
    const stream = await openWith(cookie, { 'sec-fetch-site': 'cross-site' });
    expect(stream.status).toBe(403);
    expect(stream.headers['content-type']).toContain('application/problem+json');
  });

  it.each(['POST', 'HEAD'])('are not offered by %s', async (method) => {
    const answer = await stage.send(stage.url(PATH), { method });
    expect([answer.status, answer.headers.allow, cookiesSet(answer)]).toEqual([405, 'GET', []]);
  });

  it('are bounded: of nine streams of one session the first is closed, and told nothing', async () => {
    const person = await stage.member();
    const opened: EventStream[] = [];
    for (let count = 0; count < 9; count += 1) opened.push(await open(person));
    await opened[0]?.untilClosed();
    expect(opened.map((stream) => stream.isOpen)).toEqual([
      false,
      ...Array.from({ length: 8 }, () => true),
    ]);
    expect(opened.flatMap((stream) => stream.events)).toEqual([]);
  });
});

describe('the events of a session over two instances', () => {
  let stage: Stage;
  let replica: Replica;
  beforeAll(async () => {
    stage = await Stage.open({ redis: true });
    replica = await startReplica(stage);
  });
  afterAll(async () => {
    await replica.stop();
    await stage.close();
  });

  const openThere = async (person: UserAgent): Promise<EventStream> =>
    EventStream.open(replica.url(PATH), { cookie: await stage.cookieOf(person) });

  it('come within a second from wherever the session ended (ATK-60)', async () => {
    const delays: number[] = [];
    for (let count = 0; count < 20; count += 1) {
      const person = await stage.member();
      const stream = await openThere(person);
      const started = performance.now();
      await stage.call(person, '/logout', { method: 'POST' });
      expect((await stream.next('ended')).data).toEqual({ reason: 'logout' });
      delays.push(performance.now() - started);
    }
    expect(Math.max(...delays)).toBeLessThan(SOON_MS);
  });

  it('go on while Redis is away, and tell then what happened', async () => {
    const person = await stage.member();
    const stream = await openThere(person);
    await stage.redis.kill();
    await stage.bff.untilLogged('store.disconnected');
    expect(stream.isOpen).toBe(true);
    expect(stream.events).toEqual([]);
    // It comes back empty, as without AOF: nobody knows the session any more, nor why.
    await stage.redis.run();
    expect((await stream.next('ended')).data).toEqual({ reason: null });
  });

  it('are closed without an end when an instance goes: the browser comes back to another one', async () => {
    await stage.bff.untilConnected();
    const going = await startReplica(stage);
    const person = await stage.member();
    const stream = await EventStream.open(going.url(PATH), {
      cookie: await stage.cookieOf(person),
    });
    const started = performance.now();
    await going.stop();
    await stream.untilClosed();
    expect(performance.now() - started).toBeLessThan(2_000);
    expect(stream.events).toEqual([]);
    expect(stream.text).toContain('retry: ');
    const again = await openThere(person);
    expect(again.status).toBe(200);
    again.leave();
  });
});

describe("the provider's own ceiling (session_expiry, P-54)", () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open();
  });
  afterEach(() => stage.op.behave());
  afterAll(() => stage.close());

  const limitTo = (value: (now: number) => unknown): void => {
    stage.op.forgeIdToken(({ claims }) =>
      stage.op.key.sign({ ...claims, session_expiry: value(Math.floor(stage.clock.now() / 1000)) }),
    );
  };

  it('ends the session then, and says that it was the provider', async () => {
    limitTo((now) => now + 600);
    const person = await stage.member();
    const view = await stage.view(person);
    expect(Number(view['absolute_expires_at']) - Number(view['created_at'])).toBeLessThanOrEqual(
      600,
    );
    stage.clock.advance(601_000);
    expect(await stage.view(person)).toMatchObject({ authenticated: false, reason: 'provider' });
  });

  it('that has passed refuses the login', async () => {
    limitTo((now) => now - 1);
    const person = stage.person();
    expect((await stage.logIn(person)).status).toBe(400);
    expect(await person.cookie(stage.url('/'), stage.bff.cookieName)).toBeUndefined();
  });

  it.each([['soon'], [null], [-1], [{}], [1e13], ['1900000000']])(
    'of a bad shape (%j) is ignored',
    async (value) => {
      limitTo(() => value);
      const view = await stage.view(await stage.member());
      expect(Number(view['absolute_expires_at']) - Number(view['created_at'])).toBe(8 * 3_600);
    },
  );
});
