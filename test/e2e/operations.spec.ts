import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { jsonOf, type Hop } from '../support/http-exchange.js';
import { logoutToken, registerForLogouts, sendLogout } from '../support/logout-tokens.js';
import { Stage } from '../support/stage.js';
import type { UserAgent } from '../support/user-agent.js';

const LIFE_MS = 300_000;
const IDLE_MS = 30 * 60_000;

describe('health', () => {
  it('is green with the provider down, and says so', async () => {
    await using stage = await Stage.open();
    await stage.bff.untilLogged('provider.discovered');
    await stage.op.down();
    const live = await stage.send(`${stage.bff.internalOrigin}/healthz`);
    expect([live.status, jsonOf(live)]).toEqual([200, { status: 'ok' }]);
    const ready = await stage.send(`${stage.bff.internalOrigin}/readyz`);
    expect(ready.status).toBe(200);
    expect(jsonOf(ready)).toMatchObject({
      status: 'ready',
      draining: false,
      store: 'up',
      providers: { generic: 'known' },
    });
  });

  it('warns of sessions in memory', async () => {
    await using stage = await Stage.open();
    const { warnings } = jsonOf(await stage.send(`${stage.bff.internalOrigin}/readyz`));
    expect(String(warnings)).toContain('memory');
  });
});

describe('the start', () => {
  it('lets nobody ask whether it is ready before the public listener takes requests', async () => {
    const opened: number[] = [];
    const tellOf = (message: unknown): void => {
      const { server } = message as { readonly server: Server };
      opened.push((server.address() as AddressInfo).port);
    };
    subscribe('tracing:net.server.listen:asyncEnd', tellOf);
    await using stage = await Stage.open();
    unsubscribe('tracing:net.server.listen:asyncEnd', tellOf);
    const { origin, internalOrigin } = stage.bff;
    const ports = [origin, internalOrigin].map((one) => Number(new URL(one).port));
    // The first to listen on the public port was whoever looked whether it is free.
    expect(opened.filter((port) => ports.includes(port)).slice(-2)).toEqual(ports);
  });
});

/** A call that the API holds until it is let go. */
async function heldCall(
  stage: Stage,
): Promise<{ answer: Promise<IncomingMessage>; letGo: () => void }> {
  const person = await stage.member();
  const cookie = await stage.cookieOf(person);
  let letGo: () => void = () => undefined;
  const arrived = new Promise<void>((resolve) => {
    stage.api.respond((_received, res) => {
      letGo = () => res.writeHead(200).end('done');
      resolve();
    });
  });
  const outgoing = request(stage.url('/api/slow'), {
    host: '127.0.0.1',
    headers: { cookie, 'x-csrf': '1' },
    agent: new Agent({ keepAlive: true }),
  }).end();
  const answer = once(outgoing, 'response').then(([message]) => message as IncomingMessage);
  await arrived;
  return { answer, letGo };
}

describe('SIGTERM', () => {
  it('lets a request finish that is under way, and then nobody listens (R-35)', async () => {
    await using stage = await Stage.open();
    const { answer, letGo } = await heldCall(stage);
    const draining = stage.bff.nextLog('server.draining');
    const started = performance.now();
    const stopped = stage.bff.stop();
    await draining;
    letGo();
    const finished = await answer;
    // It came before anybody knew; its connection is not to be used again all the same.
    expect([finished.statusCode, finished.headers.connection]).toEqual([200, 'close']);
    const [body] = (await once(finished, 'data')) as [Buffer];
    expect(body.toString()).toBe('done');
    await stopped;
    // The browser's connection stays open for its next request: nobody waits for that.
    expect(performance.now() - started).toBeLessThan(5_000);
    await expect(stage.send(stage.url('/session'))).rejects.toThrow(/ECONNREFUSED/);
    await expect(stage.send(`${stage.bff.internalOrigin}/healthz`)).rejects.toThrow(/ECONNREFUSED/);
    expect(stage.bff.logged('server.stopped')).toHaveLength(1);
  });

  it('turns readiness red at once and goes on serving for the delay, with Connection: close', async () => {
    await using stage = await Stage.open({ env: { SHUTDOWN_DELAY: '700ms' } });
    const person = await stage.member();
    const draining = stage.bff.nextLog('server.draining');
    const stopped = stage.bff.stop();
    await draining;
    const ready = await stage.send(`${stage.bff.internalOrigin}/readyz`);
    expect([ready.status, jsonOf(ready)['draining']]).toEqual([503, true]);
    const cookie = await stage.cookieOf(person);
    const answer = await stage.send(stage.url('/session'), {
      headers: { cookie, connection: 'keep-alive' },
    });
    expect([answer.status, answer.headers.connection]).toEqual([200, 'close']);
    await stopped;
  });

  it('cuts off what runs longer than the time-out', async () => {
    await using stage = await Stage.open({ env: { SHUTDOWN_TIMEOUT: '200ms' } });
    const { answer } = await heldCall(stage);
    const broken = answer.then(
      () => 'answered',
      () => 'cut off',
    );
    await stage.bff.stop();
    expect(await broken).toBe('cut off');
  });

  it('twice is once', async () => {
    await using stage = await Stage.open();
    await Promise.all([stage.bff.stop(), stage.bff.stop()]);
    expect(stage.bff.logged('server.draining')).toHaveLength(1);
  });
});

describe('the log', () => {
  it('is one JSON object a line, with event, level, time and the request id of the answer', async () => {
    await using stage = await Stage.open();
    const answer = await stage.session(stage.person());
    for (const line of stage.bff.lines) {
      expect(JSON.parse(line)).toMatchObject({
        service: 'vestibule',
        level: expect.any(String),
        time: expect.any(String),
        event: expect.any(String),
      });
    }
    const requests = stage.bff.logged('request.completed').map((line) => line['request']);
    expect(requests).toContain(answer.headers['x-request-id']);
  });

  it('names the steps of a login and a logout (E-53)', async () => {
    await using stage = await Stage.open();
    const person = await stage.member();
    await stage.call(person, '/logout', { method: 'POST' });
    for (const event of ['login.started', 'session.started', 'login.succeeded', 'session.ended']) {
      expect(stage.bff.logged(event)).toHaveLength(1);
    }
    expect(stage.bff.logged('session.ended')[0]).toMatchObject({ reason: 'logout' });
  });

  it('names the request by which a session ended, its tokens were renewed, or were not (E-53)', async () => {
    await using stage = await Stage.open();
    registerForLogouts(stage);
    const bob = (): Promise<UserAgent> => stage.member({ as: 'bob' });
    /** The last line of this event is of this answer's request. */
    const expectNamed = (event: string, answer: Hop, more: object): void => {
      const { 'x-request-id': request } = answer.headers;
      expect(stage.bff.logged(event).at(-1)).toMatchObject({ ...more, request });
    };
    const out = await bob();
    const logout = await stage.call(out, '/logout', { method: 'POST' });
    expectNamed('session.ended', logout, { reason: 'logout' });
    const [one, other] = [await stage.member(), await stage.member()];
    const { session_id: handle } = await stage.view(other);
    const revoked = await stage.call(one, `/sessions/${String(handle)}`, { method: 'DELETE' });
    expectNamed('session.ended', revoked, { reason: 'revoked' });
    await stage.member();
    const others = await stage.call(one, '/sessions', { method: 'DELETE' });
    expectNamed('session.ended', others, { reason: 'revoked', count: 1 });
    const atProvider = await sendLogout(stage, logoutToken(stage, { sub: 'alice' }));
    expectNamed('session.ended', atProvider, { reason: 'backchannel' });
    expectNamed('logout.backchannel', atProvider, { ended: 1 });
    const renewed = await stage.refresh(await bob());
    expectNamed('token.refreshed', renewed, {});
    const [losing, idle] = [await bob(), await bob()];
    stage.op.forget('RefreshToken');
    stage.clock.advance(LIFE_MS);
    const lost = await stage.call(losing);
    expectNamed('token.refresh_failed', lost, { failure: 'invalid_grant' });
    expectNamed('session.ended', lost, { reason: 'refresh_failed' });
    stage.clock.advance(IDLE_MS);
    expectNamed('session.ended', await stage.session(idle), { reason: 'idle' });
  });

  it('has a line for each success and each refusal: when, at which request or provider, and why (E-53)', async () => {
    await using stage = await Stage.open();
    registerForLogouts(stage);
    const [person, losing] = [await stage.member(), await stage.member({ as: 'bob' })];
    const forged = 'a\r\n{"event":"forged"}';
    const query = new URLSearchParams({ state: forged, code: forged, x: forged });
    const callback = await person.load(stage.url(`/callback?${query.toString()}`), {
      site: 'cross-site',
    });
    const logout = await sendLogout(stage, logoutToken(stage, { sub: 'alice', nonce: forged }));
    await stage.call(person, '/logout', { method: 'POST' });
    stage.op.forget('RefreshToken');
    stage.clock.advance(LIFE_MS);
    await stage.call(losing);

    const told = stage.bff.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    const provider = 'generic';
    for (const line of [
      { event: 'login.started', level: 'info', provider, request: expect.any(String) },
      { event: 'login.succeeded', level: 'info', provider, request: expect.any(String) },
      { event: 'session.started', level: 'info', provider },
      {
        event: 'request.refused',
        level: 'info',
        code: 'login_state_unknown',
        route: 'callback',
        request: callback.headers['x-request-id'],
      },
      {
        event: 'request.refused',
        level: 'info',
        code: 'logout_token_rejected',
        detail: 'logout token: nonce',
        request: logout.headers['x-request-id'],
      },
      { event: 'session.ended', level: 'info', reason: 'logout' },
      { event: 'token.refresh_failed', level: 'warn', provider, failure: 'invalid_grant' },
      { event: 'session.ended', level: 'info', reason: 'refresh_failed' },
    ]) {
      const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string;
      expect(told).toContainEqual(expect.objectContaining({ ...line, time }));
    }
    // What a client says is quoted nowhere.
    expect(stage.bff.lines.join('')).not.toContain('forged');
  });
});
