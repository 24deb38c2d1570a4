import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { exchange } from '../../test/support/http-exchange.js';
import { JsonServer } from '../../test/support/json-server.js';
import { toVestibuleError } from '../errors/vestibule.error.js';
import type { MarkedResponse } from '../http/marked-response.js';
import { SpaService } from './spa.service.js';

const PAGE = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
const IMMUTABLE = 'public, max-age=31536000, immutable';
const FILES = [
  'index.html',
  'other.html',
  'assets/index-BpR3xk_9.js',
  'assets/main.4f5a6b7c.css',
  'assets/chunk-ABCD2345.js',
  'service-worker.js',
  'runtime-settings.json',
  'apple-touch-icon-precomposed.png',
  'report-20261121.txt',
  'logo-version2.svg',
  '.env',
];

let dir: string;
let server: JsonServer;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'spa-'));
  for (const file of FILES) {
    mkdirSync(dirname(join(dir, file)), { recursive: true });
    writeFileSync(join(dir, file), file);
  }
  server = await JsonServer.start();
  // Open pages of a folder need nothing of the others.
  const unused = undefined as never;
  const spa = new SpaService(
    { kind: 'folder', dir, login: 'open' },
    unused,
    unused,
    unused,
    unused,
  );
  server.answerWith((req: IncomingMessage, res: MarkedResponse) => {
    const { url: path = '', method = '' } = req;
    spa
      .handle({ req, res, id: 'r', method, path, search: '' })
      .catch((error: unknown) => res.writeHead(toVestibuleError(error).status).end());
  });
});
afterAll(async () => {
  await server.stop();
  rmSync(dir, { recursive: true });
});

async function get(path: string, headers: Record<string, string> = {}, method = 'GET') {
  const {
    status,
    body,
    headers: got,
  } = await exchange(`${server.origin}${path}`, {
    method,
    headers,
  });
  return { status, body, header: (name: string): unknown => got[name] };
}

describe('the files of the application', () => {
  it.each([
    ['/assets/index-BpR3xk_9.js', IMMUTABLE],
    ['/assets/main.4f5a6b7c.css', IMMUTABLE],
    ['/assets/chunk-ABCD2345.js', IMMUTABLE],
    ['/service-worker.js', 'public, max-age=0, must-revalidate'],
    ['/runtime-settings.json', 'public, max-age=0, must-revalidate'],
    ['/apple-touch-icon-precomposed.png', 'public, max-age=0, must-revalidate'],
    ['/report-20261121.txt', 'public, max-age=0, must-revalidate'],
    ['/logo-version2.svg', 'public, max-age=0, must-revalidate'],
    ['/other.html', 'no-cache'],
  ])('are served as they are, and kept as long as they may be: %s', async (path, cacheControl) => {
    const { status, body, header } = await get(path);
    expect([status, body]).toEqual([200, path.slice(1)]);
    expect(header('cache-control')).toBe(cacheControl);
    expect(header('content-security-policy')).toContain("frame-ancestors 'self'");
  });

  it.each([['/'], ['/orders/7'], ['/orders/7.5'], ['/assets']])(
    'are the index for a navigation to %s',
    async (path) => {
      const { status, body, header } = await get(path, PAGE);
      expect([status, body, header('cache-control')]).toEqual([200, 'index.html', 'no-cache']);
    },
  );

  it.each([['/orders/7'], ['/missing.js'], ['/.env'], ['/assets']])(
    'have nothing for a fetch of %s',
    async (path) => {
      expect((await get(path)).status).toBe(404);
    },
  );

  it('never show a hidden file, not even to a navigation', async () => {
    expect((await get('/.env', PAGE)).body).toBe('index.html');
  });

  it('are only to be read', async () => {
    const { status, header } = await get('/', {}, 'POST');
    expect([status, header('allow')]).toEqual([405, 'GET, HEAD']);
    expect((await get('/other.html', {}, 'HEAD')).status).toBe(200);
  });
});
