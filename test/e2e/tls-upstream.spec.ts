import { readFile, writeFile } from 'node:fs/promises';
import { makeCertificates, type Certificates } from '../support/certificates.js';
import { exchange, jsonOf, type Hop } from '../support/http-exchange.js';
import { OpHost, RESOURCE } from '../support/op-host.js';
import { ProductProcess } from '../support/product-process.js';
import { UpstreamHost } from '../support/upstream-host.js';
import { openWebSocket, type Opened } from '../support/web-socket.js';

const POLICY_VIOLATION = 1008;

async function startApi({ certFile, keyFile }: Certificates): Promise<UpstreamHost> {
  const [cert, key] = await Promise.all([readFile(certFile, 'utf8'), readFile(keyFile, 'utf8')]);
  const api = await UpstreamHost.start({ cert, key });
  api.takeWebSockets();
  return api;
}

/** The product in a process of its own, told by Node's own variable which authority to trust besides. */
describe('an API over TLS', () => {
  let op: OpHost;
  let certificates: readonly Certificates[];
  let apis: Readonly<Record<'known' | 'stranger' | 'misnamed', UpstreamHost>>;
  let product: ProductProcess;
  let cookie: string;
  beforeAll(async () => {
    op = await OpHost.start();
    const [known, stranger, misnamed] = await Promise.all([
      makeCertificates(),
      makeCertificates(),
      makeCertificates('DNS:another.example,IP:127.0.0.2'),
    ]);
    certificates = [known, stranger, misnamed];
    apis = {
      known: await startApi(known),
      stranger: await startApi(stranger),
      misnamed: await startApi(misnamed),
    };
    apis.known.verify(op.issuer, RESOURCE);
    await writeFile(known.caFile, `${known.ca}${misnamed.ca}`);
    const routes = Object.entries(apis).map(
      ([name, { url }]) =>
        `  - {name: ${name}, prefix: /${name}, upstream: "${url}/v1", websocket: true}\n`,
    );
    product = await ProductProcess.start({
      op,
      file: `routes:\n${routes.join('')}`,
      env: { NODE_EXTRA_CA_CERTS: known.caFile },
    });
    cookie = await product.login();
  });
  afterAll(async () => {
    await product.stop();
    await Promise.all(Object.values(apis).map((api) => api.down()));
    await op.close();
    await Promise.all(certificates.map((each) => each.remove()));
  });

  const send = (path: string, method = 'GET'): Promise<Hop> =>
    exchange(product.url(path), { method, headers: { cookie, 'x-csrf': '1' } });
  const ask = (path: string): Promise<Opened> =>
    openWebSocket(product.url(path), { cookie, origin: product.origin });

  it('gets calls with the token', async () => {
    const answer = await send('/known/orders?page=2');
    expect([answer.status, jsonOf(answer)]).toMatchObject([
      200,
      { target: '/v1/orders?page=2', sub: 'alice', aud: RESOURCE },
    ]);
  });

  it.each(['stranger', 'misnamed'] as const)(
    'of whom nobody vouches for the name is sent nothing: %s (R-49)',
    async (name) => {
      const answer = await send(`/${name}/orders`);
      expect([answer.status, jsonOf(answer)['code']]).toEqual([502, 'upstream_unreachable']);
      const opened = await ask(`/${name}/echo`);
      expect(opened).toMatchObject({ kind: 'refused', status: 502 });
      expect(apis[name].received).toEqual([]);
    },
  );

  it('gets WebSockets with the token, which end with the session', async () => {
    const [opened, theirs] = await Promise.all([ask('/known/echo'), apis.known.nextPeer()]);
    if (opened.kind !== 'open') throw new Error(`refused with ${opened.status}`);
    const { peer } = opened;
    for (const text of ['hello', 'x'.repeat(100_000)]) {
      peer.send(text);
      expect(await peer.next()).toBe(`echo: ${text}`);
    }
    expect(apis.known.last.target).toBe('/v1/echo');
    expect((await send('/logout', 'POST')).status).toBe(200);
    await Promise.all([peer.closed, theirs.closed]);
    expect(peer.closeCode).toBe(POLICY_VIOLATION);
  });
});
