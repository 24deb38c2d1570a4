import { setImmediate } from 'node:timers/promises';
import { systemClock } from '../../src/domain/clock.js';
import { RedisStore } from '../../src/store/redis/redis.store.js';
import { RecordedEvents } from '../support/recorded-events.js';
import { redisConfig } from '../support/redis-config.js';
import { RedisHost } from '../support/redis-host.js';
import {
  eight,
  headOf,
  identityRecord,
  newSession,
  storeKey,
  UNLIMITED,
} from '../support/store-records.js';

const LONG = 60_000;
const LIFE_MS = 30_000;

let redis: RedisHost;
let stores: RedisStore[];
beforeEach(async () => {
  redis = await RedisHost.start();
  stores = [];
});
afterEach(async () => {
  await Promise.all(stores.map((store) => store.close()));
  await redis.stop();
});

/** `off`: without a near cache. */
async function open(
  url = redis.url,
  nearCacheMs: number | 'off' = LIFE_MS,
  log = new RecordedEvents(),
) {
  const more = { commandTimeoutMs: 500, ...(nearCacheMs !== 'off' && { nearCacheMs }) };
  const store = new RedisStore(redisConfig(url, more), systemClock, log);
  stores.push(store);
  await log.next('store.connected');
  return store;
}

async function session(store: RedisStore): Promise<string> {
  const key = storeKey();
  await store.create(key, newSession({ identity: identityRecord({ idleDeadline: later() }) }));
  return key;
}

const later = (): number => Date.now() + LONG;

/** Commands that one more read costs, after a first one. */
async function costOfAnother(store: RedisStore, key: string): Promise<number> {
  await store.readIdentity(key);
  const before = await redis.calls('get');
  await store.readIdentity(key);
  return (await redis.calls('get')) - before;
}

async function untilKnown(store: RedisStore, key: string): Promise<void> {
  while ((await costOfAnother(store, key)) > 0);
}

/** With a turn of the event loop in between: what is known is answered without one, and no message could arrive. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await setImmediate();
}

describe('a near cache over Redis', () => {
  it('answers for a session that was read without a command, once it hears of ends', async () => {
    const store = await open();
    const key = await session(store);
    await untilKnown(store, key);
    expect(await costOfAnother(store, key)).toBe(0);
  });

  it('is off unless it was asked for', async () => {
    const store = await open(redis.url, 'off');
    const key = await session(store);
    for (let time = 0; time < 20; time += 1) expect(await costOfAnother(store, key)).toBe(1);
  });

  it('hears of an end elsewhere, whether or not that process has a near cache (ATK-60)', async () => {
    const store = await open();
    for (const elsewhere of [await open(), await open(redis.url, 'off')]) {
      const key = await session(store);
      await untilKnown(store, key);
      await elsewhere.end(key, 'logout', LONG);
      await until(async () => (await store.readIdentity(key)) === undefined);
    }
  });

  it('forgets what this process ends before the end is acknowledged (ATK-38)', async () => {
    const store = await open();
    const [one, other] = [await session(store), await session(store)];
    await untilKnown(store, one);
    await untilKnown(store, other);
    await store.end(one, 'logout', LONG);
    expect(await store.readIdentity(one)).toBeUndefined();
    await store.endMany([other], 'revoked', LONG);
    expect(await store.readIdentity(other)).toBeUndefined();
  });

  it('hears of every write elsewhere', async () => {
    const store = await open();
    const elsewhere = await open(redis.url, 'off');
    const key = await session(store);
    const heads = async () => headOf((await store.readIdentity(key))!);
    const deadline = later() + LONG;

    await untilKnown(store, key);
    await elsewhere.extendIdle(key, eight(deadline), 2 * LONG);
    await until(async () => (await heads()).idleDeadline === deadline);

    await untilKnown(store, key);
    await elsewhere.writeTokens(key, eight(1), Buffer.concat([Buffer.of(1), eight(2)]), eight(77));
    await until(async () => (await heads()).accessExpiry === 77);

    await untilKnown(store, key);
    const identity = identityRecord({ counter: 2 });
    await elsewhere.writeIdentity(key, eight(1), identity, UNLIMITED);
    await until(async () => (await heads()).counter === 2);
  });

  it('asks for every read while it cannot listen, and starts anew when it can', async () => {
    await redis.command('ACL', 'SETUSER', 'app', 'on', '>pw', '~*', '&*', '+@all');
    const store = await open(redis.url.replace('redis://', 'redis://app:pw@'));
    const elsewhere = await open(redis.url, 'off');
    const [lost, kept] = [await session(store), await session(store)];
    await untilKnown(store, lost);
    await untilKnown(store, kept);

    // Redis hangs up on who may not listen any more.
    await redis.command('ACL', 'SETUSER', 'app', 'resetchannels');
    await elsewhere.end(lost, 'logout', LONG);
    await until(async () => (await costOfAnother(store, kept)) === 1);
    expect(await store.readIdentity(lost)).toBeUndefined();
    expect(await costOfAnother(store, kept)).toBe(1);

    await redis.command('ACL', 'SETUSER', 'app', 'allchannels');
    await untilKnown(store, kept);
  });

  it('lets nobody in by what was true before Redis went away', async () => {
    const store = await open();
    const key = await session(store);
    await untilKnown(store, key);
    await redis.kill();
    await until(() =>
      store.readIdentity(key).then(
        () => false,
        () => true,
      ),
    );
    await expect(store.readIdentity(key)).rejects.toMatchObject({ code: 'store_unavailable' });
  });

  it('does not answer without the connection for commands, though it still hears of ends', async () => {
    const log = new RecordedEvents();
    const store = await open(redis.url, LIFE_MS, log);
    const key = await session(store);
    await untilKnown(store, key);
    const lost = log.next('store.disconnected');
    await redis.command('CLIENT', 'KILL', 'TYPE', 'normal');
    await lost;
    await expect(store.readIdentity(key)).rejects.toMatchObject({ detail: 'not_connected' });
  });

  it('does not remember an answer that comes after the message which makes it old', async () => {
    const store = await open();
    const elsewhere = await open(redis.url, 'off');
    for (let round = 0; round < 200; round += 1) {
      const key = await session(elsewhere);
      const reads = [store.readIdentity(key), store.readIdentity(key)];
      await elsewhere.end(key, 'logout', LONG);
      await Promise.all(reads);
      // Whatever was read above, the message is there soon, and from then on the session is gone.
      await until(async () => (await store.readIdentity(key)) === undefined);
    }
  });
});
