import type { Listener } from '../../src/http/route-table.js';
import { jsonOf, type Hop } from '../support/http-exchange.js';
import { OpHost } from '../support/op-host.js';
import { ProductProcess } from '../support/product-process.js';
import { sendRaw } from '../support/raw-socket.js';

const FORM = 'Content-Type: application/x-www-form-urlencoded';
/** On each listener a route that is open to everybody, and one that reads a form. */
const ROUTES: Readonly<Record<Listener, { readonly open: string; readonly form: string }>> = {
  public: { open: '/logout/done', form: '/backchannel-logout' },
  internal: { open: '/healthz', form: '/introspect' },
};
/** Answered before Express, and by nobody. */
const OTHER_REQUESTS: Readonly<Record<Listener, readonly string[]>> = {
  public: ['GET /session', 'POST /session/refresh', 'POST /api/orders', 'POST /nowhere'],
  internal: ['GET /verify', 'POST /nowhere'],
};
const LAST_CHUNK = '0\r\n\r\n';

/** What is too large for the built product, byte by byte. */
describe.each<[Listener]>([['public'], ['internal']])('the %s listener', (listener) => {
  let op: OpHost;
  let product: ProductProcess;
  beforeAll(async () => {
    op = await OpHost.start();
    product = await ProductProcess.start({ op });
  });
  afterAll(async () => {
    await product.stop();
    await op.close();
  });
  const { open, form } = ROUTES[listener];

  const send = (requestLine: string, lines: readonly string[] = [], body = ''): Promise<Hop> =>
    sendRaw(product.ports[listener], [`${requestLine} HTTP/1.1`, 'Host: x', ...lines], body);
  const get = (lines: readonly string[] = [], query = ''): Promise<Hop> =>
    send(`GET ${open}${query}`, lines);
  const post = (bytes: number): Promise<Hop> =>
    send(`POST ${form}`, [FORM, `Content-Length: ${bytes}`], 'x'.repeat(bytes));

  // The connection's end is a field of its own, as is the host.
  const fields = (count: number): string[] =>
    Array.from({ length: count - 2 }, (_, at) => `x${at}:1`);
  const queryOf = (length: number): string => `?${'x'.repeat(length - open.length - 1)}`;

  /** The answer is ours, with all that ours say. */
  function expectProblem(answer: Hop, status: number, code: string): void {
    expect({ status: answer.status, ...jsonOf(answer) }).toMatchObject({ status, code });
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  }

  afterEach(async () => {
    expect((await get()).status).toBe(200);
  });

  it('takes an address of 12 KiB and no longer one (414)', async () => {
    expect((await get([], queryOf(12_288))).status).toBe(200);
    expectProblem(await get([], queryOf(12_289)), 414, 'uri_too_long');
    expectProblem(await get([], queryOf(15_000)), 414, 'uri_too_long');
  });

  it('takes a hundred header fields and no more (431)', async () => {
    expect((await get(fields(100))).status).toBe(200);
    expectProblem(await get(fields(101)), 431, 'header_fields_too_large');
  });

  it('drops none of two thousand without a word (431)', async () => {
    const many = Array.from({ length: 2_100 }, () => 'a:');
    expect((await get([...many, 'X-Forwarded-For: 203.0.113.7'])).status).toBe(431);
  });

  it('takes two hundred cookies and no more (431, R-45)', async () => {
    const cookies = (count: number): string =>
      `Cookie: ${Array.from({ length: count }, (_, at) => `c${at}=1`).join('; ')}`;
    expect((await get([cookies(200)])).status).toBe(200);
    expectProblem(await get([cookies(201)]), 431, 'header_fields_too_large');
    expectProblem(await get([cookies(101), cookies(100)]), 431, 'header_fields_too_large');
  });

  it('takes a head of 16 KiB, and ends the connection of a larger one (431, ATK-45)', async () => {
    expect((await get([`X-Much: ${'x'.repeat(15_000)}`])).status).toBe(200);
    for (const lines of [
      [`X-Much: ${'x'.repeat(17_000)}`],
      [`Cookie: ${'c=1; '.repeat(4_000)}`],
      Array.from({ length: 10_000 }, (_, at) => `x-${at}: 1`),
    ]) {
      const answer = await get(lines);
      expect([answer.status, answer.headers['connection'], answer.body]).toEqual([
        431,
        'close',
        '',
      ]);
    }
    expect((await get([], `?${'x'.repeat(20_000)}`)).status).toBe(431);
  });

  it('takes a form of 64 KiB and no larger one (413, R-45)', async () => {
    expect((await post(65_536)).status).not.toBe(413);
    const answer = await post(65_537);
    // The forms of services are answered in the words of OAuth, and a logout token is right or wrong (§2.8).
    const told = listener === 'public' ? [400, 'logout_token_rejected'] : [413, 'invalid_request'];
    expect([answer.status, jsonOf(answer)['code'] ?? jsonOf(answer)['error']]).toEqual(told);
  });

  it.each([
    [['Transfer-Encoding: gzip, chunked']],
    [['Transfer-Encoding: gzip', 'Transfer-Encoding: chunked']],
    [['Transfer-Encoding: identity, chunked']],
  ])('takes no body in another coding than chunks: %j (501, ATK-18)', async (lines) => {
    for (const line of [`GET ${open}`, `POST ${form}`, ...OTHER_REQUESTS[listener]])
      expectProblem(await send(line, [FORM, ...lines], LAST_CHUNK), 501, 'not_implemented');
  });

  it.each([['gzip'], ['chunked, chunked'], ['chunked, gzip'], ['']])(
    'takes no body whose end nobody can see: Transfer-Encoding: %s (ATK-18)',
    async (coding) => {
      const answer = await send(`POST ${form}`, [FORM, `Transfer-Encoding: ${coding}`], LAST_CHUNK);
      // Node's parser and we see it, whoever is the first.
      expect([400, 501]).toContain(answer.status);
    },
  );

  it('takes no chunks by HTTP/1.0, whose framing nobody can rely on (ATK-18)', async () => {
    const lines = [`GET ${open} HTTP/1.0`, 'Host: x', 'Transfer-Encoding: chunked'];
    expectProblem(await sendRaw(product.ports[listener], lines, LAST_CHUNK), 400, 'bad_request');
  });

  it('takes a body in chunks, however that is written', async () => {
    for (const coding of ['chunked', 'Chunked', ' chunked '])
      expect((await send(`GET ${open}`, [`Transfer-Encoding:${coding}`], LAST_CHUNK)).status).toBe(
        200,
      );
  });

  it('believes no length and no chunk that promises more', async () => {
    const long = await send(`POST ${form}`, [FORM, 'Content-Length: 99999999999']);
    const chunked = await send(
      `POST ${form}`,
      [FORM, 'Transfer-Encoding: chunked'],
      `11000\r\n${'x'.repeat(0x1_10_00)}\r\n0\r\n\r\n`,
    );
    for (const { status } of [long, chunked])
      expect(status).toBe(listener === 'public' ? 400 : 413);
  });
});
