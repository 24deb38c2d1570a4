import { request } from 'node:http';
import { RedisHost } from '../support/redis-host.js';
import { OpHost } from '../support/op-host.js';
import { ProductProcess } from '../support/product-process.js';

const STORM = 5_000;
const QUOTA = 300;
const BROWSERS = 500;
const AT_ONCE = 200;
const HOUR_MS = 3_600_000;
const NAVIGATION = {
  accept: 'text/html',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
};

interface Storm {
  readonly statuses: Readonly<Record<number, number>>;
  readonly locations: number;
}

/** Five thousand people without a cookie, so many at once: each its own connection. */
async function storm(port: number, atOnce = STORM): Promise<Storm> {
  const statuses: Record<number, number> = {};
  let locations = 0;
  let left = STORM;
  const ask = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const asking = request(
        { host: '127.0.0.1', port, path: '/login', headers: NAVIGATION, agent: false },
        (answer) => {
          const { statusCode: status = 0, headers } = answer;
          statuses[status] = (statuses[status] ?? 0) + 1;
          if (headers.location !== undefined) locations += 1;
          answer.resume().once('close', () => resolve());
        },
      );
      asking.once('error', reject);
      asking.end();
    });
  const people = Array.from({ length: atOnce }, async () => {
    while (left > 0) {
      left -= 1;
      await ask();
    }
  });
  await Promise.all(people);
  return { statuses, locations };
}

/** A storm of logins against the built product with Redis, with somebody logged in (ATK-100, J-25). */
describe('a storm of logins', () => {
  let redis: RedisHost;
  let op: OpHost;
  beforeAll(async () => {
    redis = await RedisHost.start();
    op = await OpHost.start();
  });
  afterEach(() => redis.flush());
  afterAll(async () => {
    await op.close();
    await redis.stop();
  });

  const start = (env: Readonly<Record<string, string>>): Promise<ProductProcess> =>
    // The storm holds up this machine, too: what is counted here is not how fast it is.
    ProductProcess.start({
      op,
      env: { REDIS_URL: redis.url, REDIS_COMMAND_TIMEOUT: '30s', ...env },
    });
  const isIn = async (product: ProductProcess, cookie: string): Promise<boolean> =>
    (await fetch(product.url('/session'), { headers: { cookie } })).status === 200;
  const figure = async (section: string, name: string): Promise<number> => {
    const info = await redis.command('INFO', section);
    return Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1]);
  };
  const evaluate = async (script: string): Promise<number> =>
    Number((await redis.command('EVAL', script, '0')).slice(1));
  const keysLike = (pattern: string): Promise<number> =>
    evaluate(`return #redis.call('KEYS', '${pattern}')`);

  it('from one network is let through up to its quota, and Redis holds that much for an hour (ATK-100, J-25)', async () => {
    const product = await start({ LIMIT_LOGIN: `${QUOTA}/10m` });
    const cookie = await product.login();
    const [before, memory] = [await figure('memory', 'used_memory'), product.memoryMib];
    const { statuses, locations } = await storm(product.ports.public);
    expect(statuses).toEqual({ 302: QUOTA - 1, 429: STORM - QUOTA + 1 });
    expect(locations).toBe(QUOTA - 1);
    expect(await keysLike('*:l:*')).toBe(QUOTA);
    const longest = await evaluate(
      `local most = 0
       for _, key in ipairs(redis.call('KEYS', '*:l:*')) do most = math.max(most, redis.call('PTTL', key)) end
       return most`,
    );
    expect(longest).toBeLessThanOrEqual(HOUR_MS);
    const bytes = ((await figure('memory', 'used_memory')) - before) / QUOTA;
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThan(4_096);
    expect(product.memoryMib - memory).toBeLessThan(200);
    expect(await isIn(product, cookie)).toBe(true);
    await product.stop();
  }, 60_000);

  it('from everywhere pushes out its own oldest logins, and no session (ATK-100)', async () => {
    const product = await start({ LIMIT_LOGIN: 'off', LOGIN_BROWSERS: String(BROWSERS) });
    const cookie = await product.login();
    const { statuses } = await storm(product.ports.public, AT_ONCE);
    expect(statuses).toEqual({ 302: STORM });
    expect(await keysLike('*:l:*')).toBe(BROWSERS);
    expect(await evaluate(`return redis.call('ZCARD', 'vestibule:browsers')`)).toBe(BROWSERS);
    expect(await isIn(product, cookie)).toBe(true);
    // Who comes now is the newest, and gets through.
    expect(await isIn(product, await product.login())).toBe(true);
    await product.stop();
  }, 60_000);
});
