import { systemClock } from '../../src/domain/clock.js';
import { RedisStore } from '../../src/store/redis/redis.store.js';
import { RecordedEvents } from '../support/recorded-events.js';
import { RedisClusterHost } from '../support/redis-cluster-host.js';
import { redisConfig } from '../support/redis-config.js';
import { until } from '../support/redis-sentinel-host.js';
import { eight, headOf, newSession, storeKey, tokensRecord } from '../support/store-records.js';

const LONG = 60_000;

describe('a Cluster that changes', () => {
  let host: RedisClusterHost;
  const stores: RedisStore[] = [];

  beforeAll(async () => {
    host = await RedisClusterHost.start({ replicas: true });
  }, 60_000);
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close();
  });
  afterAll(async () => {
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

  it('keeps the records of a session together, and sessions on all nodes (K-23)', async () => {
    const { store } = await connected();
    const owners = new Set<number>();
    for (let at = 0; at < 30; at += 1) {
      const key = storeKey();
      await store.create(key, newSession());
      const slots = await Promise.all(
        ['i', 't', 'd', 'x', 'l'].map((part) => host.slotOf(`v:s:{${key}}:${part}`)),
      );
      expect(new Set(slots).size).toBe(1);
      owners.add((await host.ownerOf(`v:s:{${key}}:i`)).port);
    }
    expect(owners.size).toBe(3);
  });

  it('loses and refuses nothing while the slot of a session moves (K-24, ATK-93)', async () => {
    const { store } = await connected();
    const key = storeKey();
    const session = newSession();
    await store.create(key, session);
    const part = (name: string): string => `v:s:{${key}}:${name}`;
    const slot = String(await host.slotOf(part('i')));
    const from = await host.ownerOf(part('i'));
    const to = host.nodes.slice(0, 3).find((node) => node !== from)!;
    const [fromId, toId] = [await host.idOf(from), await host.idOf(to)];

    const moved = new AbortController();
    let counter = 1;
    let deadline = headOf(session.identity).idleDeadline;
    const use = async (): Promise<void> => {
      while (!moved.signal.aborted) {
        expect((await store.readBoth(key)).tokens).toBeDefined();
        const written = store.writeTokens(key, eight(counter), tokensRecord(counter + 1), eight(9));
        expect(await written).toBe('written');
        counter += 1;
        deadline += 1;
        expect(await store.extendIdle(key, eight(deadline), LONG)).toBe(true);
      }
    };
    const using = use();

    await to.command('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId);
    await from.command('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId);
    for (const name of ['t', 'i', 'd']) {
      const target = ['127.0.0.1', String(to.port)];
      const reply = await from.command('MIGRATE', ...target, part(name), '0', '1000');
      expect(reply).toBe('+OK\r\n');
    }
    for (const node of [to, from]) await node.command('CLUSTER', 'SETSLOT', slot, 'NODE', toId);
    const before = counter;
    await until(async () => counter > before + 5);
    moved.abort();
    await using;
    expect(await host.ownerOf(part('i'))).toBe(to);
    expect(headOf((await store.readIdentity(key))!).idleDeadline).toBe(deadline);
    expect(await store.end(key, 'logout', LONG)).toBe(true);
    expect(await store.readBoth(key)).toEqual({ identity: undefined, tokens: undefined });
  }, 60_000);

  it('hears signals on whichever node they are sent, and again after its node is gone', async () => {
    const { store } = await connected();
    let gaps = 0;
    const heard = new Set<string>();
    store.listen({ onSignal: ({ key }) => heard.add(key), onGap: () => (gaps += 1) });
    await until(async () => gaps === 1);
    const ends = async (): Promise<void> => {
      const keys = Array.from({ length: 20 }, storeKey);
      await Promise.all(keys.map((key) => store.create(key, newSession())));
      await store.endMany(keys, 'logout', LONG);
      await until(async () => keys.every((key) => heard.has(key)));
    };
    await ends();
    for (const node of host.nodes) await node.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await until(async () => gaps === 2);
    await ends();
  }, 60_000);

  it('recovers within seconds when a primary is killed, and ends stay ends (K-17, K-24, ATK-93)', async () => {
    const { store } = await connected();
    const { store: other } = await connected();
    const killed = host.nodes[1]!;
    const keys: string[] = [];
    while (keys.length < 50) {
      const key = storeKey();
      await store.create(key, newSession());
      if ((await host.ownerOf(`v:s:{${key}}:i`)) === killed) keys.push(key);
    }
    const [ended, lives] = [keys.slice(0, 40), keys.slice(40)];
    await until(async () => (await killed.command('WAIT', '1', '100')) === ':1\r\n');
    await host.cutReplication(killed);
    expect(await store.endMany(ended, 'revoked', LONG)).toBe(40);
    const killedAt = performance.now();
    await killed.kill();
    let longest = 0;
    await until(async () => {
      const asked = performance.now();
      const answered = await Promise.all(
        keys.map((key) =>
          store.readIdentity(key).then(
            () => true,
            () => false,
          ),
        ),
      );
      longest = Math.max(longest, performance.now() - asked);
      return answered.every(Boolean);
    });
    const recoveredMs = performance.now() - killedAt;
    await until(async () => {
      // The other one finds the new primary in its own time.
      const reads = await Promise.all(
        ended.map((key) => other.readIdentity(key).catch(() => 'no answer')),
      );
      return reads.every((read) => read === undefined);
    });
    const settledMs = performance.now() - killedAt - recoveredMs;
    console.log(
      `Cluster fail-over: ${Math.round(recoveredMs)} ms until every key was answered for, ` +
        `${Math.round(settledMs)} ms more until every end was told again; the longest answer after ${Math.round(longest)} ms`,
    );
    for (const key of ended) expect(await store.readIdentity(key)).toBeUndefined();
    for (const key of lives) expect(await store.readIdentity(key)).toBeDefined();
    expect(longest).toBeLessThan(1_000);
    expect(recoveredMs).toBeLessThan(15_000);
  }, 60_000);
});
