import { setTimeout } from 'node:timers/promises';
import { systemClock } from '../../src/domain/clock.js';
import { VestibuleError } from '../../src/errors/vestibule.error.js';
import { RedisStore } from '../../src/store/redis/redis.store.js';
import { RecordedEvents } from '../support/recorded-events.js';
import { redisConfig } from '../support/redis-config.js';
import { RedisSentinelHost, until } from '../support/redis-sentinel-host.js';
import { newSession, storeKey } from '../support/store-records.js';

const LONG = 60_000;
const CLIENTS = 20;
const LOST_ENDS = 300;

/** Clients that create, read and end sessions, one after the other, whatever happens. */
class Load {
  readonly ended: string[] = [];
  readonly wrong: string[] = [];
  longestMs = 0;
  failures = 0;
  private running = true;
  private readonly clients: Promise<void>[];

  constructor(private readonly store: RedisStore) {
    this.clients = Array.from({ length: CLIENTS }, () => this.client());
  }

  async stop(): Promise<void> {
    this.running = false;
    await Promise.all(this.clients);
  }

  private async client(): Promise<void> {
    while (this.running) {
      await this.oneSession().catch((error: unknown) => {
        if (!(error instanceof VestibuleError) || error.code !== 'store_unavailable') throw error;
        this.failures += 1;
      });
      await setTimeout(5);
    }
  }

  private async oneSession(): Promise<void> {
    const key = storeKey();
    if ((await this.timed(this.store.create(key, newSession()))) !== 'created') {
      this.wrong.push('a new key was there');
    }
    await this.timed(this.store.readIdentity(key));
    await this.timed(this.store.end(key, 'logout', LONG));
    this.ended.push(key);
    const read = await this.timed(this.store.readIdentity(key));
    if (read !== undefined) this.wrong.push('a session was read after its end');
  }

  private async timed<T>(command: Promise<T>): Promise<T> {
    const started = performance.now();
    try {
      return await command;
    } finally {
      this.longestMs = Math.max(this.longestMs, performance.now() - started);
    }
  }
}

describe('a primary that is killed under load', () => {
  let host: RedisSentinelHost;
  const stores: RedisStore[] = [];

  beforeAll(async () => {
    host = await RedisSentinelHost.start({ downAfterMs: 500 });
  });
  afterAll(async () => {
    for (const store of stores) await store.close();
    await host.stop();
  });

  async function connected() {
    const log = new RecordedEvents();
    const config = redisConfig(host.connection, { commandTimeoutMs: 500 });
    const store = new RedisStore(config, systemClock, log);
    stores.push(store);
    await log.next('store.connected');
    return { store, log };
  }

  it('is succeeded within seconds, and no session is there again that had ended (K-16, K-17, R-04, ATK-93)', async () => {
    const one = await connected();
    const other = await connected();
    const lived = Array.from({ length: 100 }, storeKey);
    const doomed = Array.from({ length: LOST_ENDS }, storeKey);
    await Promise.all([...lived, ...doomed].map((key) => one.store.create(key, newSession())));

    const load = new Load(one.store);
    await setTimeout(1_000);
    const primary = await host.primary();
    await host.cutReplication();
    expect(await one.store.endMany(doomed, 'backchannel', LONG)).toBe(LOST_ENDS);
    const lost = await host.stillKnown(doomed.map((key) => `v:s:{${key}}:i`));
    expect(lost).toBe(LOST_ENDS);
    const reconnected = [one.log.next('store.connected'), other.log.next('store.connected')];
    const killedAt = performance.now();
    await primary.kill();

    await Promise.all(reconnected);
    const recoveredMs = performance.now() - killedAt;
    const reread = async (store: RedisStore): Promise<number> => {
      const reads = await Promise.all(doomed.map((key) => store.readIdentity(key)));
      return reads.filter((read) => read !== undefined).length;
    };
    const seenByOne = await reread(one.store);
    await until(async () => (await reread(other.store)) === 0);
    const settledMs = performance.now() - killedAt;
    await setTimeout(1_000);
    await load.stop();

    console.log(
      `fail-over: ${Math.round(recoveredMs)} ms until commands were answered, ` +
        `${Math.round(settledMs - recoveredMs)} ms more until every end was told again; ` +
        `${lost} of ${LOST_ENDS} ends had been lost; ${load.ended.length} sessions ended by the load, ` +
        `${load.failures} attempts refused, the longest answer after ${Math.round(load.longestMs)} ms`,
    );
    expect(await host.primary()).not.toBe(primary);
    expect(seenByOne).toBe(0);
    expect(load.wrong).toEqual([]);
    expect(load.longestMs).toBeLessThan(1_000);
    expect(recoveredMs).toBeLessThan(10_000);
    for (const key of load.ended) expect(await other.store.readIdentity(key)).toBeUndefined();
    for (const key of lived) expect(await other.store.readIdentity(key)).toBeDefined();
  }, 60_000);

  it('is left behind by its successor also for those who still reach it (K-14, K-16)', async () => {
    const { store, log } = await connected();
    const former = await host.primary();
    // It does not learn that it is none any more: nothing but the Sentinels' word tells it from the real one.
    await former.command('ACL', 'SETUSER', 'default', '-replicaof', '-slaveof');
    const switched = log.next('store.connected');
    await host.sentinels[0]!.command('SENTINEL', 'FAILOVER', 'sessions');
    await switched;
    await until(async () => (await host.primary()) !== former);
    await until(() =>
      store.create(storeKey(), newSession()).then(
        () => true,
        () => false,
      ),
    );
    const successor = await host.primary();
    expect(await successor.calls('eval')).toBeGreaterThan(0);
    expect(await former.command('INFO', 'replication')).toContain('role:master');
  }, 60_000);
});
