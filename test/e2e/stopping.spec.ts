import { once } from 'node:events';
import { connect } from 'node:net';
import { cookiesSet, jsonOf } from '../support/http-exchange.js';
import { PATHS } from '../support/op-host.js';
import { Stage } from '../support/stage.js';

const PEOPLE = 5;

describe('an instance that is asked to end under load', () => {
  it('ends the logins and calls that it has begun, and only then lets go of Redis (R-34)', async () => {
    await using stage = await Stage.open({ redis: true, env: { SHUTDOWN_DELAY: '500ms' } });
    const member = await stage.member();
    const people = Array.from({ length: PEOPLE }, () => stage.person());
    const callbacks: string[] = [];
    for (const person of people) callbacks.push(await stage.callbackFor(person));

    let goOn: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (goOn = resolve));
    const arrived = (count: number, hold: (told: () => void) => void): Promise<void> =>
      new Promise((resolve) => {
        let seen = 0;
        hold(() => (seen += 1) === count && resolve());
      });
    const atProvider = arrived(PEOPLE, (told) =>
      stage.op.rewrite(PATHS.token, async (answer) => {
        told();
        await released;
        return answer;
      }),
    );
    const atApi = arrived(PEOPLE, (told) =>
      stage.api.respond((_received, res) => {
        told();
        void released.then(() => res.writeHead(200).end('done'));
      }),
    );
    const logins = people.map((person, at) =>
      person.load(callbacks[at] ?? '', { site: 'cross-site' }),
    );
    const calls = Array.from({ length: PEOPLE }, () => stage.call(member));
    await Promise.all([atProvider, atApi]);

    const draining = stage.bff.nextLog('server.draining');
    const stopped = stage.bff.stop();
    await draining;
    const ready = await stage.send(`${stage.bff.internalOrigin}/readyz`);
    expect([ready.status, jsonOf(ready)['draining']]).toEqual([503, true]);
    // Whoever comes before the balancer has heard of it is served, too.
    const late = await stage.session(member);
    expect(late.status).toBe(200);
    goOn();
    for (const answer of await Promise.all(logins)) {
      expect(answer.status).toBe(303);
      expect(cookiesSet(answer).join()).toContain(`${stage.bff.cookieName}=`);
    }
    expect((await Promise.all(calls)).map(({ status, body }) => [status, body])).toEqual(
      Array.from({ length: PEOPLE }, () => [200, 'done']),
    );
    await stopped;
    expect(stage.bff.logged('request.failed')).toEqual([]);
    expect(stage.bff.logged('store.error')).toEqual([]);

    stage.op.behave();
    const connected = stage.bff.nextLog('store.connected');
    await stage.bff.run();
    await connected;
    for (const person of people)
      expect(await stage.view(person)).toMatchObject({ authenticated: true });
  });

  it('waits for no connection on which nobody asks anything (R-35)', async () => {
    await using stage = await Stage.open();
    const sockets = Array.from({ length: 20 }, () => connect(stage.bff.port, '127.0.0.1'));
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    // Half of them have asked before, the others never.
    for (const socket of sockets.slice(0, 10)) {
      socket.write(`GET /session HTTP/1.1\r\nHost: localhost:${stage.bff.port}\r\n\r\n`);
      const [answer] = (await once(socket, 'data')) as [Buffer];
      expect(answer.toString()).toMatch(/^HTTP\/1\.1 401 [\s\S]*keep-alive/i);
    }
    const closed = Promise.all(sockets.map((socket) => once(socket, 'close')));
    const started = performance.now();
    await stage.bff.stop();
    await closed;
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});
