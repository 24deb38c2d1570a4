import { jsonOf, type Hop } from '../support/http-exchange.js';
import { PATHS, type AnsweredCall } from '../support/op-host.js';
import { Stage } from '../support/stage.js';

const LIFE_MS = 300_000;

describe('refreshing', () => {
  let stage: Stage;
  beforeEach(async () => {
    stage = await Stage.open();
  });
  afterEach(() => stage.close());

  const refreshes = (): AnsweredCall[] =>
    stage.op.callsOf(PATHS.token).filter(({ body }) => body.includes('grant_type=refresh_token'));
  const sentToken = (call: AnsweredCall | undefined): string | null =>
    new URLSearchParams(call?.body).get('refresh_token');

  it('happens once for twenty calls at the same time, with a token that rotates (P-30, H-17)', async () => {
    const person = await stage.member();
    const before = jsonOf(stage.op.callsOf(PATHS.token)[0]?.answer ?? { body: '{}' });
    stage.clock.advance(LIFE_MS);
    const answers = await Promise.all(Array.from({ length: 20 }, () => stage.call(person)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    expect(refreshes()).toHaveLength(1);
    expect(sentToken(refreshes()[0])).toBe(before['refresh_token']);
    const used = new Set(stage.api.received.map(({ headers }) => headers.authorization));
    const after = jsonOf(refreshes()[0]?.answer ?? { body: '{}' });
    expect([...used]).toEqual([`Bearer ${String(after['access_token'])}`]);
    stage.clock.advance(LIFE_MS);
    expect((await stage.call(person)).status).toBe(200);
    expect(sentToken(refreshes()[1])).toBe(after['refresh_token']);
  });

  it('does not happen while the token is young', async () => {
    const person = await stage.member();
    stage.clock.advance(LIFE_MS - 60_000);
    expect((await stage.call(person)).status).toBe(200);
    expect(refreshes()).toHaveLength(0);
  });

  it('happens before the end, within the leeway, and the call goes with the new token (P-20)', async () => {
    const person = await stage.member();
    await stage.call(person);
    const old = stage.api.last.headers.authorization;
    stage.clock.advance(LIFE_MS - 20_000);
    expect((await stage.call(person)).status).toBe(200);
    expect(refreshes()).toHaveLength(1);
    expect(stage.api.last.headers.authorization).not.toBe(old);
    stage.clock.advance(60_000);
    expect((await stage.call(person)).status).toBe(200);
    expect(refreshes()).toHaveLength(1);
  });

  it('of many people at a time gives each their own tokens (P-22)', async () => {
    const names = ['alice', 'bob', 'carol', 'alice', 'carol', 'bob'];
    const people = await Promise.all(names.map((as) => stage.member({ as })));
    for (let round = 1; round <= 2; round += 1) {
      stage.clock.advance(LIFE_MS);
      const answers = await Promise.all(
        people.flatMap((person) => [stage.call(person), stage.call(person)]),
      );
      expect(answers.map((answer) => jsonOf(answer)['sub'])).toEqual(
        names.flatMap((name) => [name, name]),
      );
      expect(refreshes()).toHaveLength(names.length * round);
    }
    expect(new Set(refreshes().map(sentToken)).size).toBe(2 * names.length);
  });

  it('keeps what the answer leaves out: refresh token, identity (D-22, F-23)', async () => {
    const person = await stage.member();
    stage.op.rewriteJson(
      PATHS.token,
      ({ refresh_token: _refresh, id_token: _id, ...body }) => body,
    );
    stage.clock.advance(LIFE_MS);
    expect((await stage.call(person)).status).toBe(200);
    stage.op.behave();
    expect(await stage.view(person)).toMatchObject({
      user: { sub: 'alice', name: 'Alice Archer' },
    });
    const first = sentToken(refreshes()[0]);
    stage.clock.advance(LIFE_MS);
    await stage.call(person);
    expect(sentToken(refreshes()[1])).toBe(first);
  });

  it('that the provider refuses for good ends the session, and says why (D-29, H-39, E-03, E-10)', async () => {
    const person = await stage.member();
    stage.op.forget('RefreshToken');
    stage.clock.advance(LIFE_MS);
    const answers = await Promise.all(Array.from({ length: 5 }, () => stage.call(person)));
    for (const answer of answers) {
      expect(answer.status).toBe(401);
      expect(jsonOf(answer)).toMatchObject({
        code: 'unauthenticated',
        reason: 'refresh_failed',
        login_url: '/login',
      });
    }
    expect(refreshes()).toHaveLength(1);
    expect(await stage.view(person)).toEqual({
      authenticated: false,
      reason: 'refresh_failed',
      login_url: '/login',
    });
  });

  it.each([
    ['is not there', () => stage.op.down(), () => stage.op.up()],
    ['answers 500', async () => stage.op.fail(PATHS.token, 500), async () => stage.op.behave()],
    ['answers 503', async () => stage.op.fail(PATHS.token, 503), async () => stage.op.behave()],
    ['answers 429', async () => stage.op.fail(PATHS.token, 429), async () => stage.op.behave()],
  ])(
    'while the provider %s keeps the session, calls nothing without a token, and goes on when it is well (P-18)',
    async (_name, ill, well) => {
      const person = await stage.member();
      // The API looks up the provider's keys once, and now.
      await stage.call(person);
      await ill();
      stage.clock.advance(LIFE_MS - 10_000);
      expect((await stage.call(person)).status).toBe(200);
      stage.clock.advance(LIFE_MS);
      const received = stage.api.received.length;
      const failed = await stage.call(person);
      expect(failed.status).toBe(503);
      expect(stage.api.received).toHaveLength(received);
      expect(jsonOf(failed)).toMatchObject({ code: 'provider_unreachable' });
      expect(failed.headers['retry-after']).toBeTruthy();
      expect(await stage.view(person)).toMatchObject({ authenticated: true });
      await well();
      stage.clock.advance(60_000);
      expect((await stage.call(person)).status).toBe(200);
    },
  );

  it('with credentials that the provider does not know is our fault: an alarm, and nobody is logged out (ATK-74, P-35, H-33)', async () => {
    const person = await stage.member();
    stage.op.rewrite(PATHS.token, (answer) => ({
      ...answer,
      status: 401,
      body: '{"error":"invalid_client"}',
    }));
    stage.clock.advance(LIFE_MS);
    expect((await stage.call(person)).status).toBe(503);
    expect(await stage.view(person)).toMatchObject({ authenticated: true });
    expect(stage.bff.logged('provider.client_refused')).toMatchObject([
      { level: 'error', provider: 'generic' },
    ]);
  });

  it('whose answer is lost ends in one clean logout', async () => {
    const person = await stage.member();
    stage.op.fail(PATHS.token, 'lost');
    stage.clock.advance(LIFE_MS);
    const answer = await stage.call(person);
    expect(answer.status).toBe(401);
    expect(jsonOf(answer)).toMatchObject({ reason: 'refresh_lost' });
  });

  it.each([
    ['another subject (A-43, D-21)', { sub: 'mallory' }],
    ['another issuer (A-42)', { iss: 'https://evil.example' }],
    ['another audience (F-20)', { aud: 'another-client' }],
  ])('to %s brings nothing into the session', async (_name, lie) => {
    const person = await stage.member();
    stage.op.forgeIdToken(({ claims }) => stage.op.key.sign({ ...claims, ...lie }));
    stage.clock.advance(LIFE_MS);
    const answer = await stage.call(person);
    expect(answer.status).toBe(401);
    stage.op.behave();
    expect(await stage.view(person)).toMatchObject({ authenticated: false });
    expect(stage.api.received).toHaveLength(0);
  });

  it('cannot happen without a refresh token: the session stays, its calls need a new login (ATK-75, P-21)', async () => {
    stage.op.rewriteJson(PATHS.token, ({ refresh_token: _refresh, ...body }) => body);
    const person = await stage.member();
    expect((await stage.call(person)).status).toBe(200);
    stage.clock.advance(LIFE_MS);
    const answer = await stage.call(person);
    expect([answer.status, jsonOf(answer)['code']]).toEqual([401, 'token_unavailable']);
    expect(await stage.view(person)).toMatchObject({ authenticated: true });
  });

  it('of a session that ends meanwhile revives nothing (J-02, ATK-72)', async () => {
    const person = await stage.member();
    const cookie = await stage.cookieOf(person);
    let release: () => void = () => undefined;
    const arrived = new Promise<void>((told) => {
      stage.op.rewrite(PATHS.token, async (answer) => {
        told();
        await new Promise<void>((resolve) => {
          release = resolve;
        });
        return answer;
      });
    });
    stage.clock.advance(LIFE_MS);
    const calling = stage.call(person);
    await arrived;
    expect((await stage.call(person, '/logout', { method: 'POST' })).status).toBe(200);
    release();
    expect((await calling).status).toBe(401);
    expect((await stage.send(stage.url('/session'), { headers: { cookie } })).status).toBe(401);
    expect(stage.api.received).toHaveLength(0);
  });

  describe('by POST /session/refresh', () => {
    const refresh = (person: Parameters<Stage['call']>[0]) =>
      stage.call(person, '/session/refresh', { method: 'POST' });

    it('renews at once and answers like GET /session', async () => {
      const person = await stage.member();
      const before = await stage.view(person);
      stage.clock.advance(20_000);
      const answer = await refresh(person);
      expect(answer.status).toBe(200);
      const after = jsonOf(answer);
      expect(Object.keys(after).sort()).toEqual(Object.keys(before).sort());
      expect(after).toMatchObject({ session_id: before['session_id'], user: { sub: 'alice' } });
      expect(Number(after['access_token_expires_at'])).toBeGreaterThan(
        Number(before['access_token_expires_at']),
      );
      expect(refreshes()).toHaveLength(1);
    });

    it('costs the provider one renewal in a while, however often a page asks', async () => {
      const person = await stage.member();
      const expiry = async (answer: Promise<Hop>): Promise<unknown> =>
        jsonOf(await answer)['access_token_expires_at'];
      const before = await expiry(stage.session(person));
      expect(await expiry(refresh(person))).toBe(before);
      expect(refreshes()).toHaveLength(0);
      const renewed = await expiry(stage.refresh(person));
      expect(renewed).not.toBe(before);
      for (let at = 0; at < 10; at += 1) expect(await expiry(refresh(person))).toBe(renewed);
      expect(refreshes()).toHaveLength(1);
      await stage.refresh(person);
      expect(refreshes()).toHaveLength(2);
    });

    it('says 401 to a stranger and 503 while the provider is away', async () => {
      expect((await refresh(stage.person())).status).toBe(401);
      const person = await stage.member();
      await stage.op.down();
      stage.clock.advance(LIFE_MS + 1);
      const answer = await refresh(person);
      expect([answer.status, jsonOf(answer)['code']]).toEqual([503, 'provider_unreachable']);
      await stage.op.up();
      expect(await stage.view(person)).toMatchObject({ authenticated: true });
    });

    it('ends the session when the provider refuses for good', async () => {
      const person = await stage.member();
      stage.op.forget('RefreshToken');
      const answer = await stage.refresh(person);
      expect([answer.status, jsonOf(answer)['reason']]).toEqual([401, 'refresh_failed']);
    });
  });
});
