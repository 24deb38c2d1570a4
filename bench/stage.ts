import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { startOp, webClient } from '../demo/op/op.ts';
import { memberOf, startUpstream } from './contenders.ts';
import { freePort, Product } from './product.ts';
import { BenchRedis } from './redis.ts';
import type { BenchServer } from './servers.ts';

/** The real parts of a run: Redis, a provider, an API, and the products that are started over them. */
class Ground {
  readonly redis: BenchRedis;
  readonly upstream: BenchServer;
  private readonly op: Awaited<ReturnType<typeof startOp>>;
  private readonly products: Product[] = [];

  private constructor(redis: BenchRedis, upstream: BenchServer, op: Ground['op']) {
    this.redis = redis;
    this.upstream = upstream;
    this.op = op;
  }

  static async open(): Promise<Ground> {
    const redis = await BenchRedis.start();
    const upstream = await startUpstream();
    return new Ground(redis, upstream, await startOp({ accessTokenSeconds: 3600, clients: [] }));
  }

  async start(more: Readonly<Record<string, string>>, pinned = true): Promise<Product> {
    const port = await freePort();
    const publicUrl = `http://localhost:${port}`;
    const clientId = `bench-${port}`;
    const clientSecret = randomBytes(32).toString('base64url');
    this.op.addClient(webClient({ clientId, clientSecret, publicUrl }));
    const product = await Product.start({
      pinned,
      environment: {
        PUBLIC_URL: publicUrl,
        PORT: String(port),
        OIDC_ISSUER: this.op.issuer,
        OIDC_CLIENT_ID: clientId,
        OIDC_CLIENT_SECRET: clientSecret,
        CONFIG_FILE: join(import.meta.dirname, 'vestibule.yaml'),
        UPSTREAM: this.upstream.url,
        ...more,
      },
    });
    this.products.push(product);
    return product;
  }

  async close(): Promise<void> {
    await Promise.all(this.products.map((product) => product.stop()));
    await this.op.close();
    this.upstream.stop();
    await this.redis.stop();
  }
}

/** What is measured against the bare servers: the built product with either store, a session in each. */
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
  /** Of its tokens. */
  readonly tokenBytes: number;
  stop(): Promise<void>;
}

export async function openStage(): Promise<Stage> {
  const ground = await Ground.open();
  const { redis, upstream } = ground;
  const overRedis = await ground.start({ REDIS_URL: redis.url });
  const near = await ground.start({
    REDIS_URL: redis.url,
    REDIS_PREFIX: 'near:',
    NEAR_CACHE: '5s',
  });
  const inMemory = await ground.start({});
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
    tokenBytes: await redis.lengthOf('vestibule:s:{*}:t'),
    stop: () => ground.close(),
  };
}

/** Products of so many processes each, free to use every core. */
export async function openWorkersStage(
  counts: readonly number[],
): Promise<{ readonly products: readonly Product[]; stop(): Promise<void> }> {
  const ground = await Ground.open();
  const products: Product[] = [];
  for (const count of counts)
    products.push(
      await ground.start({ REDIS_URL: ground.redis.url, WORKERS: String(count) }, false),
    );
  return { products, stop: () => ground.close() };
}
