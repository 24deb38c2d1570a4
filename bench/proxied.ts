/**
 * `npm run bench -- --proxied`: requests per second of a proxied call, per core and process, as a ratio to a bare
 * node:http and undici proxy without sessions (P2) in the same run. Needs wrk and two cores: the load and the
 * upstream have the first, the proxy under test has the second.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startOp, webClient } from '../demo/op/op.ts';
import { load, median } from './load.ts';
import { logIn } from './login.ts';
import { freePort, Product } from './product.ts';

const SECONDS = 4;
const WARM_UP_S = 2;
const SETTLE_MS = 300;

interface Contender {
  readonly name: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function serve(core: string, file: string, env: Readonly<Record<string, string>>): ChildProcess {
  return spawn(
    'taskset',
    ['-c', core, process.execPath, join(import.meta.dirname, 'servers', file)],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { PATH: process.env['PATH'] ?? '', NODE_ENV: 'production', ...env },
    },
  );
}

/** Median rates by contender; every round measures all of them, so that a busy moment meets all alike. */
async function measure(
  contenders: readonly Contender[],
  rounds: number,
): Promise<Map<string, number>> {
  for (const { url, headers = {} } of contenders) await load({ url, headers, seconds: WARM_UP_S });
  const rates = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const { name, url, headers = {} } of contenders) {
      const { rate, errors } = await load({ url, headers, seconds: SECONDS });
      if (errors > 0) throw new Error(`${name}: ${errors} errors`);
      rates.get(name)?.push(rate);
    }
    console.log(`round ${round} of ${rounds}`);
  }
  return new Map([...rates].map(([name, all]) => [name, median(all)]));
}

export async function benchProxied(rounds: number): Promise<void> {
  const [upstreamPort, barePort, appPort] = [await freePort(), await freePort(), await freePort()];
  const upstream = `http://127.0.0.1:${upstreamPort}`;
  const children = [
    serve('0', 'upstream.ts', { PORT: String(upstreamPort) }),
    serve('1', 'bare-proxy.ts', { PORT: String(barePort), UPSTREAM: upstream }),
  ];
  const clientSecret = randomBytes(32).toString('base64url');
  const publicUrl = `http://localhost:${appPort}`;
  const op = await startOp({
    accessTokenSeconds: 3600,
    clients: [webClient({ clientId: 'bench', clientSecret, publicUrl })],
  });
  const product = await Product.start(
    {
      PUBLIC_URL: publicUrl,
      PORT: String(appPort),
      OIDC_ISSUER: op.issuer,
      OIDC_CLIENT_SECRET: clientSecret,
      CONFIG_FILE: join(import.meta.dirname, 'proxied.yaml'),
      UPSTREAM: upstream,
      ...(process.env['REDIS_URL'] !== undefined && { REDIS_URL: process.env['REDIS_URL'] }),
    },
    '1',
  );
  try {
    await delay(SETTLE_MS);
    const cookie = await logIn(publicUrl, 'alice');
    const call = { 'x-csrf': '1' };
    const rates = await measure(
      [
        { name: 'P2 bare proxy', url: `http://127.0.0.1:${barePort}/orders` },
        { name: 'route without a session', url: `${product.url}/open/orders`, headers: call },
        {
          name: 'route with session and token',
          url: `${product.url}/api/orders`,
          headers: { ...call, cookie },
        },
      ],
      rounds,
    );
    const bare = rates.get('P2 bare proxy') ?? Number.NaN;
    console.table(
      Object.fromEntries(
        [...rates].map(([name, rate]) => [
          name,
          { 'requests/s': Math.round(rate), 'ratio to P2': (rate / bare).toFixed(2) },
        ]),
      ),
    );
  } finally {
    await product.stop();
    await op.close();
    for (const child of children) child.kill();
  }
}
