import { once } from 'node:events';
import { request, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { EventStream } from '../support/event-stream.js';
import { jsonOf } from '../support/http-exchange.js';
import { startReplica, type Replica } from '../support/replica.js';
import { Stage } from '../support/stage.js';
import type { UpstreamHost } from '../support/upstream-host.js';
import type { UserAgent } from '../support/user-agent.js';

const TIMEOUT_MS = 1_000;
const ROUTES = `routes:
  - name: events
    prefix: /events
    upstream: \${API}
    methods: [GET]
    csrf: fetch-metadata
    timeout: ${TIMEOUT_MS}ms
  - name: api
    prefix: /api
    upstream: \${API}
    timeout: ${TIMEOUT_MS}ms
`;
const SOON_MS = 5_000;
/** What an EventSource sends. */
const EVENT_SOURCE = {
  'sec-fetch-site': 'same-origin',
  'sec-fetch-mode': 'cors',
  'sec-fetch-dest': 'empty',
};

/** One event stream of an API, from its other end. */
interface Source {
  send(name: string, data: object): void;
  end(): void;
  breakOff(): void;
  /** The connection to the caller is gone. */
  readonly closed: Promise<unknown>;
}

/** The API answers with event streams from now on; each is handed to `onSource`. */
function serveEvents(api: UpstreamHost, onSource: (source: Source) => void): void {
  api.respond((_received, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    onSource({
      send: (name, data) => res.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`),
      end: () => res.end(),
      breakOff: () => res.destroy(),
      closed: once(res, 'close'),
    });
  });
}

describe('an event stream of an API', () => {
  let stage: Stage;
  let person: UserAgent;
  beforeAll(async () => {
    stage = await Stage.open({ file: ROUTES });
    person = await stage.member();
  });
  afterEach(() => {
    stage.api.respond(undefined);
    stage.api.listen(undefined);
  });
  afterAll(() => stage.close());

  const open = async (
    member: UserAgent,
    url = stage.url('/events/orders'),
  ): Promise<{ readonly stream: EventStream; readonly source: Source }> => {
    const opened = Promise.withResolvers<Source>();
    serveEvents(stage.api, opened.resolve);
    const cookie = await stage.cookieOf(member);
    const stream = await EventStream.open(url, { cookie, ...EVENT_SOURCE });
    return { stream, source: await opened.promise };
  };

  it('is open before its first event, and hands on each as it comes', async () => {
    const { stream, source } = await open(person);
    expect(stream.status).toBe(200);
    expect(stream.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    for (const name of ['one', 'two', 'three']) {
      source.send(name, { of: name });
      expect((await stream.next(name)).data).toEqual({ of: name });
    }
    expect(stream.events).toHaveLength(3);
    source.end();
    await stream.untilClosed();
  });

  it('may be silent for longer than anything else', async () => {
    const { stream, source } = await open(person);
    source.send('first', {});
    await stream.next('first');
    await delay(3 * TIMEOUT_MS);
    expect(stream.isOpen).toBe(true);
    source.send('second', {});
    await stream.next('second');
    stream.leave();
  });

  it('may not keep its caller waiting for its head', async () => {
    stage.api.respond(() => undefined);
    const cookie = await stage.cookieOf(person);
    const stream = await EventStream.open(stage.url('/events/none'), { cookie, ...EVENT_SOURCE });
    await stream.untilClosed();
    expect([stream.status, jsonOf({ body: stream.text })['code']]).toEqual([
      504,
      'upstream_timeout',
    ]);
  });

  it.each([
    ['after a part', (res: ServerResponse) => res.writeHead(200).write('half')],
    ['after its head', (res: ServerResponse) => res.writeHead(200).flushHeaders()],
  ])('is the only one that may: another answer is broken off %s', async (_when, begin) => {
    const gone = Promise.withResolvers<void>();
    stage.api.respond((_received, res) => {
      res.once('close', () => gone.resolve());
      begin(res);
    });
    await expect(stage.call(person, '/api/slow')).rejects.toThrow(/aborted|hang up/);
    await gone.promise;
    expect(stage.bff.logged('proxy.failed').at(-1)).toMatchObject({
      route: 'api',
      cause: 'UND_ERR_BODY_TIMEOUT',
    });
  });

  it('is let in although it can carry no header, and no other site’s', async () => {
    const cookie = await stage.cookieOf(person);
    for (const headers of [
      { ...EVENT_SOURCE, 'sec-fetch-site': 'cross-site' },
      { ...EVENT_SOURCE, 'sec-fetch-site': 'same-site' },
      {},
    ]) {
      const stream = await EventStream.open(stage.url('/events/x'), { cookie, ...headers });
      await stream.untilClosed();
      expect([stream.status, jsonOf({ body: stream.text })['code']]).toEqual([403, 'csrf_refused']);
    }
    const stranger = await EventStream.open(stage.url('/events/x'), EVENT_SOURCE);
    await stranger.untilClosed();
    expect(stranger.status).toBe(401);
  });

  it.each([
    ['before its first event', false],
    ['between two events', true],
  ])('ends within five seconds of the logout, %s, at both ends', async (_when, hasSpoken) => {
    const member = await stage.member();
    const { stream, source } = await open(member);
    if (hasSpoken) {
      source.send('one', {});
      await stream.next('one');
    }
    await stage.call(member, '/logout', { method: 'POST' });
    const started = performance.now();
    await Promise.all([stream.untilClosed(), source.closed]);
    expect(performance.now() - started).toBeLessThan(SOON_MS);
  });

  it('ends at the API when the browser leaves it, and is no failure of the API', async () => {
    const failures = stage.bff.logged('proxy.failed').length;
    const { stream, source } = await open(person);
    source.send('one', {});
    await stream.next('one');
    stream.leave();
    await source.closed;
    stage.api.respond(undefined);
    expect((await stage.call(person)).status).toBe(200);
    expect(stage.bff.logged('proxy.failed')).toHaveLength(failures);
  });

  it('breaks off when the API breaks off', async () => {
    const { stream, source } = await open(person);
    source.send('one', {});
    await stream.next('one');
    source.breakOff();
    await stream.untilClosed();
    expect(stream.events).toHaveLength(1);
  });

  it('is in nobody else’s way: with 300 of them open a call is answered at once', async () => {
    const members = [person, await stage.member(), await stage.member(), await stage.member()];
    const all: EventStream[] = [];
    for (const member of members)
      for (let count = 0; count < 75; count += 1) all.push((await open(member)).stream);
    stage.api.respond(undefined);
    const started = performance.now();
    expect((await stage.call(person)).status).toBe(200);
    expect(performance.now() - started).toBeLessThan(2_000);
    expect(all.every((stream) => stream.isOpen)).toBe(true);
    for (const stream of all) stream.leave();
  });
});

describe('another long answer', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open({ file: ROUTES });
  });
  afterEach(() => stage.api.respond(undefined));
  afterAll(() => stage.close());

  const download = async (member: UserAgent, path: string): Promise<IncomingMessage> => {
    const outgoing = request(stage.url(path), {
      host: '127.0.0.1',
      headers: { cookie: await stage.cookieOf(member), 'x-csrf': '1' },
      agent: false,
    }).end();
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    return answer;
  };

  it('that still runs when its session ends is broken off', async () => {
    const member = await stage.member();
    let ticking: NodeJS.Timeout | undefined;
    stage.api.respond((_received, res) => {
      res.writeHead(200);
      ticking = setInterval(() => res.write('tick'), TIMEOUT_MS / 3);
    });
    const answer = await download(member, '/api/ticks');
    answer.resume();
    const broken = once(answer, 'error');
    await stage.call(member, '/logout', { method: 'POST' });
    const started = performance.now();
    await broken;
    expect(performance.now() - started).toBeLessThan(SOON_MS);
    clearInterval(ticking);
  });

  it('may be read slowly: it is the API whose silence counts, not the browser’s', async () => {
    const member = await stage.member();
    // More than all buffers between the two hold.
    const size = 48 * 1_048_576;
    const body = Buffer.alloc(size, 'x');
    stage.api.respond((_received, res) => {
      res.writeHead(200, { 'content-length': String(size) }).end(body);
    });
    const answer = await download(member, '/api/large');
    answer.pause();
    await delay(4 * TIMEOUT_MS);
    let read = 0;
    answer.on('data', (chunk: Buffer) => (read += chunk.length));
    answer.resume();
    await once(answer, 'end');
    expect(read).toBe(size);
  });
});

describe('an event stream over two instances', () => {
  let stage: Stage;
  let replica: Replica;
  beforeAll(async () => {
    stage = await Stage.open({ redis: true, file: ROUTES });
    replica = await startReplica(stage);
  });
  afterAll(async () => {
    await replica.stop();
    await stage.close();
  });

  it('ends within five seconds of a logout at the other one', async () => {
    const member = await stage.member();
    const opened = Promise.withResolvers<Source>();
    serveEvents(stage.api, opened.resolve);
    const cookie = await stage.cookieOf(member);
    const stream = await EventStream.open(replica.url('/events/x'), { cookie, ...EVENT_SOURCE });
    await stage.call(member, '/logout', { method: 'POST' });
    const started = performance.now();
    await Promise.all([stream.untilClosed(), (await opened.promise).closed]);
    expect(performance.now() - started).toBeLessThan(SOON_MS);
  });

  it('is closed when its instance goes', async () => {
    const member = await stage.member();
    const opened = Promise.withResolvers<Source>();
    serveEvents(stage.api, opened.resolve);
    const cookie = await stage.cookieOf(member);
    const going = await startReplica(stage);
    const stream = await EventStream.open(going.url('/events/x'), { cookie, ...EVENT_SOURCE });
    const started = performance.now();
    await going.stop();
    await Promise.all([stream.untilClosed(), (await opened.promise).closed]);
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});
