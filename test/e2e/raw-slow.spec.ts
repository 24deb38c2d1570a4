import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Listener } from '../../src/http/route-table.js';
import { OpHost } from '../support/op-host.js';
import { ProductProcess } from '../support/product-process.js';
import { RawUpstream } from '../support/raw-upstream.js';

const FORM = 'Content-Type: application/x-www-form-urlencoded';
const MANY = 'Content-Length: 1000000';
const DRIP_MS = 500;
/** Node looks every five seconds; the rest is a busy machine's. */
const SLACK_MS = 9_000;
const LONGEST_MS = 90_000;

/** A client that takes its time, from its connection to the end of it. */
class SlowClient {
  received = '';
  readonly life: Promise<number>;
  private readonly socket: Socket;

  /** Sends this at once, and then a byte of `drip` now and then, again and again. */
  constructor(port: number, first: string, drip = '') {
    this.socket = connect(port, '127.0.0.1');
    const started = performance.now();
    this.socket.on('error', () => undefined);
    this.socket.on('data', (chunk) => (this.received += chunk.toString()));
    // `once` rejects with an error that comes before; a connection that is reset is closed as well.
    const closed = new Promise<void>((resolve) => this.socket.once('close', () => resolve()));
    this.life = closed.then(() => performance.now() - started);
    if (first !== '') this.socket.write(first);
    if (drip !== '') void this.goOn(drip, closed);
  }

  get statuses(): number[] {
    return [...this.received.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status));
  }

  private async goOn(drip: string, closed: Promise<unknown>): Promise<void> {
    const over = new AbortController();
    void closed.finally(() => over.abort());
    for (let at = 0; !over.signal.aborted; at += 1) {
      this.socket.write(drip[at % drip.length] ?? '');
      // What a slow client does is to wait.
      await delay(DRIP_MS, undefined, { signal: over.signal }).catch(() => undefined);
    }
  }
}

const head = (requestLine: string, ...lines: string[]): string =>
  [`${requestLine} HTTP/1.1`, 'Host: x', ...lines, '', ''].join('\r\n');

interface Case {
  readonly what: string;
  readonly first: string;
  readonly drip?: string;
  /** How long it may hold its connection. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly statuses: readonly number[];
}

const casesOf = (form: string, open: string): Case[] => [
  { what: 'says nothing', first: '', fromMs: 15_000, toMs: 20_000, statuses: [408] },
  {
    what: 'drips its header',
    first: `GET ${open} HTTP/1.1\r\nHost: x\r\nX-A: `,
    drip: 'a',
    fromMs: 15_000,
    toMs: 20_000,
    statuses: [408],
  },
  {
    what: 'drips header after header',
    first: `GET ${open} HTTP/1.1\r\nHost: x\r\n`,
    drip: 'a:b\r\n',
    fromMs: 15_000,
    toMs: 20_000,
    statuses: [408],
  },
  {
    what: 'drips a form',
    first: head(`POST ${form}`, FORM, 'Content-Length: 60000'),
    drip: 'a',
    fromMs: 15_000,
    toMs: 15_000,
    statuses: [],
  },
  {
    what: 'goes on with a body after its answer',
    first: head('POST /nothing/here', MANY),
    drip: 'a',
    fromMs: 5_000,
    toMs: 5_000,
    statuses: [404],
  },
  {
    what: 'says no more after its answer',
    first: head(`GET ${open}`),
    fromMs: 65_000,
    toMs: 66_000,
    statuses: [200],
  },
];

const UPLOADS: Case[] = [
  {
    what: 'stops in the middle of an upload to an API',
    first: `${head('POST /open/x', MANY, 'X-CSRF: 1')}abc`,
    fromMs: 20_000,
    toMs: 40_000,
    statuses: [],
  },
  {
    what: 'drips an upload to an API, which it may',
    first: head('POST /open/x', 'Content-Length: 90', 'X-CSRF: 1', 'Connection: close'),
    drip: 'abc',
    fromMs: 40_000,
    toMs: 45_000,
    statuses: [200],
  },
];

/** All of them at once against the built product: each is one test that waits for the end of its connection. */
describe('a client that is slow (R-44)', () => {
  let op: OpHost;
  let upstream: RawUpstream;
  let product: ProductProcess;
  const clients = new Map<Case, SlowClient>();
  const cases: Readonly<Record<Listener, readonly Case[]>> = {
    public: [...casesOf('/backchannel-logout', '/logout/done'), ...UPLOADS],
    internal: casesOf('/introspect', '/healthz'),
  };

  beforeAll(async () => {
    op = await OpHost.start();
    upstream = await RawUpstream.start();
    product = await ProductProcess.start({
      op,
      file: `routes:\n  - name: open\n    prefix: /open\n    upstream: ${upstream.url}\n    token: none\n    methods: [POST]\n`,
    });
    for (const listener of ['public', 'internal'] as const)
      for (const one of cases[listener])
        clients.set(one, new SlowClient(product.ports[listener], one.first, one.drip));
  });
  afterAll(async () => {
    await product.stop();
    await upstream.stop();
    await op.close();
  });

  it('holds nobody else up', async () => {
    const started = performance.now();
    for (let at = 0; at < 20; at += 1)
      expect((await fetch(product.url('/logout/done'))).status).toBe(200);
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it.each(
    (['public', 'internal'] as const).flatMap((listener) =>
      cases[listener].map((one) => [listener, one.what, one] as const),
    ),
  )(
    'on the %s listener: %s',
    async (_listener, _what, one) => {
      const client = clients.get(one);
      const life = (await client?.life) ?? 0;
      expect(client?.statuses).toEqual(one.statuses);
      // Its own clock started a moment before the product's.
      expect(life).toBeGreaterThan(one.fromMs - 100);
      expect(life).toBeLessThan(one.toMs + SLACK_MS);
    },
    LONGEST_MS,
  );
});
