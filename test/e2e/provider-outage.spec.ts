import { cookiesSet, jsonOf, locationOf } from '../support/http-exchange.js';
import { errorCodeOf, linksOf } from '../support/html-page.js';
import { PATHS } from '../support/op-host.js';
import { Stage } from '../support/stage.js';

describe('a provider that is down', () => {
  it('at the start keeps nobody from starting, and logins work when it is there (P-44, R-12, R-13, ATK-94)', async () => {
    await using stage = await Stage.open({ withoutProvider: true });
    await stage.bff.untilLogged('provider.discovery_failed');
    const person = stage.person();
    const page = await stage.startLogin(person);
    expect([page.status, errorCodeOf(page.body)]).toEqual([503, 'provider_unreachable']);
    expect(page.headers['retry-after']).toBeTruthy();
    expect(cookiesSet(page)).toEqual([]);
    expect((await stage.send(`${stage.bff.internalOrigin}/healthz`)).status).toBe(200);
    const ready = await stage.send(`${stage.bff.internalOrigin}/readyz`);
    expect([ready.status, jsonOf(ready)['providers']]).toEqual([200, { generic: 'unknown' }]);
    expect((await stage.session(person)).status).toBe(401);
    await stage.op.up();
    stage.clock.advance(60_000);
    await stage.logIn(person, { return_to: '/here' });
    expect(person.page).toBe(stage.url('/here'));
    expect(await stage.view(person)).toMatchObject({ authenticated: true });
  });

  it('is not asked again by every request: the pause grows (R-13)', async () => {
    await using stage = await Stage.open({ withoutProvider: true });
    await stage.bff.untilLogged('provider.discovery_failed');
    for (let count = 0; count < 10; count += 1) await stage.startLogin(stage.person());
    expect(stage.bff.logged('provider.discovery_failed')).toHaveLength(1);
    stage.clock.advance(1_001);
    await stage.startLogin(stage.person());
    stage.clock.advance(1_001);
    await stage.startLogin(stage.person());
    expect(stage.bff.logged('provider.discovery_failed')).toHaveLength(2);
  });

  it('or slow holds up nobody but those who log in: a hundred wait, and the others go on (R-14)', async () => {
    await using stage = await Stage.open({ env: { OIDC_TIMEOUT: '1m' } });
    const member = await stage.member();
    await stage.call(member);
    const people = Array.from({ length: 100 }, () => stage.person());
    const callbacks: string[] = [];
    for (const person of people) callbacks.push(await stage.callbackFor(person));
    const [allWait, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let waiting = 0;
    let served = 0;
    stage.op.rewrite(PATHS.token, async (answer) => {
      if ((waiting += 1) === people.length) allWait.resolve();
      await gate.promise;
      return answer;
    });
    const logins = people.map(async (person, at) => {
      await person.visit(callbacks[at] ?? '');
      served += 1;
    });
    await allWait.promise;
    for (let count = 0; count < 3; count += 1) {
      expect((await stage.session(member)).status).toBe(200);
      expect((await stage.call(member)).status).toBe(200);
      expect((await stage.startLogin(stage.person())).status).toBe(200);
      expect((await stage.send(`${stage.bff.internalOrigin}/healthz`)).status).toBe(200);
    }
    expect(served).toBe(0);
    gate.resolve();
    await Promise.all(logins);
    for (const person of people)
      expect(await stage.view(person)).toMatchObject({ authenticated: true });
  });

  describe('in the middle of a login', () => {
    let stage: Stage;
    beforeAll(async () => {
      stage = await Stage.open({ env: { OIDC_TIMEOUT: '1s' } });
    });
    afterEach(() => stage.op.behave());
    afterAll(() => stage.close());

    it.each([
      ['breaks the connection', 'reset', 503, 'provider_unreachable'],
      ['does not answer', 'hang', 503, 'provider_unreachable'],
      ['answers 500', 500, 503, 'provider_unreachable'],
      ['answers 503', 503, 503, 'provider_unreachable'],
      ['answers 429', 429, 503, 'provider_unreachable'],
    ] as const)(
      'and %s: the code is sent once; a page, no session, and a way to the next login, which works (R-12, R-15)',
      async (_name, fault, status, code) => {
        const person = stage.person();
        const callback = await stage.callbackFor(person, { return_to: '/here' });
        let sent = 0;
        stage.op.fail(PATHS.token, () => {
          sent += 1;
          return fault;
        });
        const page = await person.arrive(callback);
        expect([page.status, errorCodeOf(page.body)]).toEqual([status, code]);
        expect(cookiesSet(page)).toEqual([]);
        expect((await stage.session(person)).status).toBe(401);
        expect(sent).toBe(1);
        stage.op.behave();
        const answered = stage.op.callsOf(PATHS.token).length;
        const [retry = ''] = linksOf(page.body);
        await person.visit(new URL(retry, page.url).href);
        expect(await stage.view(person)).toMatchObject({ authenticated: true });
        // The login that failed is used up: whoever opens its callback again does not send its code again.
        await person.visit(callback);
        const codes = stage.op
          .callsOf(PATHS.token)
          .slice(answered)
          .map(({ body }) => new URLSearchParams(body).get('code'));
        expect(codes).not.toContain(new URL(callback).searchParams.get('code'));
        expect(person.page).toBe(stage.url('/here'));
      },
    );

    it('and does not know us: a page for the operator, and an alarm (H-33)', async () => {
      const person = stage.person();
      const callback = await stage.callbackFor(person);
      stage.op.rewrite(PATHS.token, (answer) => ({
        ...answer,
        status: 401,
        body: '{"error":"invalid_client"}',
      }));
      const page = await person.arrive(callback);
      expect([page.status, errorCodeOf(page.body)]).toEqual([502, 'provider_misconfigured']);
      expect(stage.bff.logged('request.failed').at(-1)).toMatchObject({
        level: 'error',
        code: 'provider_misconfigured',
      });
    });

    it('and does not give its keys: a page, no session, the tokens are revoked', async () => {
      await using fresh = await Stage.open({ env: { OIDC_TIMEOUT: '1s' } });
      const person = fresh.person();
      const callback = await fresh.callbackFor(person);
      fresh.op.fail(PATHS.keys, 503);
      const page = await person.arrive(callback);
      expect([page.status, errorCodeOf(page.body)]).toEqual([503, 'provider_unreachable']);
      expect(fresh.op.callsOf(PATHS.revoke)).toHaveLength(1);
    });

    it('leaves the sessions that are there alone', async () => {
      const person = await stage.member();
      await stage.call(person);
      await stage.op.down();
      expect((await stage.session(person)).status).toBe(200);
      expect((await stage.call(person)).status).toBe(200);
      await stage.op.up();
    });

    it('does not keep a person from logging out', async () => {
      const person = await stage.member();
      await stage.op.down();
      const answer = await stage.call(person, '/logout', { method: 'POST' });
      expect(answer.status).toBe(200);
      await stage.op.up();
      expect((await stage.session(person)).status).toBe(401);
      expect(
        locationOf({ ...answer, headers: { location: String(jsonOf(answer)['location']) } }).origin,
      ).toBe(stage.op.issuer);
    });
  });
});
