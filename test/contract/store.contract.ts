import { randomBytes } from 'node:crypto';
import type { Store } from '../../src/store/store.port.js';
import {
  eight,
  headOf,
  identityRecord,
  newSession,
  newTransaction,
  storeKey,
  tokensRecord,
  UNLIMITED,
} from '../support/store-records.js';
import { describeCounterContract } from './counter.contract.js';
import { describeDirectoryContract } from './directory.contract.js';

export interface StoreUnderTest {
  readonly store: Store;
  /** Lets that much time go by, for the store at least. */
  advance(ms: number): Promise<void>;
  /** Lets the driver do to an index what it does sooner or later: give up expired members. */
  prune(index: string): Promise<void>;
  close(): Promise<void>;
}

/** A life that a test waits for, and one that it does not reach. */
const SHORT = 400;
const LONG = 60_000;

/** Every byte once, then noise: what a driver that decodes text would damage. */
const everyByte = (): Buffer =>
  Buffer.concat([Buffer.from(Array.from({ length: 256 }, (_, at) => at)), randomBytes(64)]);

/** The promises of store.port.ts, which every driver keeps. */
export function describeStoreContract(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`${name} keeps the store contract`, () => {
    let subject: StoreUnderTest;
    let store: Store;
    let key: string;

    beforeAll(async () => {
      subject = await make();
      store = subject.store;
    });
    beforeEach(() => {
      key = storeKey();
    });
    afterAll(async () => {
      await subject.close();
    });

    describe('sessions', () => {
      it('reads back what was created, byte for byte', async () => {
        const identity = identityRecord({}, everyByte());
        const tokens = tokensRecord(1, everyByte());
        expect(await store.create(key, newSession({ identity, tokens }))).toBe('created');
        expect(await store.readIdentity(key)).toEqual(identity);
        expect(await store.readBoth(key)).toEqual({ identity, tokens });
      });

      it('knows nothing of a key that was never created', async () => {
        expect(await store.readIdentity(key)).toBeUndefined();
        expect(await store.readBoth(key)).toEqual({ identity: undefined, tokens: undefined });
        expect(await store.remainingMs(key)).toBeUndefined();
        expect(await store.readTombstone(key)).toBeUndefined();
      });

      it('creates a key once, and the second attempt writes nothing', async () => {
        const first = newSession();
        await store.create(key, first);
        const second = newSession({ ttlMs: SHORT });
        expect(await store.create(key, second)).toBe('exists');
        expect(await store.readBoth(key)).toEqual({
          identity: first.identity,
          tokens: first.tokens,
        });
        expect(await store.remainingMs(key)).toBeGreaterThan(SHORT);
      });

      it('lets one of many parallel creators win', async () => {
        const attempts = Array.from({ length: 8 }, () => store.create(key, newSession()));
        const outcomes = await Promise.all(attempts);
        expect(outcomes.filter((outcome) => outcome === 'created')).toHaveLength(1);
      });

      it('takes a session with indexes', async () => {
        const indexes = [
          { index: `sub:${key}`, score: Date.now() + LONG },
          { index: `sid:${key}`, score: Date.now() + LONG },
        ];
        expect(await store.create(key, newSession({ indexes }))).toBe('created');
        expect(await store.readIdentity(key)).toBeDefined();
      });

      it('is not changed by what happens to a buffer that was written or read', async () => {
        const session = newSession();
        const written = Buffer.from(session.identity);
        await store.create(key, session);
        session.identity.fill(0);
        (await store.readIdentity(key))?.fill(0);
        expect(await store.readIdentity(key)).toEqual(written);
      });

      it('forgets a session when its life is over', async () => {
        await store.create(key, newSession({ ttlMs: SHORT }));
        expect(await store.remainingMs(key)).toBeLessThanOrEqual(SHORT);
        await subject.advance(SHORT + 10);
        expect(await store.readBoth(key)).toEqual({ identity: undefined, tokens: undefined });
        expect(await store.remainingMs(key)).toBeUndefined();
      });
    });

    describe('writing tokens', () => {
      it('replaces them when the counter is the expected one, and sets the access expiry', async () => {
        const identity = identityRecord({ counter: 7, idleDeadline: 11, accessExpiry: 13 });
        await store.create(key, newSession({ identity, tokens: tokensRecord(1) }));
        const next = tokensRecord(2, everyByte());
        expect(await store.writeTokens(key, eight(1), next, eight(99))).toBe('written');
        const read = await store.readBoth(key);
        expect(read.tokens).toEqual(next);
        expect(headOf(read.identity!)).toEqual({ counter: 7, idleDeadline: 11, accessExpiry: 99 });
        expect(read.identity!.subarray(25)).toEqual(identity.subarray(25));
      });

      it('refuses when another write came first, and changes nothing', async () => {
        await store.create(key, newSession({ tokens: tokensRecord(1) }));
        await store.writeTokens(key, eight(1), tokensRecord(2), eight(1));
        const before = await store.readBoth(key);
        expect(await store.writeTokens(key, eight(1), tokensRecord(2), eight(2))).toBe('conflict');
        expect(await store.readBoth(key)).toEqual(before);
      });

      it('compares counters as bytes, however large', async () => {
        const large = Number.MAX_SAFE_INTEGER;
        await store.create(key, newSession({ tokens: tokensRecord(large) }));
        expect(await store.writeTokens(key, eight(large - 1), tokensRecord(2), eight(0))).toBe(
          'conflict',
        );
        expect(await store.writeTokens(key, eight(large), tokensRecord(2), eight(0))).toBe(
          'written',
        );
      });

      it('lets one of many parallel writers win (E-50)', async () => {
        await store.create(key, newSession());
        const attempts = Array.from({ length: 8 }, () =>
          store.writeTokens(key, eight(1), tokensRecord(2), eight(0)),
        );
        const outcomes = await Promise.all(attempts);
        expect(outcomes.filter((outcome) => outcome === 'written')).toHaveLength(1);
        expect(outcomes.filter((outcome) => outcome === 'conflict')).toHaveLength(7);
      });

      it('does not lengthen the life', async () => {
        await store.create(key, newSession({ ttlMs: SHORT }));
        await store.writeTokens(key, eight(1), tokensRecord(2), eight(0));
        await subject.advance(SHORT + 10);
        expect(await store.readBoth(key)).toEqual({ identity: undefined, tokens: undefined });
      });

      it('says gone for a session that was never there, and creates nothing', async () => {
        expect(await store.writeTokens(key, eight(1), tokensRecord(2), eight(0))).toBe('gone');
        expect(await store.readBoth(key)).toEqual({ identity: undefined, tokens: undefined });
      });
    });

    describe('writing the identity', () => {
      it('replaces counter and sealed part when the counter is the expected one', async () => {
        await store.create(key, newSession({ identity: identityRecord({ counter: 1 }) }));
        const sealed = everyByte();
        const next = identityRecord({ counter: 2 }, sealed);
        expect(await store.writeIdentity(key, eight(1), next, UNLIMITED)).toBe('written');
        expect(await store.readIdentity(key)).toEqual(next);
      });

      it('keeps the idle deadline and the access expiry that moved since the caller read', async () => {
        const identity = identityRecord({ counter: 1, idleDeadline: 10, accessExpiry: 20 });
        await store.create(key, newSession({ identity }));
        await store.extendIdle(key, eight(1_000), LONG);
        await store.writeTokens(key, eight(1), tokensRecord(2), eight(2_000));
        const stale = identityRecord({ counter: 2, idleDeadline: 10, accessExpiry: 20 });
        await store.writeIdentity(key, eight(1), stale, UNLIMITED);
        const read = await store.readIdentity(key);
        expect(headOf(read!)).toEqual({ counter: 2, idleDeadline: 1_000, accessExpiry: 2_000 });
        expect(read!.subarray(25)).toEqual(stale.subarray(25));
      });

      it('refuses when another write came first', async () => {
        const identity = identityRecord({ counter: 5 });
        await store.create(key, newSession({ identity }));
        const next = identityRecord({ counter: 5 });
        expect(await store.writeIdentity(key, eight(4), next, UNLIMITED)).toBe('conflict');
        expect(await store.readIdentity(key)).toEqual(identity);
      });

      it('says gone for a session that was never there, and creates nothing', async () => {
        expect(await store.writeIdentity(key, eight(1), identityRecord(), UNLIMITED)).toBe('gone');
        expect(await store.readIdentity(key)).toBeUndefined();
      });

      it('moves an idle deadline that is later than the latest back to that, and the life of all records', async () => {
        const identity = identityRecord({ counter: 1, idleDeadline: 0x0200, accessExpiry: 20 });
        await store.create(key, newSession({ identity, ttlMs: LONG }));
        const next = identityRecord({ counter: 2 }, everyByte());
        const latest = { deadline: eight(0x01ff), ttlMs: SHORT };
        expect(await store.writeIdentity(key, eight(1), next, latest)).toBe('written');
        const read = (await store.readIdentity(key))!;
        expect(headOf(read)).toEqual({ counter: 2, idleDeadline: 0x01ff, accessExpiry: 20 });
        expect(read.subarray(25)).toEqual(next.subarray(25));
        expect((await store.readDevice(key))?.head).toEqual(read.subarray(0, 25));
        await subject.advance(SHORT + 10);
        expect(await store.readBoth(key)).toEqual({ identity: undefined, tokens: undefined });
        expect(await store.readDevice(key)).toBeUndefined();
      });

      it('leaves an idle deadline that is earlier, and the life', async () => {
        const identity = identityRecord({ counter: 1, idleDeadline: 0x01ff });
        await store.create(key, newSession({ identity, ttlMs: LONG }));
        const latest = { deadline: eight(0x0200), ttlMs: SHORT };
        await store.writeIdentity(key, eight(1), identityRecord({ counter: 2 }), latest);
        expect(headOf((await store.readIdentity(key))!).idleDeadline).toBe(0x01ff);
        expect(await store.remainingMs(key)).toBeGreaterThan(SHORT);
      });

      it('does not lengthen the life', async () => {
        await store.create(key, newSession({ ttlMs: SHORT }));
        await store.writeIdentity(key, eight(1), identityRecord({ counter: 2 }), UNLIMITED);
        await subject.advance(SHORT + 10);
        expect(await store.readIdentity(key)).toBeUndefined();
      });
    });

    describe('extending', () => {
      it('moves the idle deadline and the life of all records, and nothing else', async () => {
        const identity = identityRecord({ counter: 3, idleDeadline: 10, accessExpiry: 20 });
        const session = newSession({ identity, ttlMs: SHORT });
        await store.create(key, session);
        expect(await store.extendIdle(key, eight(12_345), LONG)).toBe(true);
        await subject.advance(SHORT + 10);
        const read = await store.readBoth(key);
        expect(headOf(read.identity!)).toEqual({
          counter: 3,
          idleDeadline: 12_345,
          accessExpiry: 20,
        });
        expect(read.identity!.subarray(25)).toEqual(identity.subarray(25));
        expect(read.tokens).toEqual(session.tokens);
        expect(await store.remainingMs(key)).toBeGreaterThan(SHORT);
      });

      it('compares deadlines as numbers, not by their last bytes', async () => {
        await store.create(key, newSession({ identity: identityRecord({ idleDeadline: 0x01ff }) }));
        await store.extendIdle(key, eight(0x0200), LONG);
        expect(headOf((await store.readIdentity(key))!).idleDeadline).toBe(0x0200);
      });

      it('never moves the idle deadline back', async () => {
        const identity = identityRecord({ idleDeadline: 0x80ff });
        await store.create(key, newSession({ identity, ttlMs: LONG }));
        expect(await store.extendIdle(key, eight(0x7fff), SHORT)).toBe(true);
        expect(headOf((await store.readIdentity(key))!).idleDeadline).toBe(0x80ff);
        expect(await store.remainingMs(key)).toBeGreaterThan(SHORT);
      });

      it('does not revive a session that ended, expired or never was (J-03, J-28)', async () => {
        const expired = storeKey();
        await store.create(key, newSession());
        await store.create(expired, newSession({ ttlMs: SHORT }));
        await store.end(key, 'logout', LONG);
        await subject.advance(SHORT + 10);
        for (const one of [key, expired, storeKey()]) {
          expect(await store.extendIdle(one, eight(9_999), LONG)).toBe(false);
          expect(await store.readIdentity(one)).toBeUndefined();
        }
      });
    });

    describe('ending', () => {
      it('removes the records and leaves the reason', async () => {
        await store.create(key, newSession());
        expect(await store.end(key, 'backchannel', LONG)).toBe(true);
        expect(await store.readBoth(key)).toEqual({ identity: undefined, tokens: undefined });
        expect(await store.remainingMs(key)).toBeUndefined();
        expect(await store.readTombstone(key)).toBe('backchannel');
      });

      it('succeeds for each of many at the same time, and is true for one (P-27)', async () => {
        await store.create(key, newSession());
        const ends = await Promise.all(
          Array.from({ length: 10 }, () => store.end(key, 'logout', LONG)),
        );
        expect(ends.filter(Boolean)).toHaveLength(1);
        expect(await store.readIdentity(key)).toBeUndefined();
        expect(await store.readTombstone(key)).toBe('logout');
      });

      it('is true once, and the first reason stays', async () => {
        await store.create(key, newSession());
        const ends = await Promise.all([
          store.end(key, 'logout', LONG),
          store.end(key, 'revoked', LONG),
        ]);
        expect(ends).toEqual([true, false]);
        expect(await store.readTombstone(key)).toBe('logout');
      });

      it('is not undone by any later write (J-05, ATK-72)', async () => {
        await store.create(key, newSession());
        await store.end(key, 'logout', LONG);
        expect(await store.writeTokens(key, eight(1), tokensRecord(2), eight(0))).toBe('gone');
        expect(
          await store.writeIdentity(key, eight(1), identityRecord({ counter: 2 }), UNLIMITED),
        ).toBe('gone');
        expect(await store.extendIdle(key, eight(9_999), LONG)).toBe(false);
        expect(await store.readBoth(key)).toEqual({ identity: undefined, tokens: undefined });
      });

      it('wins over a creation of the same key that arrives after it', async () => {
        expect(await store.end(key, 'revoked', LONG)).toBe(false);
        expect(await store.create(key, newSession())).toBe('exists');
        expect(await store.readIdentity(key)).toBeUndefined();
      });

      it('succeeds when no tombstone can be left', async () => {
        await store.create(key, newSession());
        expect(await store.end(key, 'logout', 0)).toBe(true);
        expect(await store.readIdentity(key)).toBeUndefined();
        expect(await store.readTombstone(key)).toBeUndefined();
      });

      it('lets the tombstone go after its time', async () => {
        await store.create(key, newSession());
        await store.end(key, 'logout', SHORT);
        await subject.advance(SHORT + 10);
        expect(await store.readTombstone(key)).toBeUndefined();
      });
    });

    describe('login transactions', () => {
      it('are taken once, and then leave their stub', async () => {
        const [transaction, stub] = [everyByte(), everyByte()];
        await store.putTransaction(key, newTransaction({ transaction, stub }), 3);
        expect(await store.takeTransaction(key, 'state')).toEqual({
          kind: 'taken',
          value: transaction,
        });
        const consumed = { kind: 'consumed', value: stub };
        expect(await store.takeTransaction(key, 'state')).toEqual(consumed);
        expect(await store.takeTransaction(key, 'state')).toEqual(consumed);
      });

      it('are taken by one of many parallel takers (J-34, E-50)', async () => {
        await store.putTransaction(key, newTransaction(), 3);
        const takings = await Promise.all(
          Array.from({ length: 8 }, () => store.takeTransaction(key, 'state')),
        );
        expect(takings.filter((taking) => taking?.kind === 'taken')).toHaveLength(1);
        expect(takings.filter((taking) => taking?.kind === 'consumed')).toHaveLength(7);
      });

      it('cannot be named by another browser or with another state', async () => {
        await store.putTransaction(key, newTransaction(), 3);
        expect(await store.takeTransaction(storeKey(), 'state')).toBeUndefined();
        expect(await store.takeTransaction(key, 'other')).toBeUndefined();
        expect(await store.peekTransaction(storeKey(), 'state')).toBeUndefined();
        expect((await store.takeTransaction(key, 'state'))?.kind).toBe('taken');
      });

      it('can be looked at without being taken', async () => {
        await store.putTransaction(key, newTransaction({ transaction: everyByte() }), 3);
        const peeked = await store.peekTransaction(key, 'state');
        expect(await store.takeTransaction(key, 'state')).toEqual({ kind: 'taken', value: peeked });
        expect(await store.peekTransaction(key, 'state')).toBeUndefined();
      });

      it('are bounded in number: the oldest goes, whatever the order of arrival (J-37)', async () => {
        for (const createdAt of [3_000, 1_000, 2_000, 4_000]) {
          await store.putTransaction(key, newTransaction({ state: `s${createdAt}`, createdAt }), 3);
        }
        expect(await store.takeTransaction(key, 's1000')).toBeUndefined();
        for (const state of ['s2000', 's3000', 's4000']) {
          expect((await store.takeTransaction(key, state))?.kind).toBe('taken');
        }
      });

      it('keep the newcomer even when its clock is behind', async () => {
        for (const createdAt of [3_000, 2_000, 1_000]) {
          await store.putTransaction(key, newTransaction({ state: `s${createdAt}`, createdAt }), 2);
        }
        expect(await store.takeTransaction(key, 's2000')).toBeUndefined();
        expect((await store.takeTransaction(key, 's1000'))?.kind).toBe('taken');
        expect((await store.takeTransaction(key, 's3000'))?.kind).toBe('taken');
      });

      it('count the taken ones too, so that stubs do not pile up', async () => {
        await store.putTransaction(key, newTransaction({ state: 'old', createdAt: 1 }), 1);
        await store.takeTransaction(key, 'old');
        await store.putTransaction(key, newTransaction({ state: 'new', createdAt: 2 }), 1);
        expect(await store.takeTransaction(key, 'old')).toBeUndefined();
        expect((await store.takeTransaction(key, 'new'))?.kind).toBe('taken');
      });

      describe('of too many browsers', () => {
        const begin = async (browser: string, most: number, lifeMs = LONG): Promise<void> => {
          await store.putTransaction(browser, newTransaction({ lifeMs }), 3);
          await store.boundBrowsers(browser, lifeMs, most);
        };
        const areThere = async (...browsers: string[]): Promise<boolean[]> => {
          const found = browsers.map((one) => store.peekTransaction(one, 'state'));
          return (await Promise.all(found)).map((one) => one !== undefined);
        };

        it('those go whose last login began the longest ago (J-25, ATK-100)', async () => {
          const [a = '', b = '', c = '', d = ''] = Array.from({ length: 4 }, storeKey);
          for (const one of [a, b, c]) await begin(one, 3);
          expect(await areThere(a, b, c)).toEqual([true, true, true]);
          await begin(a, 3);
          await begin(d, 3);
          expect(await areThere(a, b, c, d)).toEqual([true, false, true, true]);
        });

        it('those that are over take nobody’s place', async () => {
          const [a = '', b = '', c = ''] = Array.from({ length: 3 }, storeKey);
          await begin(a, 1_000, LONG);
          await begin(b, 1_000, SHORT);
          await subject.advance(SHORT + 10);
          await begin(c, 1_000, SHORT);
          expect(await areThere(b, c)).toEqual([false, true]);
        });
      });

      it('expire one by one, stubs included (J-25, ATK-100)', async () => {
        await store.putTransaction(key, newTransaction({ state: 'long', lifeMs: LONG }), 5);
        await store.putTransaction(key, newTransaction({ state: 'short', lifeMs: SHORT }), 5);
        await store.putTransaction(key, newTransaction({ state: 'taken', lifeMs: SHORT }), 5);
        await store.takeTransaction(key, 'taken');
        await subject.advance(SHORT + 10);
        expect(await store.peekTransaction(key, 'short')).toBeUndefined();
        expect(await store.takeTransaction(key, 'short')).toBeUndefined();
        expect(await store.takeTransaction(key, 'taken')).toBeUndefined();
        expect((await store.takeTransaction(key, 'long'))?.kind).toBe('taken');
      });
    });

    describe('locks', () => {
      it('have one holder', async () => {
        const takers = Array.from({ length: 8 }, (_, at) => store.acquireLock(key, `o${at}`, LONG));
        expect((await Promise.all(takers)).filter(Boolean)).toHaveLength(1);
      });

      it('are renewed and released by their owner only', async () => {
        await store.acquireLock(key, 'owner', LONG);
        expect(await store.renewLock(key, 'thief', LONG)).toBe(false);
        await store.releaseLock(key, 'thief');
        expect(await store.acquireLock(key, 'thief', LONG)).toBe(false);
        expect(await store.renewLock(key, 'owner', LONG)).toBe(true);
        await store.releaseLock(key, 'owner');
        expect(await store.acquireLock(key, 'next', LONG)).toBe(true);
      });

      it('end by themselves, and then the former owner has no say', async () => {
        await store.acquireLock(key, 'dead', SHORT);
        await subject.advance(SHORT + 10);
        expect(await store.renewLock(key, 'dead', LONG)).toBe(false);
        expect(await store.acquireLock(key, 'next', LONG)).toBe(true);
        await store.releaseLock(key, 'dead');
        expect(await store.renewLock(key, 'next', LONG)).toBe(true);
      });

      it('live on when they are renewed', async () => {
        await store.acquireLock(key, 'owner', SHORT);
        await store.renewLock(key, 'owner', LONG);
        await subject.advance(SHORT + 10);
        expect(await store.acquireLock(key, 'next', LONG)).toBe(false);
      });

      it('do not stand in the way of the session of the same key', async () => {
        await store.acquireLock(key, 'owner', LONG);
        expect(await store.create(key, newSession())).toBe('created');
        await store.end(key, 'logout', LONG);
        expect(await store.renewLock(key, 'owner', LONG)).toBe(true);
      });
    });

    describeDirectoryContract(() => subject);
    describeCounterContract(() => subject);

    it('answers a ping', async () => {
      await expect(store.ping()).resolves.toBeUndefined();
    });
  });
}
