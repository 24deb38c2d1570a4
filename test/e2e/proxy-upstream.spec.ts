import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  request,
  type ClientRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
} from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { jsonOf } from '../support/http-exchange.js';
import { PATHS, type AnsweredCall } from '../support/op-host.js';
import { sendRaw } from '../support/raw-socket.js';
import { Stage } from '../support/stage.js';
import type { UserAgent } from '../support/user-agent.js';

const TIMEOUT_MS = 1_600;
const ROUTES = `routes:
  - name: api
    prefix: /api
    upstream: \${API}
    timeout: ${TIMEOUT_MS}ms
`;
const MIB = 1_048_576;
/** From this age on a token may be refused for it. */
const OLD_MS = 31_000;

interface Answered {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly bytes: Buffer;
}

describe('between a member and an API', () => {
  let stage: Stage;
  let person: UserAgent;
  let cookie: string;
  beforeAll(async () => {
    stage = await Stage.open({ file: ROUTES });
    person = await stage.member();
    cookie = await stage.cookieOf(person);
  });
  afterEach(() => {
    stage.api.respond(undefined);
    stage.api.listen(undefined);
  });
  afterAll(() => stage.close());

  const start = (
    path: string,
    method = 'GET',
    headers: OutgoingHttpHeaders = {},
  ): ClientRequest => {
    const { host } = new URL(stage.bff.origin);
    const outgoing = request(stage.url(path), {
      host: '127.0.0.1',
      method,
      agent: false,
      headers: { host, cookie, 'x-csrf': '1', ...headers },
    });
    outgoing.on('error', () => undefined);
    return outgoing;
  };
  const answerTo = async (outgoing: ClientRequest): Promise<Answered> => {
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of answer) chunks.push(chunk as Buffer);
    const { statusCode: status = 0, headers } = answer;
    return { status, headers, bytes: Buffer.concat(chunks) };
  };
  const codeOf = ({ bytes }: Answered): unknown => jsonOf({ body: bytes.toString() })['code'];

  it('a multipart body passes byte for byte, whatever is in it (ATK-18)', async () => {
    const body = Buffer.concat([
      Buffer.from(
        '--b\r\nContent-Disposition: form-data; name="a\r\n\r\nb"; filename="\u00fc"\r\n\r\n',
      ),
      randomBytes(3 * MIB),
      Buffer.from('\r\n--b--\r\n--b--garbage'),
    ]);
    const type = 'multipart/form-data; boundary=b';
    const headers = { 'content-type': type, 'content-length': body.length };
    const outgoing = start('/api/upload', 'POST', headers);
    outgoing.end(body);
    expect((await answerTo(outgoing)).status).toBe(200);
    expect(stage.api.last.bytes.equals(body)).toBe(true);
    expect(stage.api.last.headers).toMatchObject({
      'content-type': type,
      'content-length': String(body.length),
    });
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'GET'])(
    'a %s in chunks passes as chunks (ATK-18)',
    async (method) => {
      const outgoing = start('/api/x', method, { 'transfer-encoding': 'chunked' });
      outgoing.write('first ');
      outgoing.end('last');
      expect((await answerTo(outgoing)).status).toBe(200);
      const { body, headers } = stage.api.last;
      expect([stage.api.last.method, body]).toEqual([method, 'first last']);
      expect([headers['transfer-encoding'], headers['content-length']]).toEqual([
        'chunked',
        undefined,
      ]);
    },
  );

  it.each([
    ['GET', '{"query": 1}'],
    ['DELETE', '{"ids": [1, 2]}'],
    ['POST', ''],
    ['PUT', '{broken'],
  ])('a %s with the body %j keeps its length (ATK-18)', async (method, body) => {
    const outgoing = start('/api/x', method, { 'content-length': body.length });
    outgoing.end(body);
    expect((await answerTo(outgoing)).status).toBe(200);
    expect(stage.api.last).toMatchObject({ method, body });
    expect(stage.api.last.headers['content-length']).toBe(String(body.length));
  });

  it('a client that waits to be told to go on is told, and the API is not asked (ATK-18)', async () => {
    const answer = await sendRaw(
      stage.bff.port,
      [
        'POST /api/x HTTP/1.1',
        `Host: localhost:${stage.bff.port}`,
        `Cookie: ${cookie}`,
        'X-CSRF: 1',
        'Expect: 100-continue',
        'Content-Length: 5',
      ],
      'hello',
    );
    expect([answer.status, answer.body.split('\r\n', 1)[0]]).toEqual([100, 'HTTP/1.1 200 OK']);
    expect(stage.api.last.body).toBe('hello');
    expect(stage.api.last.headers).not.toHaveProperty('expect');
  });

  it('a method that is named in a header is no method (ATK-19)', async () => {
    await stage.call(person, '/api/x', {
      method: 'POST',
      headers: { 'x-http-method-override': 'DELETE' },
    });
    expect(stage.api.last.method).toBe('POST');
  });

  it('what is compressed stays compressed, a part stays a part, and a redirect is the browser’s to follow (ATK-47, E-48)', async () => {
    const packed = gzipSync('x'.repeat(10_000));
    stage.api.respond((_received, res) => {
      res.writeHead(206, {
        'content-encoding': 'gzip',
        'content-range': 'bytes 0-9/100',
        vary: 'Accept-Encoding',
        location: 'http://elsewhere.example/',
      });
      res.end(packed);
    });
    const { status, headers, bytes } = await answerTo(start('/api/x').end());
    expect([status, bytes.equals(packed)]).toEqual([206, true]);
    expect(headers).toMatchObject({
      'content-encoding': 'gzip',
      'content-range': 'bytes 0-9/100',
      location: 'http://elsewhere.example/',
    });
    expect(headers['vary']).toMatch(/Accept-Encoding/);
    expect(stage.api.last.headers['accept-encoding']).toBeUndefined();
  });

  it.each([
    ['HEAD', 200],
    ['GET', 204],
    ['GET', 304],
  ])('an answer without a body has none: %s, %d', async (method, status) => {
    stage.api.respond((_received, res) => {
      res.writeHead(status, { etag: '"1"', ...(method === 'HEAD' && { 'content-length': '7' }) });
      res.end();
    });
    const answer = await answerTo(start('/api/x', method).end());
    expect([answer.status, answer.headers.etag, answer.bytes.length]).toEqual([status, '"1"', 0]);
    expect(answer.headers['content-length']).toBe(method === 'HEAD' ? '7' : undefined);
  });

  it('hints before the answer are no answer (ATK-86)', async () => {
    stage.api.respond((_received, res) => {
      res.writeEarlyHints({ link: '</style.css>; rel=preload' });
      res.writeProcessing();
      res.writeHead(200, { 'content-length': '2' }).end('ok');
    });
    const answer = await answerTo(start('/api/x').end());
    expect([answer.status, answer.bytes.toString()]).toEqual([200, 'ok']);
  });

  it('an API that says nothing but “wait” is given up (ATK-86)', async () => {
    const gone = Promise.withResolvers<void>();
    stage.api.respond((_received, res) => {
      const storm = setInterval(() => res.writeProcessing(), TIMEOUT_MS / 8);
      res.once('close', () => {
        clearInterval(storm);
        gone.resolve();
      });
    });
    const answer = await answerTo(start('/api/x').end());
    expect([answer.status, codeOf(answer)]).toEqual([504, 'upstream_timeout']);
    await gone.promise;
  });

  it('an answer with more headers than anybody reads is none (ATK-86)', async () => {
    stage.api.respond((_received, res) => {
      res.writeHead(200, { 'x-much': 'x'.repeat(100_000) }).end('ok');
    });
    const answer = await answerTo(start('/api/x').end());
    expect([answer.status, codeOf(answer)]).toEqual([502, 'upstream_unreachable']);
    expect(answer.headers).not.toHaveProperty('x-much');
  });

  describe('an API that breaks off', () => {
    it.each(['GET', 'PUT', 'POST'])(
      'before it answers a %s is asked once, and the answer is 502 (ATK-86)',
      async (method) => {
        // On a connection that has been used, and can be expected to be good.
        expect((await stage.call(person)).status).toBe(200);
        const before = stage.api.received.length;
        stage.api.respond((_received, res) => void res.destroy());
        const outgoing = start('/api/x', method);
        const answer = await answerTo(outgoing.end(method === 'GET' ? undefined : 'body'));
        expect([answer.status, codeOf(answer)]).toEqual([502, 'upstream_unreachable']);
        expect(stage.api.received).toHaveLength(before + 1);
      },
    );

    it('while a body is sent is answered 502, and the client can go on', async () => {
      stage.api.listen((req) => void req.once('data', () => req.socket.resetAndDestroy()));
      const outgoing = start('/api/x', 'POST', { 'content-length': 8 * MIB });
      outgoing.write(Buffer.alloc(4 * MIB));
      const answering = answerTo(outgoing);
      const answer = await answering;
      expect([answer.status, codeOf(answer)]).toEqual([502, 'upstream_unreachable']);
      outgoing.end(Buffer.alloc(4 * MIB));
    });

    it('when it is not there is answered 502 for a body, too', async () => {
      await stage.api.down();
      const outgoing = start('/api/x', 'POST', { 'content-length': 4 * MIB });
      const answer = await answerTo(outgoing.end(Buffer.alloc(4 * MIB)));
      expect([answer.status, codeOf(answer)]).toEqual([502, 'upstream_unreachable']);
      await stage.api.up();
    });

    it('between two calls is not noticed', async () => {
      expect((await stage.call(person)).status).toBe(200);
      await stage.api.down();
      await stage.api.up();
      const answer = await stage.call(person, '/api/x', { method: 'POST', body: 'x' });
      expect(answer.status).toBe(200);
    });
  });

  it('an API that has heard enough of a body is believed: 413', async () => {
    stage.api.listen((req, res) => {
      req.once('data', () => res.writeHead(413).end('enough'));
    });
    const outgoing = start('/api/x', 'POST', { 'content-length': 16 * MIB });
    outgoing.end(Buffer.alloc(16 * MIB));
    const answer = await answerTo(outgoing);
    expect([answer.status, answer.bytes.toString()]).toEqual([413, 'enough']);
  });

  it('nothing of an answer that broke off, or that nobody asked for, is in the next one (ATK-86)', async () => {
    const secret = 'X-Secret: of-the-first\r\nContent-Length: 2\r\n\r\n';
    for (const answer of [
      `HTTP/1.1 200 OK\r\n${secret}o`,
      `HTTP/1.1 200 OK\r\n${secret}okHTTP/1.1 200 OK\r\n${secret}no`,
      `HTTP/1.1 200 OK\r\nX-Secret: of-the-first\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`,
      'HTTP/1.1 200 OK\r\nX-Secret: of-the-first\r\nContent-Length: 2',
      'no HTTP at all',
    ]) {
      stage.api.listen((_req, { socket }) => {
        socket?.write(answer, () => answer.endsWith('no') || socket.resetAndDestroy());
      });
      const first = start('/api/first').end();
      await Promise.race([once(first, 'close'), answerTo(first).catch(() => undefined)]);
      stage.api.listen(undefined);
      const next = await answerTo(start('/api/next').end());
      expect([next.status, jsonOf({ body: next.bytes.toString() })['target']]).toEqual([
        200,
        '/next',
      ]);
      expect(next.headers).not.toHaveProperty('x-secret');
    }
  });

  it('a slow upload is no silence of the API, what follows it is', async () => {
    const outgoing = start('/api/x', 'POST', { 'content-length': 6 });
    for (const part of ['a', 'b', 'c', 'd', 'e']) {
      outgoing.write(part);
      await delay(TIMEOUT_MS / 2);
    }
    expect((await answerTo(outgoing.end('f'))).status).toBe(200);
    expect(stage.api.last.body).toBe('abcdef');
    stage.api.respond(() => undefined);
    const silent = start('/api/x', 'POST', { 'content-length': 2 });
    silent.write('a');
    await delay(2 * TIMEOUT_MS);
    const answer = await answerTo(silent.end('b'));
    expect([answer.status, codeOf(answer)]).toEqual([504, 'upstream_timeout']);
  });

  it('a client that leaves in the middle of its body is gone for the API as well', async () => {
    const failures = stage.bff.logged('proxy.failed').length;
    const gone = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    stage.api.listen((req) => {
      req.on('error', () => gone.resolve());
      req.once('data', () => begun.resolve());
    });
    const outgoing = start('/api/x', 'POST', { 'content-length': 6 });
    outgoing.write('abc');
    await begun.promise;
    outgoing.destroy();
    await gone.promise;
    stage.api.listen(undefined);
    expect((await stage.call(person)).status).toBe(200);
    expect(stage.bff.logged('proxy.failed')).toHaveLength(failures);
    expect(stage.bff.logged('request.refused').map(({ code }) => code)).not.toContain(
      'internal_error',
    );
  });

  it('an answer that was refused leaves the connection as good as it was', async () => {
    // A body that nobody read stands between this request and the next one on the connection.
    const { port } = stage.bff;
    const lines = (more: readonly string[]): string[] => [
      `Host: localhost:${port}`,
      'X-CSRF: 1',
      ...more,
    ];
    const first = ['POST /api/x HTTP/1.1', ...lines(['Content-Length: 5'])].join('\r\n');
    const second = ['GET /api/second HTTP/1.1', ...lines([`Cookie: ${cookie}`])];
    const answer = await sendRaw(port, [`${first}\r\n\r\nhello${second.join('\r\n')}`]);
    expect(answer.status).toBe(401);
    expect(answer.body).toContain('HTTP/1.1 200 OK');
    expect(stage.api.last.target).toBe('/second');
  });
});

describe('a token that an API refuses', () => {
  let stage: Stage;
  let person: UserAgent;
  beforeEach(async () => {
    stage = await Stage.open({ file: ROUTES });
    person = await stage.member();
  });
  afterEach(() => stage.close());

  const refreshes = (): AnsweredCall[] =>
    stage.op.callsOf(PATHS.token).filter(({ body }) => body.includes('grant_type=refresh_token'));
  const usedTokens = (): (string | undefined)[] =>
    stage.api.received.map(({ headers }) => headers.authorization);
  /** The API takes every token but those that it was shown so far. */
  const refuseKnown = (): void => {
    const known = new Set(usedTokens());
    stage.api.respond(({ headers }, res) => {
      const isKnown = known.has(headers.authorization);
      res.writeHead(isKnown ? 401 : 200, { 'www-authenticate': 'Bearer' }).end('body');
    });
  };
  const refuseAll = (): void =>
    stage.api.respond((_received, res) => void res.writeHead(401).end('refused'));

  it('is renewed, and the call made again: the browser sees neither (P-57, P-19)', async () => {
    await stage.call(person);
    refuseKnown();
    stage.clock.advance(OLD_MS);
    const answer = await stage.call(person);
    expect([answer.status, answer.body, refreshes().length]).toEqual([200, 'body', 1]);
    const [first, second, third] = usedTokens();
    expect([second === first, third === first]).toEqual([true, false]);
  });

  it('is renewed once for many calls at the same time', async () => {
    await stage.call(person);
    refuseKnown();
    stage.clock.advance(OLD_MS);
    const answers = await Promise.all(Array.from({ length: 20 }, () => stage.call(person)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    expect(refreshes()).toHaveLength(1);
  });

  it('is renewed a second time by the refresh token that came with the first (C-07)', async () => {
    await stage.call(person);
    for (const _time of [1, 2]) {
      refuseKnown();
      stage.clock.advance(OLD_MS);
      expect((await stage.call(person)).status).toBe(200);
    }
    const [first, second] = refreshes();
    const sent = (call: AnsweredCall | undefined): unknown =>
      new URLSearchParams(call?.body).get('refresh_token');
    const brought = jsonOf({ body: first?.answer.body ?? '{}' })['refresh_token'];
    expect(refreshes()).toHaveLength(2);
    expect(brought).not.toBe(sent(first));
    expect(sent(second)).toBe(brought);
  });

  it('is not waited for to the end of a refusal that has none', async () => {
    await stage.call(person);
    const [known] = usedTokens();
    stage.api.respond(({ headers }, res) => {
      if (headers.authorization === known) res.writeHead(401).write('and on and on');
      else res.writeHead(200).end('ok');
    });
    stage.clock.advance(OLD_MS);
    expect((await stage.call(person)).status).toBe(200);
  });

  it.each([
    ['with a body', { method: 'POST', body: '{"a":1}' }],
    ['with a body, though it is a GET', { method: 'GET', body: 'x' }],
  ])('is renewed beside a call %s, which is not made again', async (_what, init) => {
    await stage.call(person);
    refuseKnown();
    stage.clock.advance(OLD_MS);
    const before = stage.api.received.length;
    const answer = await stage.call(person, '/api/x', init);
    expect([answer.status, answer.body]).toEqual([401, 'body']);
    expect(answer.headers['www-authenticate']).toBe('Bearer');
    expect(stage.api.received).toHaveLength(before + 1);
    await stage.bff.untilLogged('token.refreshed');
    expect((await stage.call(person, '/api/x', init)).status).toBe(200);
    expect(refreshes()).toHaveLength(1);
  });

  it('is made again where the method needs no body: DELETE', async () => {
    await stage.call(person);
    refuseKnown();
    stage.clock.advance(OLD_MS);
    const answer = await stage.call(person, '/api/x', { method: 'DELETE' });
    expect([answer.status, stage.api.last.method]).toEqual([200, 'DELETE']);
  });

  it('that is young is refused for another reason: the refusal is the answer', async () => {
    refuseAll();
    const answer = await stage.call(person);
    expect([answer.status, answer.body]).toEqual([401, 'refused']);
    expect([stage.api.received.length, refreshes().length]).toEqual([1, 0]);
  });

  it.each([403, 500, 503])(
    'is not meant by a %i, however old it is: no other one is asked for (P-17)',
    async (status) => {
      stage.api.respond((_received, res) => void res.writeHead(status).end('theirs'));
      stage.clock.advance(OLD_MS);
      const answer = await stage.call(person);
      expect([answer.status, answer.body]).toEqual([status, 'theirs']);
      // A renewal beside the answer would be waited for.
      await stage.bff.stop();
      expect([stage.api.received.length, refreshes().length]).toEqual([1, 0]);
    },
  );

  it('and that was renewed just now for its age is young', async () => {
    refuseAll();
    stage.clock.advance(400_000);
    const answer = await stage.call(person);
    expect([answer.status, answer.body]).toEqual([401, 'refused']);
    expect([stage.api.received.length, refreshes().length]).toEqual([1, 1]);
  });

  it('is renewed once and no more, though the API refuses every one (P-19)', async () => {
    refuseAll();
    stage.clock.advance(OLD_MS);
    const statuses = [];
    for (let count = 0; count < 3; count += 1) statuses.push((await stage.call(person)).status);
    expect(statuses).toEqual([401, 401, 401]);
    // The first call is made with two tokens, each other with one that is young.
    expect([stage.api.received.length, refreshes().length]).toEqual([4, 1]);
    stage.clock.advance(OLD_MS);
    await stage.call(person);
    await stage.call(person);
    expect([stage.api.received.length, refreshes().length]).toEqual([7, 2]);
  });

  it('is not renewed again and again where the provider gives no other', async () => {
    refuseAll();
    stage.op.fail(PATHS.token, 500);
    stage.clock.advance(OLD_MS);
    for (let count = 0; count < 3; count += 1) {
      const answer = await stage.call(person);
      expect([answer.status, answer.body]).toEqual([401, 'refused']);
      // Longer than the pause after a failure.
      stage.clock.advance(OLD_MS);
    }
    expect(refreshes()).toHaveLength(1);
  });

  it('ends the session where the provider has ended the grant', async () => {
    await stage.call(person);
    refuseKnown();
    stage.op.forget('RefreshToken');
    stage.clock.advance(OLD_MS);
    const answer = await stage.call(person);
    expect([answer.status, jsonOf(answer)]).toMatchObject([
      401,
      { code: 'unauthenticated', reason: 'refresh_failed', login_url: '/login' },
    ]);
  });
});
