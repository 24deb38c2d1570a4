import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { jsonOf } from '../support/http-exchange.js';
import {
  lastIdToken,
  logoutToken,
  registerForLogouts,
  sendLogout,
} from '../support/logout-tokens.js';
import { RESOURCE } from '../support/op-host.js';
import { sendRaw } from '../support/raw-socket.js';
import { startReplica, type Replica } from '../support/replica.js';
import { readToken } from '../support/signing-key.js';
import { Stage } from '../support/stage.js';
import { UpstreamHost } from '../support/upstream-host.js';
import type { UserAgent } from '../support/user-agent.js';
import {
  frameOf,
  openWebSocket,
  upgradeHeaders,
  type Opened,
  type WebSocketPeer,
} from '../support/web-socket.js';

const ROUTES = `routes:
  - name: live
    prefix: /live
    upstream: \${API}/sockets
    websocket: true
    identity: headers
  - name: api
    prefix: /api
    upstream: \${API}
`;
const openRoute = (upstream: UpstreamHost): string => `  - name: open
    prefix: /open
    upstream: ${upstream.url}
    token: none
    websocket: true
`;
/** What the promise says (ATK-57). */
const SOON_MS = 5_000;
const POLICY_VIOLATION = 1008;
const GOING_AWAY = 1001;

type Headers = Readonly<Record<string, string>>;

/** Opens a WebSocket as the script of a page does: Origin and cookie come from the browser. */
async function ask(
  stage: Stage,
  person: UserAgent | undefined,
  url = stage.url('/live/echo'),
  headers: Headers = {},
): Promise<Opened> {
  const cookie = person === undefined ? {} : { cookie: await stage.cookieOf(person) };
  return openWebSocket(url, { origin: stage.bff.origin, ...cookie, ...headers });
}

async function open(
  stage: Stage,
  person: UserAgent | undefined,
  url?: string,
): Promise<WebSocketPeer> {
  const opened = await ask(stage, person, url);
  if (opened.kind === 'open') return opened.peer;
  throw new Error(`refused with ${opened.status}: ${opened.body}`);
}

/** Status and code of a refusal. */
async function refusal(opened: Promise<Opened>): Promise<unknown> {
  const answer = await opened;
  if (answer.kind === 'open') throw new Error('it was opened');
  const type = answer.headers['content-type'] ?? '';
  return [answer.status, type.includes('problem+json') ? jsonOf(answer)['code'] : answer.body];
}

/** How long it takes until both ends of a WebSocket are closed. */
async function closing(end: () => Promise<unknown>, ...peers: WebSocketPeer[]): Promise<number> {
  await end();
  const started = performance.now();
  await Promise.all(peers.map((peer) => peer.closed));
  return performance.now() - started;
}

describe('a WebSocket through a route', () => {
  let stage: Stage;
  let person: UserAgent;
  beforeAll(async () => {
    stage = await Stage.open({ file: ROUTES });
    stage.api.takeWebSockets(['Sec-WebSocket-Protocol: chat.v2', 'Set-Cookie: theirs=1']);
    registerForLogouts(stage);
    person = await stage.member();
  });
  afterEach(async () => {
    for (const peer of stage.api.peers.splice(0)) peer.leave();
  });
  afterAll(() => stage.close());

  it('carries texts both ways, and the token of the session to the API (ATK-47, ATK-55)', async () => {
    const peer = await open(stage, person, stage.url('/live/echo?room=7'));
    for (const text of ['hello', 'ü', 'x'.repeat(100_000)]) {
      peer.send(text);
      expect(await peer.next()).toBe(`echo: ${text}`);
    }
    const { target, headers } = stage.api.last;
    expect(target).toBe('/sockets/echo?room=7');
    const { claims } = readToken(String(headers.authorization).replace('Bearer ', ''));
    expect(claims).toMatchObject({ sub: 'alice', aud: RESOURCE });
    expect(headers.cookie).toBeUndefined();
    expect(headers).toMatchObject({
      host: new URL(stage.api.url).host,
      // A server that checks it sees what the browser said.
      origin: stage.bff.origin,
      'x-auth-subject': 'alice',
      'x-auth-email': 'alice@example.com',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-host': new URL(stage.bff.origin).host,
    });
    peer.leave();
  });

  it("is opened by a browser's own client, with its subprotocol", async () => {
    const cookie = await stage.cookieOf(person);
    const init = {
      protocols: ['chat.v1', 'chat.v2'],
      headers: { cookie, origin: stage.bff.origin },
    };
    const url = stage.url('/live/echo').replace('http://localhost', 'ws://127.0.0.1');
    const socket = new WebSocket(url, init);
    await once(socket, 'open');
    expect([socket.protocol, stage.api.last.headers['sec-websocket-protocol']]).toEqual([
      'chat.v2',
      'chat.v1, chat.v2',
    ]);
    socket.send('hello');
    const [message] = (await once(socket, 'message')) as [MessageEvent];
    expect(message.data).toBe('echo: hello');
    const logout = stage.member().then(async (other) => {
      await stage.call(other, '/sessions', { method: 'DELETE' });
    });
    const [close] = (await once(socket, 'close')) as [CloseEvent];
    await logout;
    expect([close.code, close.wasClean]).toEqual([POLICY_VIOLATION, true]);
    person = await stage.member();
  });

  it('keeps what a client sends before it has heard anything', async () => {
    const socket = connect(stage.bff.port, '127.0.0.1');
    const lines = Object.entries({
      host: new URL(stage.bff.origin).host,
      origin: stage.bff.origin,
      cookie: await stage.cookieOf(person),
      ...upgradeHeaders(),
    }).map(([name, value]) => `${name}: ${value}`);
    const head = ['GET /live/echo HTTP/1.1', ...lines, '', ''].join('\r\n');
    socket.write(Buffer.concat([Buffer.from(head), frameOf(1, Buffer.from('early'), true)]));
    let answer = '';
    while (!answer.includes('echo: early')) answer += String((await once(socket, 'data'))[0]);
    expect(answer).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n/);
    expect(answer).toMatch(/\r\nset-cookie: theirs=1\r\n/i);
    socket.destroy();
  });

  it('is not opened for a stranger, and the API never hears of it (ATK-57)', async () => {
    const before = stage.api.received.length;
    for (const headers of [{}, { cookie: `${stage.bff.cookieName}=made.up` }])
      expect(await refusal(ask(stage, undefined, undefined, headers))).toEqual([
        401,
        'unauthenticated',
      ]);
    expect(stage.api.received).toHaveLength(before);
  });

  it.each([
    ['another site', 'http://evil.example'],
    ['another port', 'http://localhost:1'],
    ['another scheme', 'https://localhost'],
    ['a name that begins like ours', 'http://localhost.evil.example'],
    ['nowhere', 'null'],
    ['nobody', ''],
  ])('is not opened for a page of %s (ATK-55)', async (_whose, origin) => {
    const before = stage.api.received.length;
    expect(await refusal(ask(stage, person, undefined, { origin }))).toEqual([403, 'csrf_refused']);
    expect(stage.api.received).toHaveLength(before);
  });

  it('is not opened without an Origin (ATK-55)', async () => {
    const cookie = await stage.cookieOf(person);
    const asked = openWebSocket(stage.url('/live/echo'), { cookie });
    expect(await refusal(asked)).toEqual([403, 'csrf_refused']);
  });

  it('is not opened on a route that offers none, nor where there is no route', async () => {
    for (const path of ['/api/echo', '/nowhere', '/session', '/login'])
      expect(await refusal(ask(stage, person, stage.url(path)))).toEqual([404, 'not_found']);
  });

  it.each([['/live/../api/x'], ['/live//x'], ['/live/x#y'], ['/live/%2e%2e/x']])(
    'is not opened at an ambiguous path: %s (ATK-13, ATK-84)',
    async (path) => {
      const lines = Object.entries({
        origin: stage.bff.origin,
        cookie: await stage.cookieOf(person),
        upgrade: 'websocket',
        'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
      }).map(([name, value]) => `${name}: ${value}`);
      const answer = await sendRaw(stage.bff.port, [
        `GET ${path} HTTP/1.1`,
        `Host: localhost:${stage.bff.port}`,
        'Connection: Upgrade',
        ...lines,
      ]);
      expect(answer.status).toBe(400);
    },
  );

  it('that the API refuses is refused with its status', async () => {
    const refusing = await Stage.open({ file: ROUTES });
    refusing.api.respond((_received, res) => {
      res
        .writeHead(418, { 'content-type': 'text/plain', 'set-cookie': 'theirs=1', 'x-why': 'tea' })
        .end('no sockets here');
    });
    const member = await refusing.member();
    const answer = await ask(refusing, member);
    expect(answer).toMatchObject({
      kind: 'refused',
      status: 418,
      body: 'no sockets here',
      headers: { 'x-why': 'tea', 'set-cookie': ['theirs=1'], 'x-content-type-options': 'nosniff' },
    });
    refusing.api.respond((_received, res) => {
      res.writeHead(200, { 'content-length': '100' }).write('half', () => res.destroy());
    });
    await expect(ask(refusing, member)).rejects.toThrow(/aborted|hang up/);
    await refusing.api.down();
    expect(await refusal(ask(refusing, member))).toEqual([502, 'upstream_unreachable']);
    await refusing.close();
  });

  it('is closed at both ends when one of them goes', async () => {
    for (const leave of [
      (peer: WebSocketPeer) => peer.leave(),
      (peer: WebSocketPeer) => peer.close(1000),
    ]) {
      const [ours, theirs] = await Promise.all([open(stage, person), stage.api.nextPeer()]);
      leave(ours);
      await theirs.closed;
      const [mine, other] = await Promise.all([open(stage, person), stage.api.nextPeer()]);
      leave(other);
      await mine.closed;
    }
  });

  it('hands on why the API closed it', async () => {
    const [ours, theirs] = await Promise.all([open(stage, person), stage.api.nextPeer()]);
    theirs.close(4_001);
    await ours.closed;
    expect(ours.closeCode).toBe(4_001);
  });

  it('carries nothing of a request that has a body (ATK-18)', async () => {
    const before = stage.api.received.length;
    const answer = await ask(stage, person, undefined, { 'content-length': '5' });
    expect(answer).toMatchObject({ kind: 'refused', status: 400 });
    expect(stage.api.received).toHaveLength(before);
  });

  it.each(['h2c', 'TLS/1.0', 'websocket2'])(
    'is all that is switched to: %s is answered as if nobody had asked (ATK-56)',
    async (upgrade) => {
      const answer = await sendRaw(stage.bff.port, [
        'GET /session HTTP/1.1',
        `Host: localhost:${stage.bff.port}`,
        `Upgrade: ${upgrade}`,
        'HTTP2-Settings: AAMAAABkAAQAAP__',
        'Connection: Upgrade, HTTP2-Settings',
      ]);
      expect(answer.status).toBe(401);
    },
  );

  it.each([
    ['answers it like any request', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nplain', 200],
    [
      'switches to another protocol',
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n',
      502,
    ],
    [
      'switches to two protocols',
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket, h2c\r\n\r\n',
      502,
    ],
  ])(
    'is no tunnel when the API %s: what follows is not read (ATK-56)',
    async (_what, answer, status) => {
      await using plain = await Stage.open({ file: ROUTES });
      const behind: Buffer[] = [];
      plain.api.listen((req, res) => {
        res.socket?.write(answer);
        req.socket.on('data', (chunk: Buffer) => behind.push(chunk));
      });
      const cookie = await plain.cookieOf(await plain.member());
      const lines = Object.entries({ origin: plain.bff.origin, cookie, ...upgradeHeaders() });
      const { port } = plain.bff;
      const answered = await sendRaw(
        port,
        [
          'GET /live/echo HTTP/1.1',
          `Host: localhost:${port}`,
          ...lines.map(([name, value]) => `${name}: ${value}`),
        ],
        `GET /live/behind HTTP/1.1\r\nHost: localhost\r\nCookie: ${cookie}\r\nX-CSRF: 1\r\n\r\n`,
      );
      expect(answered.status).toBe(status);
      expect(answered.body).not.toContain('HTTP/1.1');
      expect(behind).toEqual([]);
    },
  );

  it('is none when the API switches although nobody asked (ATK-56)', async () => {
    stage.api.listen((_req, res) => {
      res.socket?.write(
        'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nraw',
      );
    });
    const answer = await stage.call(person);
    stage.api.listen(undefined);
    expect([answer.status, jsonOf(answer)['code']]).toEqual([502, 'upstream_unreachable']);
    expect((await stage.call(person)).status).toBe(200);
  });

  it('survives clients that break off, flood and pipeline (ATK-84)', async () => {
    const cookie = await stage.cookieOf(person);
    const head = (path: string, more: readonly string[] = []): string =>
      [
        `GET ${path} HTTP/1.1`,
        `Host: localhost:${stage.bff.port}`,
        `Cookie: ${cookie}`,
        'X-CSRF: 1',
        `Origin: ${stage.bff.origin}`,
        ...more,
        '',
        '',
      ].join('\r\n');
    const upgrade = head('/live/echo', [
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    ]);
    const speak = async (text: string): Promise<Socket> => {
      const socket = connect(stage.bff.port, '127.0.0.1');
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      socket.write(text);
      return socket;
    };
    const pipelined = await speak(`${head('/api/first')}${upgrade}`);
    const twice = await speak(`${upgrade}${upgrade}`);
    const gone = await Promise.all(Array.from({ length: 20 }, () => speak(upgrade)));
    for (const socket of gone) socket.resetAndDestroy();
    await once(pipelined, 'close');
    await once(twice, 'data');
    twice.destroy();
    const peer = await open(stage, person);
    peer.send('still there');
    expect(await peer.next()).toBe('echo: still there');
    peer.leave();
  });

  it.each<[string, (person: UserAgent, sid: string) => Promise<unknown>]>([
    ['logout', (member) => stage.call(member, '/logout', { method: 'POST' })],
    ['back-channel logout', (_member, sid) => sendLogout(stage, logoutToken(stage, { sid }))],
    [
      'being revoked from another device',
      async () => stage.call(await stage.member(), '/sessions', { method: 'DELETE' }),
    ],
    ['a new login in its place', (member) => stage.logIn(member, { prompt: 'login' })],
  ])('is closed within five seconds of %s, a new one is refused (ATK-57)', async (_what, end) => {
    const member = await stage.member();
    const sid = String(lastIdToken(stage)['sid']);
    const cookie = await stage.cookieOf(member);
    const [ours, theirs] = await Promise.all([open(stage, member), stage.api.nextPeer()]);
    expect(await closing(() => end(member, sid), ours, theirs)).toBeLessThan(SOON_MS);
    expect(ours.closeCode).toBe(POLICY_VIOLATION);
    expect(await refusal(ask(stage, undefined, undefined, { cookie }))).toEqual([
      401,
      'unauthenticated',
    ]);
    person = await stage.member();
  });

  it('is closed when the session has reached its end, a new one is refused (ATK-57)', async () => {
    await using limited = await Stage.open({
      file: ROUTES,
      env: { SESSION_IDLE: '10m', SESSION_ABSOLUTE: '10m' },
    });
    limited.api.takeWebSockets();
    const member = await limited.member();
    limited.clock.advance(10 * 60_000 - 3_000);
    const [ours, theirs] = await Promise.all([open(limited, member), limited.api.nextPeer()]);
    await Promise.all([ours.closed, theirs.closed]);
    expect(ours.closeCode).toBe(POLICY_VIOLATION);
    expect(await refusal(ask(limited, member))).toEqual([401, 'unauthenticated']);
  });

  it('is cut off without a word where a message is not finished', async () => {
    const member = await stage.member();
    const [ours, theirs] = await Promise.all([open(stage, member), stage.api.nextPeer()]);
    // Behind it the head of a message of 16 bytes, and three of them.
    const begun = Buffer.from([0x81, 16, 1, 2, 3]);
    theirs.sendRaw(Buffer.concat([frameOf(1, Buffer.from('whole'), false), begun]));
    expect(await ours.next()).toBe('whole');
    await stage.call(member, '/logout', { method: 'POST' });
    await ours.closed;
    expect(ours.closeCode).toBeUndefined();
  });

  it('is one of at most a hundred of a session: the oldest goes', async () => {
    const member = await stage.member();
    const peers: WebSocketPeer[] = [];
    for (let count = 0; count < 100; count += 1) peers.push(await open(stage, member));
    expect(peers.every((peer) => peer.isOpen)).toBe(true);
    const last = await open(stage, member);
    await peers[0]?.closed;
    expect(peers[0]?.closeCode).toBe(GOING_AWAY);
    expect(peers.slice(1).every((peer) => peer.isOpen)).toBe(true);
    await stage.call(member, '/logout', { method: 'POST' });
    await Promise.all([...peers, last].map((peer) => peer.closed));
  });
});

describe('WebSockets over two instances', () => {
  let stage: Stage;
  let replica: Replica;
  beforeAll(async () => {
    stage = await Stage.open({ redis: true, file: ROUTES });
    replica = await startReplica(stage);
    stage.api.takeWebSockets();
  });
  afterAll(async () => {
    await replica.stop();
    await stage.close();
  });

  it('are closed within five seconds of a logout at the other one (ATK-57)', async () => {
    const member = await stage.member();
    const [ours, theirs] = await Promise.all([
      open(stage, member, replica.url('/live/echo')),
      stage.api.nextPeer(),
    ]);
    ours.send('x');
    expect(await ours.next()).toBe('echo: x');
    const took = await closing(
      () => stage.call(member, '/logout', { method: 'POST' }),
      ours,
      theirs,
    );
    expect(took).toBeLessThan(SOON_MS);
    expect(ours.closeCode).toBe(POLICY_VIOLATION);
  });

  it('are closed when the session ended while Redis was away', async () => {
    const member = await stage.member();
    const ours = await open(stage, member, replica.url('/live/echo'));
    await stage.redis.kill();
    await stage.bff.untilLogged('store.disconnected');
    ours.send('x');
    expect(await ours.next()).toBe('echo: x');
    // It comes back empty.
    await stage.redis.run();
    await ours.closed;
    expect(ours.closeCode).toBe(POLICY_VIOLATION);
  });
});

describe.each([
  ['idle', { SESSION_IDLE: '4s' }],
  ['absolute', { SESSION_ABSOLUTE: '4s', SESSION_IDLE: '4s' }],
])('a WebSocket whose session reaches its %s end', (_which, env) => {
  it('is closed within five seconds of it', async () => {
    await using stage = await Stage.open({ file: ROUTES, env });
    stage.api.takeWebSockets();
    const member = await stage.member();
    const [ours, theirs] = await Promise.all([open(stage, member), stage.api.nextPeer()]);
    const started = performance.now();
    // Texts are no requests: they keep no session alive.
    const speaking = setInterval(() => ours.send('still here'), 200);
    await Promise.all([ours.closed, theirs.closed]);
    clearInterval(speaking);
    expect(performance.now() - started).toBeLessThan(4_000 + SOON_MS);
    expect(ours.closeCode).toBe(POLICY_VIOLATION);
  });
});

describe('WebSockets of an instance that goes', () => {
  it('are closed, those of strangers too, and do not hold it', async () => {
    const forAnyone = await UpstreamHost.start();
    await using stage = await Stage.open({ file: `${ROUTES}${openRoute(forAnyone)}` });
    for (const api of [stage.api, forAnyone]) api.takeWebSockets();
    const member = await stage.member();
    const strange = await open(stage, undefined, stage.url('/open/echo'));
    strange.send('x');
    expect(await strange.next()).toBe('echo: x');
    expect(forAnyone.last.headers.authorization).toBeUndefined();
    const peers = [await open(stage, member), strange];
    const started = performance.now();
    await stage.bff.stop();
    await Promise.all(peers.map((peer) => peer.closed));
    expect(performance.now() - started).toBeLessThan(2_000);
    expect(peers.map(({ closeCode }) => closeCode)).toEqual([GOING_AWAY, GOING_AWAY]);
    await forAnyone.down();
  });
});

describe('WebSockets below a base path', () => {
  it('are opened there and nowhere else', async () => {
    await using stage = await Stage.open({ file: ROUTES, env: { BASE_PATH: '/app' } });
    stage.api.takeWebSockets();
    const member = await stage.member();
    const peer = await open(stage, member, stage.url('/live/echo?a=1'));
    peer.send('x');
    expect(await peer.next()).toBe('echo: x');
    expect(stage.api.last.target).toBe('/sockets/echo?a=1');
    const outside = ask(stage, member, `${stage.bff.origin}/live/echo`);
    expect(await refusal(outside)).toEqual([404, 'not_found']);
    peer.leave();
  });
});
