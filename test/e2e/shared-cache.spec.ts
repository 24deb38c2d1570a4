import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROUTE_TABLE } from '../../src/http/route-table.js';
import { CachingProxy } from '../support/caching-proxy.js';
import type { Hop } from '../support/http-exchange.js';
import { freePort } from '../support/redis-host.js';
import { Stage } from '../support/stage.js';

const SCRIPT = '/assets/app.0a1b2c3d.js';
const PUBLIC = { 'cache-control': 'public, max-age=3600', etag: '"1"', expires: '0' };
const PATHS_OF_US = ROUTE_TABLE.filter(
  ({ listener, method, path }) =>
    listener === 'public' && method === 'GET' && path !== '/session/events',
).map(({ path }) => path.replace(/:\w+/g, 'generic'));

/** Whoever stands in front may keep an answer for everybody, unless the answer forbids it. */
describe('a cache in front', () => {
  let directory: string;
  let stage: Stage;
  let cache: CachingProxy;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'vestibule-application-'));
    mkdirSync(join(directory, 'assets'));
    writeFileSync(join(directory, 'index.html'), '<!doctype html><title>Application</title>');
    writeFileSync(join(directory, SCRIPT), 'export {};');
    const [front, port] = [await freePort(), await freePort()];
    stage = await Stage.open({
      env: { PUBLIC_URL: `http://localhost:${front}`, PORT: String(port), SPA_DIR: directory },
    });
    cache = await CachingProxy.start(front, port);
  });
  afterAll(async () => {
    await cache.stop();
    await stage.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const ask = async (path: string, headers: Readonly<Record<string, string>> = {}): Promise<Hop> =>
    stage.send(stage.url(path), { headers: { 'x-csrf': '1', ...headers } });
  const toldBy = (answer: Hop): unknown => answer.headers['x-cache'];

  it('keeps what is the same for everybody: it is a cache', async () => {
    expect(toldBy(await ask(SCRIPT))).toBe('MISS');
    expect(toldBy(await ask(SCRIPT))).toBe('HIT');
  });

  it.each([...PATHS_OF_US, '/nowhere', '/login?return_to=/x', '/callback?code=a&state=b'])(
    'keeps nothing of ours, neither for another person nor for nobody: %s (ATK-49)',
    async (path) => {
      const alice = { cookie: await stage.cookieOf(await stage.member()) };
      const bob = { cookie: await stage.cookieOf(await stage.member({ as: 'bob' })) };
      for (const accept of ['application/json', 'text/html'])
        for (const more of [alice, alice, bob, {}, alice]) {
          const navigation = accept === 'text/html' ? { 'sec-fetch-mode': 'navigate' } : {};
          const answer = await ask(path, { accept, ...navigation, ...more });
          expect(toldBy(answer)).not.toBe('HIT');
          if (more !== alice) expect(answer.body).not.toContain('alice');
        }
    },
  );

  it.each([
    ['says that everybody may keep it', PUBLIC],
    ['says so to the cache alone', { 'x-accel-expires': '3600', ...PUBLIC }],
    ['says so to caches of a network', { 'surrogate-control': 'max-age=3600', ...PUBLIC }],
    ['says when it expires', { expires: new Date(Date.now() + 3_600_000).toUTCString() }],
    ['says nothing', {}],
  ])('keeps no answer of an API that %s (ATK-49)', async (what, headers) => {
    stage.api.respond(({ headers: { authorization } }, res) => {
      const [, claims = ''] = String(authorization).split('.');
      res.writeHead(200, headers).end(Buffer.from(claims, 'base64url').toString());
    });
    const path = `/api/mine?${new URLSearchParams({ what }).toString()}`;
    const alice = { cookie: await stage.cookieOf(await stage.member()) };
    const bob = { cookie: await stage.cookieOf(await stage.member({ as: 'bob' })) };
    for (const [who, more] of [
      ['alice', alice],
      ['alice', alice],
      ['bob', bob],
    ] as const) {
      const answer = await ask(path, more);
      expect([answer.status, toldBy(answer)]).toEqual([200, expect.not.stringMatching('HIT')]);
      expect(answer.body).toContain(`"sub":"${who}"`);
    }
    const stranger = await ask(path);
    expect([stranger.status, stranger.body.includes('"sub"')]).toEqual([401, false]);
  });
});
