import { ServerResponse } from 'node:http';
import { afterAll, beforeAll } from '@jest/globals';
import { exchange } from '../../test/support/http-exchange.js';
import { JsonServer } from '../../test/support/json-server.js';
import type { MarkedResponse } from './marked-response.js';

const OWN = ['cache-control', 'no-store', 'vary', 'Origin'];
const SECURITY = {
  everywhere: ['x-frame-options', 'DENY'],
  pages: ['cross-origin-opener-policy', 'same-origin'],
};

let server: JsonServer;
beforeAll(async () => {
  server = await JsonServer.start();
});
afterAll(() => server.stop());

/** The headers that a client gets of an answer that is marked and then written. */
async function headersOf(write: (res: MarkedResponse) => void) {
  server.answerWith((_req, res) => {
    res.mark(OWN, SECURITY);
    write(res);
    res.end();
  });
  const { status, headers } = await exchange(server.origin);
  return { status, ...headers };
}

const MARKED = {
  status: 201,
  'cross-origin-opener-policy': 'same-origin',
  'x-frame-options': 'DENY',
  'cache-control': 'no-store',
  vary: 'Origin',
};

describe('a marked answer', () => {
  it.each<[string, (res: MarkedResponse) => void]>([
    ['a flat list', (res) => void res.writeHead(201, ['x-own', '1'])],
    ['an object', (res) => void res.writeHead(201, { 'X-Own': '1' })],
    ['a header set before', (res) => void res.setHeader('X-Own', '1').writeHead(201)],
    [
      'a header set before, and a flat list',
      (res) => void res.setHeader('X-Own', '0').writeHead(201, ['x-own', '1']),
    ],
    [
      'no head at all',
      (res) => void Object.assign(res.setHeader('x-own', '1'), { statusCode: 201 }),
    ],
    [
      'ordinary headers',
      (res) => {
        res.layOut();
        res.writeHead(201, { 'x-own': '1' });
      },
    ],
  ])('says its marks and what is its own, written with %s', async (_how, write) => {
    expect(await headersOf(write)).toMatchObject({ ...MARKED, 'x-own': '1' });
  });

  it.each<[string, (res: MarkedResponse) => void]>([
    ['a flat list', (res) => void res.writeHead(201, ['x-own', '1'])],
    ['an object', (res) => void res.writeHead(201, { 'X-Own': '1' })],
    ['no head at all', (res) => void res.setHeader('x-own', '1')],
    [
      'ordinary headers, by code that replaces its methods',
      (res) => {
        res.layOut();
        Object.setPrototypeOf(res, Object.create(ServerResponse.prototype) as object);
      },
    ],
  ])('is the last on its connection as it is written, with %s', async (_how, write) => {
    let isLast = false;
    server.answerWith((_req, res) => {
      res.mark(OWN, SECURITY, () => isLast);
      isLast = true;
      write(res);
      res.end();
    });
    const { headers } = await exchange(server.origin, { headers: { connection: 'keep-alive' } });
    expect(headers).toMatchObject({ connection: 'close', 'x-frame-options': 'DENY' });
  });

  it.each<[string, (res: MarkedResponse) => void]>([
    ['a flat list', (res) => void res.writeHead(201, ['cache-control', 'private'])],
    ['an object', (res) => void res.writeHead(201, { 'Cache-Control': 'private' })],
    ['a header set before', (res) => void res.setHeader('Cache-Control', 'private').writeHead(201)],
  ])('says its own word under the same name once, written with %s', async (_how, write) => {
    expect(await headersOf(write)).toMatchObject({ ...MARKED, 'cache-control': 'private' });
  });

  it.each<[string, (res: MarkedResponse) => void]>([
    ['alone', (res) => void res.writeHead(201, ['vary', 'Accept'])],
    [
      'beside a header set before',
      (res) => void res.setHeader('x', 'y').writeHead(201, ['vary', 'Accept']),
    ],
    ['as a header set before', (res) => void res.setHeader('Vary', 'Accept').writeHead(201)],
  ])('varies by both (%s)', async (_how, write) => {
    expect(await headersOf(write)).toMatchObject({ ...MARKED, vary: 'Accept, Origin' });
  });

  it('is data when it says so, and then has no use for what only a page obeys', async () => {
    const headers = await headersOf((res) => {
      res.isData = true;
      res.writeHead(201, ['x-own', '1']);
    });
    expect(headers).toMatchObject({ 'x-frame-options': 'DENY', 'x-own': '1' });
    expect(headers).not.toHaveProperty('cross-origin-opener-policy');
  });

  it('repeats a header that its list repeats', async () => {
    const cookies = ['set-cookie', 'a=1', 'set-cookie', 'b=2'];
    expect(await headersOf((res) => res.writeHead(201, cookies))).toMatchObject({
      'set-cookie': ['a=1', 'b=2'],
    });
    expect(await headersOf((res) => res.setHeader('x', 'y').writeHead(201, cookies))).toMatchObject(
      { ...MARKED, 'set-cookie': ['a=1', 'b=2'] },
    );
  });

  it.each<[string, (res: MarkedResponse) => void]>([
    ['a flat list', (res) => void res.writeHead(201, 'Made', ['x-own', '1'])],
    ['an object', (res) => void res.writeHead(201, 'Made', { 'X-Own': '1' })],
    ['nothing else', (res) => void res.setHeader('x-own', '1').writeHead(201, 'Made')],
  ])('takes a reason phrase before its headers, which are %s', async (_how, write) => {
    expect(await headersOf(write)).toMatchObject({ ...MARKED, 'x-own': '1' });
  });

  it('says its marks also when the first attempt at a head fails', async () => {
    const broken = 'no\nheader';
    const attempts: ((res: MarkedResponse) => unknown)[] = [
      (res) => res.writeHead(200, ['x-own', broken]),
      (res) => Object.assign(res, { isData: true }).writeHead(200, ['x-own', broken]),
      (res) => res.writeHead(200, { 'x-own': broken }),
      (res) => res.setHeader('x', 'y').writeHead(200, ['x-own', broken]),
    ];
    for (const attempt of attempts) {
      const headers = await headersOf((res) => {
        expect(() => attempt(res)).toThrow('Invalid character');
        res.writeHead(201);
      });
      expect(headers).toMatchObject(MARKED);
    }
  });

  it('is data no more when its head could not be written: what comes instead may be a page', async () => {
    const headers = await headersOf((res) => {
      res.isData = true;
      expect(() => res.writeHead(200, ['x-own', 'no\nheader'])).toThrow('Invalid character');
      res.writeHead(201, ['x-own', '1']);
    });
    expect(headers).toMatchObject(MARKED);
  });
});
