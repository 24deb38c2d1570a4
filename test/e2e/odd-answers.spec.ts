import { once } from 'node:events';
import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { cookiesSet } from '../support/http-exchange.js';
import { Stage } from '../support/stage.js';
import type { UserAgent } from '../support/user-agent.js';

const SOON_MS = 5_000;

async function until(condition: () => boolean): Promise<void> {
  const late = performance.now() + SOON_MS;
  while (!condition() && performance.now() < late) await delay(20);
}

describe('an API that answers oddly', () => {
  let stage: Stage;
  let person: UserAgent;
  let api: Server;
  /** Header lines of the next answers; the body follows later, in chunks. */
  let lines: readonly string[] = [];
  beforeAll(async () => {
    api = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', () => {
        const head = ['HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', ...lines].join('\r\n');
        socket.write(`${head}\r\n\r\n`);
        setTimeout(() => socket.write('2\r\nok\r\n0\r\n\r\n'), 20);
      });
    }).listen(0, '127.0.0.1');
    await once(api, 'listening');
    const { port } = api.address() as AddressInfo;
    stage = await Stage.open({ env: { API_UPSTREAM: `http://127.0.0.1:${port}` } });
    person = await stage.member();
  });
  afterAll(async () => {
    api.close();
    await stage.close();
  });

  it('by two types, has the first one, and harms nobody else (ATK-83, ATK-86)', async () => {
    lines = ['Content-Type: text/plain', 'Content-Type: text/html'];
    const answer = await stage.call(person);
    expect([answer.status, answer.body]).toEqual([200, 'ok']);
    expect(answer.headers['content-type']).toBe('text/plain');
    expect((await stage.session(person)).status).toBe(200);
  });

  it('by one cookie, has that cookie', async () => {
    lines = ['Set-Cookie: theirs=1; Path=/api'];
    expect(cookiesSet(await stage.call(person))).toEqual(['theirs=1; Path=/api']);
  });

  it('by cookies without a name, has none of them: a browser would send them as ours', async () => {
    lines = [`Set-Cookie: =${stage.bff.cookieName}=evil`, 'Set-Cookie: evil', 'Set-Cookie: a=b'];
    expect(cookiesSet(await stage.call(person))).toEqual(['a=b']);
  });

  it('by two lists of what concerns one connection, is answered without it (ATK-06)', async () => {
    lines = ['Connection: x-one', 'Connection: x-two', 'X-One: 1', 'X-Two: 2', 'X-Three: 3'];
    const { status, headers } = await stage.call(person);
    expect([status, headers['x-one'], headers['x-two'], headers['x-three']]).toEqual([
      200,
      undefined,
      undefined,
      '3',
    ]);
  });
});

describe('requests that are sent before the answers to those before them', () => {
  const MANY = 60;
  let stage: Stage;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'vestibule-spa-'));
    writeFileSync(join(folder, 'index.html'), '<!doctype html><title>app</title>');
    writeFileSync(join(folder, 'big.js'), 'x'.repeat(2_000_000));
    stage = await Stage.open({ env: { SPA_DIR: folder } });
  });
  afterAll(async () => {
    await stage.close();
    rmSync(folder, { recursive: true });
  });

  const openFiles = (): number =>
    readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).endsWith('big.js');
      } catch {
        return false;
      }
    }).length;
  const request = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

  it('are answered in their order', async () => {
    const socket = connect(stage.bff.port, 'localhost');
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    socket.write(`${request('/session')}${request('/big.js')}${request('/session')}`);
    await until(() => text.split('HTTP/1.1 ').length === 4 && text.endsWith('}'));
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 401', 'HTTP/1.1 200', 'HTTP/1.1 401']);
    socket.destroy();
  });

  it('leave nothing open when their connection is lost (ATK-84)', async () => {
    const socket = connect(stage.bff.port, 'localhost');
    socket.on('error', () => undefined);
    socket.write(request('/big.js').repeat(MANY));
    await once(socket, 'readable');
    socket.destroy();
    await until(() => openFiles() === 0);
    expect(openFiles()).toBe(0);
    const metrics = await stage.send(`${stage.bff.internalOrigin}/metrics`);
    expect(metrics.body).toMatch(/^vestibule_http_requests_in_flight\{listener="public"\} 0$/m);
  });
});
