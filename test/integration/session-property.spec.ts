import * as fc from 'fast-check';
import { RedisStore } from '../../src/store/redis/redis.store.js';
import { FixedClock } from '../support/fixed-clock.js';
import { HeardFirst } from '../support/heard-first.js';
import { Interleaver } from '../support/interleaver.js';
import {
  deafCopies,
  indexAfterSession,
  indexFirst,
  pruningOnSuspicion,
  tombstoneBeforeDelete,
  unconditionalWrites,
  type Plant,
} from '../support/planted-stores.js';
import { runInMemory } from '../support/property-in-memory.js';
import { RecordedEvents } from '../support/recorded-events.js';
import { redisConfig } from '../support/redis-config.js';
import { RedisHost } from '../support/redis-host.js';
import { newSession, storeKey } from '../support/store-records.js';
import { scenario, SessionModel, type ModelOptions, type Rule } from '../support/session-model.js';

/** Thousands more in test/full. */
const RUNS = 300;
const REDIS_RUNS = 25;
/** Far more than any of the planted bugs needs. */
const MOST_RUNS = 3_000;
/** Seconds on a machine with nothing else to do. */
const MOST_MS = 120_000;
/** The search for a planted bug takes the same way each time; that for a real one does not. */
const SEED = 11;

describe('sessions on three replicas', () => {
  it(
    'keep their promises in any order of events',
    async () => {
      await fc.assert(
        fc.asyncProperty(scenario, (wanted) => runInMemory(wanted)),
        { numRuns: RUNS },
      );
    },
    MOST_MS,
  );

  it(
    'keep them over a real Redis, each replica with a connection of its own',
    async () => {
      const redis = await RedisHost.start();
      const open = async (): Promise<RedisStore> => {
        const log = new RecordedEvents();
        const store = new RedisStore(redisConfig(redis.url), new FixedClock(), log);
        await log.next('store.connected');
        return store;
      };
      const [raw, ...stores] = await Promise.all([open(), open(), open(), open()]);
      try {
        await fc.assert(
          fc.asyncProperty(scenario, async (wanted) => {
            const clock = new FixedClock();
            // Two at a time: Redis decides which of them comes first.
            const interleaver = new Interleaver(wanted.choices, 2);
            const { maxPerUser } = wanted;
            await SessionModel.run(wanted, { stores, raw, clock, interleaver, maxPerUser });
          }),
          { numRuns: REDIS_RUNS },
        );
      } finally {
        await Promise.all([raw, ...stores].map((store) => store.close()));
        await redis.stop();
      }
    },
    MOST_MS,
  );
});

describe('sessions on three replicas, each with a near cache,', () => {
  const NEAR_MS = 5_000;

  it(
    'keep their promises as soon as what was told has arrived (ATK-60)',
    async () => {
      const redis = await RedisHost.start();
      const open = async (more = {}): Promise<{ store: RedisStore; clock: FixedClock }> => {
        const log = new RecordedEvents();
        const clock = new FixedClock();
        const store = new RedisStore(redisConfig(redis.url, more), clock, log);
        await log.next('store.connected');
        return { store, clock };
      };
      const { store: raw } = await open();
      const near = [];
      for (let at = 0; at < 3; at += 1) near.push(await open({ nearCacheMs: NEAR_MS }));
      const heard = await HeardFirst.over(
        near.map(({ store }) => store),
        raw,
      );
      try {
        await fc.assert(
          fc.asyncProperty(scenario, async (wanted) => {
            const clock = new FixedClock();
            const interleaver = new Interleaver(wanted.choices, 2);
            const { maxPerUser } = wanted;
            const { stores } = heard;
            await SessionModel.run(wanted, { stores, raw, clock, interleaver, maxPerUser });
          }),
          { numRuns: REDIS_RUNS },
        );
        // It would prove nothing if every read had asked Redis.
        const key = storeKey();
        await raw.create(key, newSession());
        for (let time = 0; time < 3; time += 1) await heard.stores[0]?.readIdentity(key);
        expect(heard.known).toBeGreaterThan(0);
      } finally {
        await Promise.all([raw, ...near.map(({ store }) => store)].map((store) => store.close()));
        await redis.stop();
      }
    },
    MOST_MS,
  );
});

describe('the property', () => {
  /** True when it finds the rule broken, with a scenario that shows it. */
  async function finds(
    only: Rule,
    plant: Plant,
    more: Pick<ModelOptions, 'endsBeforeItMarks'> = {},
  ): Promise<boolean> {
    const property = fc.asyncProperty(scenario, (wanted) =>
      runInMemory(wanted, plant, { ...more, only }),
    );
    const found = await fc.check(property, {
      numRuns: MOST_RUNS,
      seed: SEED,
      endOnFailure: true,
    });
    if (!found.failed) return false;
    expect(found.errorInstance).toMatchObject({ message: only });
    expect(found.counterexample).toHaveLength(1);
    return true;
  }

  it(
    'finds a write without a condition: it revives what ended',
    async () => {
      const rule = 'a session was read after its end was acknowledged';
      expect(await finds(rule, unconditionalWrites)).toBe(true);
    },
    MOST_MS,
  );

  it(
    'finds a write without a condition: it rolls back what is newer',
    async () => {
      expect(await finds('two writes followed one counter', unconditionalWrites)).toBe(true);
      expect(await finds('a counter or a deadline went back', unconditionalWrites)).toBe(true);
    },
    MOST_MS,
  );

  it(
    'finds an index that is written after its session',
    async () => {
      expect(await finds('a live session is missing from its index', indexAfterSession)).toBe(true);
    },
    MOST_MS,
  );

  it(
    'finds a tombstone that stands before the deletion',
    async () => {
      const rule = 'a session was read after its end was acknowledged';
      expect(await finds(rule, tombstoneBeforeDelete)).toBe(true);
    },
    MOST_MS,
  );

  it(
    'finds a near cache that does not hear of ends',
    async () => {
      const rule = 'a session was read after its end was acknowledged';
      expect(await finds(rule, deafCopies)).toBe(true);
    },
    MOST_MS,
  );

  it(
    'finds a back-channel logout that ends before it marks',
    async () => {
      const rule = 'a session survived a logout that came after its login began';
      expect(await finds(rule, indexFirst, { endsBeforeItMarks: true })).toBe(true);
    },
    MOST_MS,
  );

  it(
    'finds a list that takes a login under way for something that ended',
    async () => {
      expect(await finds('a live session is missing from its index', pruningOnSuspicion)).toBe(
        true,
      );
    },
    MOST_MS,
  );
});
