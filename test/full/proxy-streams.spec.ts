import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { request, type IncomingMessage, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { EventStream } from '../support/event-stream.js';
import { exchange } from '../support/http-exchange.js';
import { LOGOUT_EVENT } from '../support/logout-tokens.js';
import { OpHost } from '../support/op-host.js';
import { ProductProcess } from '../support/product-process.js';
import { RedisHost } from '../support/redis-host.js';
import { UpstreamHost } from '../support/upstream-host.js';
import { openWebSocket, type WebSocketPeer } from '../support/web-socket.js';

const MIB = 1_048_576;
const GIB = 1_024 * MIB;
const MOST_GROWTH_MIB = 64;
const SESSIONS = 100;
const PER_SESSION = 10;
const SOON_MS = 5_000;
const EVENTS = 200;

const BLOCK = randomBytes(MIB);

/** So many bytes, made while they are read; the same ones each time. */
function flow(bytes: number): Readable {
  let left = bytes;
  return new Readable({
    highWaterMark: MIB,
    read() {
      this.push(left > 0 ? BLOCK : null);
      left -= MIB;
    },
  });
}

interface Taken {
  readonly bytes: number;
  readonly digest: string;
}

/** Reads to the end, but stands still for a second now and then: whoever sends has to wait. */
async function take(stream: Readable): Promise<Taken> {
  const hash = createHash('sha256');
  let bytes = 0;
  let rest = 300 * MIB;
  for await (const chunk of stream) {
    hash.update(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes < rest) continue;
    rest += 300 * MIB;
    await delay(1_000);
  }
  return { bytes, digest: hash.digest('hex') };
}

/** The most memory that the product had while something ran, in MiB. */
async function mostDuring(product: ProductProcess, run: () => Promise<unknown>): Promise<number> {
  let most = product.memoryMib;
  const sampling = setInterval(() => {
    most = Math.max(most, product.memoryMib);
  }, 20);
  await run();
  clearInterval(sampling);
  return most;
}

describe('a proxy that is a process of its own', () => {
  let op: OpHost;
  let api: UpstreamHost;
  let redis: RedisHost;
  let product: ProductProcess;
  let expected: Taken;
  beforeAll(async () => {
    op = await OpHost.start();
    api = await UpstreamHost.start();
    redis = await RedisHost.start();
    product = await ProductProcess.start({
      op,
      env: { REDIS_URL: redis.url },
      file: `routes:
  - name: api
    prefix: /api
    upstream: ${api.url}
  - name: live
    prefix: /live
    upstream: ${api.url}
    websocket: true
`,
    });
    const hash = createHash('sha256');
    for (let count = 0; count < GIB / MIB; count += 1) hash.update(BLOCK);
    expected = { bytes: GIB, digest: hash.digest('hex') };
  }, 60_000);
  afterEach(() => api.listen(undefined));
  afterAll(async () => {
    await product.stop();
    await Promise.all([op.close(), api.down(), redis.stop()]);
  });

  const headers = (cookie: string): Record<string, string> => ({ cookie, 'x-csrf': '1' });

  /** Sends a body of this size; what the API took of it. */
  const upload = async (cookie: string, size: number): Promise<Taken> => {
    const taken = Promise.withResolvers<Taken>();
    api.listen((req: IncomingMessage, res: ServerResponse) => {
      take(req).then((all) => {
        taken.resolve(all);
        res.end('taken');
      }, taken.reject);
    });
    const outgoing = request(product.url('/api/upload'), {
      host: '127.0.0.1',
      method: 'POST',
      agent: false,
      headers: { ...headers(cookie), 'content-length': size },
    });
    const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>;
    await pipeline(flow(size), outgoing);
    const [answer] = await answered;
    expect(answer.statusCode).toBe(200);
    answer.resume();
    return taken.promise;
  };

  /** Asks for an answer of this size; what came of it. */
  const download = async (cookie: string, size: number): Promise<Taken> => {
    api.listen((_req, res) => {
      res.writeHead(200, { 'content-type': 'application/octet-stream' });
      pipeline(flow(size), res).catch(() => undefined);
    });
    const outgoing = request(product.url('/api/download'), {
      host: '127.0.0.1',
      agent: false,
      headers: headers(cookie),
    }).end();
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    return take(answer);
  };

  it('passes a gigabyte each way in little memory, whoever is slow', async () => {
    const cookie = await product.login();
    const idle = product.memoryMib;
    for (const [way, pass] of [
      ['up', upload],
      ['down', download],
    ] as const) {
      const started = performance.now();
      let taken: Taken | undefined;
      const most = await mostDuring(product, async () => {
        taken = await pass(cookie, GIB);
      });
      const growth = most - idle;
      console.log(
        `1 GiB ${way} in ${seconds(started)}: at most ${most.toFixed(0)} MiB, ` +
          `${growth.toFixed(1)} MiB more than the ${idle.toFixed(0)} MiB before`,
      );
      expect(taken).toEqual(expected);
      expect(growth).toBeLessThan(MOST_GROWTH_MIB);
    }
  }, 300_000);

  it('hands on events one by one, each before the next is sent', async () => {
    const cookie = await product.login();
    const opened = Promise.withResolvers<ServerResponse>();
    api.listen((_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
      opened.resolve(res);
    });
    const stream = await EventStream.open(product.url('/api/events'), headers(cookie));
    const source = await opened.promise;
    const delays: number[] = [];
    for (let count = 0; count < EVENTS; count += 1) {
      const sent = performance.now();
      source.write(`event: tick-${count}\ndata: {}\n\n`);
      await stream.next(`tick-${count}`);
      delays.push(performance.now() - sent);
    }
    console.log(`${EVENTS} events one by one: ${percentiles(delays)}`);
    expect(stream.events.length).toBe(EVENTS);
    stream.leave();
  }, 60_000);

  it('has a thousand WebSockets open at a time, and closes them all when everybody is logged out', async () => {
    api.takeWebSockets();
    const cookies: string[] = [];
    while (cookies.length < SESSIONS) cookies.push(await product.login());
    const before = product.memoryMib;
    const started = performance.now();
    const peers: WebSocketPeer[] = [];
    for (const cookie of cookies) {
      const ten = Array.from({ length: PER_SESSION }, () =>
        openWebSocket(product.url('/live/echo'), { cookie, origin: product.origin }),
      );
      for (const opened of await Promise.all(ten)) {
        if (opened.kind === 'open') peers.push(opened.peer);
        else throw new Error(`refused with ${opened.status}`);
      }
    }
    const openedIn = seconds(started);
    const delays = await Promise.all(
      peers.map(async (peer, at) => {
        const sent = performance.now();
        peer.send(`hello ${at}`);
        expect(await peer.next()).toBe(`echo: hello ${at}`);
        return performance.now() - sent;
      }),
    );
    const memory = ((product.memoryMib - before) * 1_024) / peers.length;
    expect(peers.filter((peer) => peer.isOpen).length).toBe(SESSIONS * PER_SESSION);
    const ends = [...peers, ...api.peers];
    const ended = performance.now();
    const logout = await sendLogout();
    const answered = performance.now() - ended;
    await Promise.all(ends.map((peer) => peer.closed));
    const took = performance.now() - ended;
    console.log(
      `${peers.length} WebSockets of ${SESSIONS} sessions opened in ${openedIn}, ` +
        `${memory.toFixed(0)} KiB of the product each; all echo at once: ${percentiles(delays)}; ` +
        `back-channel logout answered in ${answered.toFixed(0)} ms, ` +
        `all closed at both ends ${took.toFixed(0)} ms after it was sent`,
    );
    expect(logout).toBe(200);
    expect(took).toBeLessThan(SOON_MS);
    expect(peers.every(({ closeCode }) => closeCode === 1_008)).toBe(true);
    expect(
      (await exchange(product.url('/session'), { headers: { cookie: cookies[0] ?? '' } })).status,
    ).toBe(401);
  }, 180_000);

  /** The provider ends every session of the user. */
  const sendLogout = async (): Promise<number> => {
    const now = Math.floor(Date.now() / 1_000);
    const claims = {
      iss: op.issuer,
      aud: product.clientId,
      sub: 'alice',
      iat: now,
      exp: now + 120,
      jti: randomUUID(),
      events: { [LOGOUT_EVENT]: {} },
    };
    const token = op.key.sign(claims, { typ: 'logout+jwt' });
    const answer = await exchange(product.url('/backchannel-logout'), {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ logout_token: token }).toString(),
    });
    return answer.status;
  };
});

function seconds(started: number): string {
  return `${((performance.now() - started) / 1_000).toFixed(1)} s`;
}

function percentiles(delays: readonly number[]): string {
  const sorted = delays.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(1);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, most ${(sorted.at(-1) ?? 0).toFixed(1)} ms`;
}
