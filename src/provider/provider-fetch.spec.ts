import { gzipSync } from 'node:zlib';
import { JsonServer } from '../../test/support/json-server.js';
import { createProviderFetch } from './provider-fetch.js';

const MIB = 1_048_576;
const providerFetch = createProviderFetch({});
let server: JsonServer;
beforeAll(async () => {
  server = await JsonServer.start();
});
afterAll(() => server.stop());

const get = (init: RequestInit = {}) => providerFetch(`${server.origin}/x`, init);

describe('the fetch of a provider', () => {
  it('gives status, headers and body', async () => {
    server.answerJson({ a: 1 }, 201);
    const response = await get();
    expect(response.status).toBe(201);
    expect(response.headers.get('content-type')).toBe('application/json');
    await expect(response.json()).resolves.toEqual({ a: 1 });
  });

  it.each([[301], [302], [303], [307], [308]])(
    'does not follow a %d (D-27, E-48)',
    async (status) => {
      server.asked.length = 0;
      server.answerWith((_req, res) => void res.writeHead(status, { location: '/y' }).end());
      expect((await get({ method: 'POST', body: 'code=1' })).status).toBe(status);
      expect(server.asked).toEqual(['POST /x']);
    },
  );

  it('takes a body of 1 MiB', async () => {
    server.answerWith((_req, res) => void res.end('x'.repeat(MIB)));
    expect(await (await get()).text()).toHaveLength(MIB);
  });

  it('refuses one byte more, without a length told ahead', async () => {
    server.answerWith((_req, res) => {
      res.write('x'.repeat(MIB));
      res.end('x');
    });
    await expect(get()).rejects.toMatchObject({ code: 'provider_unreachable' });
  });

  it('refuses a body that grows when it is unpacked', async () => {
    const bomb = gzipSync('x'.repeat(20 * MIB));
    server.answerWith(
      (_req, res) => void res.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
    );
    await expect(get()).rejects.toMatchObject({ code: 'provider_unreachable' });
  });

  it('stops reading an endless body', async () => {
    const closed = new Promise<void>((resolve) => {
      server.answerWith((_req, res) => {
        const timer = setInterval(() => res.write('x'.repeat(65_536)), 1);
        res.once('close', () => {
          clearInterval(timer);
          resolve();
        });
      });
    });
    await expect(get()).rejects.toMatchObject({ code: 'provider_unreachable' });
    await closed;
  });

  it.each([[204], [304]])('takes a %d, which has no body', async (status) => {
    server.answerWith((_req, res) => void res.writeHead(status).end());
    expect((await get()).status).toBe(status);
  });

  it('ends with the signal of the caller', async () => {
    server.answerWith((_req, res) => void res.write('begun'));
    await expect(get({ signal: AbortSignal.timeout(50) })).rejects.toMatchObject({
      name: 'TimeoutError',
    });
  });
});
