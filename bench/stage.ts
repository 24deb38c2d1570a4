import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { startOp, webClient } from '../demo/op/op.ts';
import { memberOf, startUpstream } from './contenders.ts';
import { freePort, Product } from './product.ts';
import { BenchRedis } from './redis.ts';
import type { BenchServer } from './servers.ts';

/** The real parts of a run: Redis, a provider, an API, the built product with either store, a session in each. */
export interface Stage {
  readonly redis: BenchRedis;
  readonly upstream: BenchServer;
  readonly overRedis: Product;
  /** Over the same Redis, with a near cache. */
  readonly near: Product;
  readonly inMemory: Product;
  readonly redisCookie: string;
  readonly nearCookie: string;
  readonly memoryCookie: string;
  /** Of a session's identity in Redis. */
  readonly recordBytes: number;
  stop(): Promise<void>;
}

export async function openStage(): Promise<Stage> {
  const redis = await BenchRedis.start();
  const upstream = await startUpstream();
  const [redisPort, nearPort, memoryPort] = [await freePort(), await freePort(), await freePort()];
  const clientSecret = randomBytes(32).toString('base64url');
  const client = (port: number) =>
    webClient({ clientId: `bench-${port}`, clientSecret, publicUrl: `http://localhost:${port}` });
  const op = await startOp({
    accessTokenSeconds: 3600,
    clients: [redisPort, nearPort, memoryPort].map(client),
  });
  const start = (port: number, more: Readonly<Record<string, string>>): Promise<Product> =>
    Product.start({
      pinned: true,
      environment: {
        PUBLIC_URL: `http://localhost:${port}`,
        PORT: String(port),
        OIDC_ISSUER: op.issuer,
        OIDC_CLIENT_ID: `bench-${port}`,
        OIDC_CLIENT_SECRET: clientSecret,
        CONFIG_FILE: join(import.meta.dirname, 'vestibule.yaml'),
        UPSTREAM: upstream.url,
        ...more,
      },
    });
  const overRedis = await start(redisPort, { REDIS_URL: redis.url });
  const near = await start(nearPort, {
    REDIS_URL: redis.url,
    REDIS_PREFIX: 'near:',
    NEAR_CACHE: '5s',
  });
  const inMemory = await start(memoryPort, {});
  const redisCookie = await memberOf(overRedis);
  return {
    redis,
    upstream,
    overRedis,
    near,
    inMemory,
    redisCookie,
    nearCookie: await memberOf(near),
    memoryCookie: await memberOf(inMemory),
    recordBytes: await redis.lengthOf('vestibule:s:{*}:i'),
    async stop() {
      await Promise.all([overRedis, near, inMemory].map((product) => product.stop()));
      await op.close();
      upstream.stop();
      await redis.stop();
    },
  };
}
