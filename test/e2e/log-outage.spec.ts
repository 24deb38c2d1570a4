import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { exchange } from '../support/http-exchange.js';
import { OpHost } from '../support/op-host.js';
import { ProductProcess } from '../support/product-process.js';

/** More lines than a pipe holds that nobody reads (64 KiB on Linux). */
const REQUESTS = 600;

describe('a log that nobody takes', () => {
  let op: OpHost;
  let directory: string;
  beforeAll(async () => {
    op = await OpHost.start();
    directory = mkdtempSync(join(tmpdir(), 'vestibule-log-'));
  });
  afterAll(async () => {
    await op.close();
    rmSync(directory, { recursive: true, force: true });
  });

  async function visit(product: ProductProcess): Promise<void> {
    const cookie = await product.login();
    const answers = [];
    for (let count = 0; count < REQUESTS; count += 1)
      answers.push(await exchange(product.url('/session'), { headers: { cookie } }));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const logout = await exchange(product.url('/logout'), {
      method: 'POST',
      headers: { cookie, 'x-csrf': '1' },
    });
    expect(logout.status).toBe(200);
  }

  it('because the disk is full keeps nobody from logging in, working and logging out (R-47)', async () => {
    const full = openSync('/dev/full', 'w');
    const product = await ProductProcess.start({ op, env: { LOG_LEVEL: 'debug' }, output: full });
    closeSync(full);
    await visit(product);
    expect(await product.stop()).toBe(0);
  });

  it('because its reader stands still does not either, and is read when the reader goes on (R-47)', async () => {
    const path = join(directory, 'pipe');
    execFileSync('mkfifo', [path]);
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const output = openSync(path, 'w');
    const product = await ProductProcess.start({ op, env: { LOG_LEVEL: 'debug' }, output });
    closeSync(output);
    await visit(product);
    const events: unknown[] = [];
    const input = new Socket({ fd: reader, readable: true, writable: false });
    const lines = createInterface({ input });
    const ended = new Promise<void>((resolve) => {
      lines.on('line', (line) => {
        events.push((JSON.parse(line) as { event: unknown }).event);
        if (events.at(-1) === 'session.ended') resolve();
      });
    });
    await ended;
    expect(events.filter((event) => event === 'login.succeeded')).toHaveLength(1);
    expect(events.filter((event) => event === 'request.completed').length).toBeGreaterThan(
      REQUESTS,
    );
    expect(await product.stop()).toBe(0);
    lines.close();
    input.destroy();
  });
});
