import { setTimeout as delay } from 'node:timers/promises';
import { memberOf } from './contenders.ts';
import { Product } from './product.ts';
import { median } from './report.ts';
import type { Stage } from './stage.ts';

const SETTLE_MS = 2_500;
const AT_ONCE = 8;

/** What an instance and a session cost beside requests. */
export interface Footprint {
  readonly startUpMs: number;
  readonly idleMib: number;
  /** After all rounds. */
  readonly loadedMib: number;
  readonly loginsPerSecond: number;
  /** All keys of a session and its share of the indexes, but for the sealed tokens. */
  readonly redisBytesBesideTokens: number;
}

export async function footprintOf(
  { redis, overRedis }: Stage,
  { starts, logins }: { readonly starts: number; readonly logins: number },
): Promise<Footprint> {
  const loadedMib = overRedis.memoryMib;
  const fresh = await startsOf(starts, { REDIS_URL: redis.url });
  const loginsPerSecond = await logInRepeatedly(overRedis, logins);
  // What a login leaves behind (l:) is gone in an hour.
  const all = await redis.bytesOf('vestibule:[sx]:*');
  const tokens = await redis.lengthOf('vestibule:s:{*}:t');
  const { keys: sessions } = await redis.bytesOf('vestibule:s:{*}:i');
  return {
    ...fresh,
    loadedMib,
    loginsPerSecond,
    redisBytesBesideTokens: all.bytes / sessions - tokens,
  };
}

async function startsOf(
  count: number,
  environment: Readonly<Record<string, string>>,
): Promise<Pick<Footprint, 'startUpMs' | 'idleMib'>> {
  const startUps: number[] = [];
  const memories: number[] = [];
  for (let round = 1; round <= count; round += 1) {
    const product = await Product.start({ environment });
    // Idle means: started, answered once, and left alone until the collector has run.
    await delay(SETTLE_MS);
    startUps.push(product.startUpMs);
    memories.push(product.memoryMib);
    await product.stop();
  }
  return { startUpMs: median(startUps), idleMib: median(memories) };
}

async function logInRepeatedly(product: Product, count: number): Promise<number> {
  const started = performance.now();
  let left = count;
  const one = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await memberOf(product);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
  return (1_000 * count) / (performance.now() - started);
}
