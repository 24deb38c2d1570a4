import { setTimeout } from 'node:timers/promises';
import type { SessionSignal } from '../../src/store/directory.port.js';
import { HEAD, type Store } from '../../src/store/store.port.js';
import { eight, identityRecord, newSession, storeKey } from '../support/store-records.js';
import type { StoreUnderTest } from './store.contract.js';

const SHORT = 400;
const LONG = 60_000;

/** The promises of directory.port.ts; called within the suite of store.contract.ts. */
export function describeDirectoryContract(current: () => StoreUnderTest): void {
  let subject: StoreUnderTest;
  let store: Store;
  let key: string;
  let index: string;

  beforeEach(() => {
    subject = current();
    store = subject.store;
    key = storeKey();
    index = `sub:${storeKey()}`;
  });

  const createIn = async (one: string, ...indexes: string[]): Promise<void> => {
    const entries = indexes.map((name) => ({ index: name, score: Date.now() + LONG }));
    await store.create(one, newSession({ indexes: entries }));
  };
  const createMany = async (count: number): Promise<string[]> => {
    const keys = Array.from({ length: count }, storeKey);
    await Promise.all(keys.map((one) => createIn(one, index)));
    return keys;
  };
  const walk = async (
    name: string,
    count: number,
    between: (members: readonly string[]) => Promise<unknown> = async () => undefined,
  ): Promise<string[]> => {
    const found: string[] = [];
    let cursor: string | undefined;
    do {
      const { members, next } = await store.scanIndex(name, cursor, count);
      found.push(...members);
      cursor = next;
      await between(members);
    } while (cursor !== undefined);
    return found;
  };

  describe('indexes', () => {
    it('have every session that was entered, in each index that it was entered in', async () => {
      const other = `sid:${storeKey()}`;
      await createIn(key, index, other);
      const second = storeKey();
      await createIn(second, index);
      expect((await walk(index, 10)).toSorted()).toEqual([key, second].toSorted());
      expect(await walk(other, 10)).toEqual([key]);
    });

    it('are empty when nobody was ever entered', async () => {
      expect(await store.scanIndex(index, undefined, 10)).toEqual({
        members: [],
        next: undefined,
      });
    });

    it('are walked in batches that miss nobody', async () => {
      const keys = await createMany(700);
      const batches: number[] = [];
      const found = await walk(index, 50, async (members) => batches.push(members.length));
      expect(new Set(found)).toEqual(new Set(keys));
      expect(batches.length).toBeGreaterThan(5);
      expect(Math.max(...batches)).toBeLessThan(200);
    });

    it('miss nobody who stays while others go and come', async () => {
      const staying = await createMany(300);
      const going = await createMany(300);
      const found = await walk(index, 20, async () => {
        await store.removeFromIndex(index, going.splice(0, 20));
        await createMany(10);
      });
      for (const one of staying) expect(found).toContain(one);
    });

    it('no longer have what was taken out, and keep the rest', async () => {
      const [first = '', second = '', third = ''] = await createMany(3);
      await store.removeFromIndex(index, [first, third, storeKey()]);
      expect(await walk(index, 10)).toEqual([second]);
      await store.removeFromIndex(index, []);
      await store.removeFromIndex(index, [second]);
      expect(await walk(index, 10)).toEqual([]);
    });

    it('leave the session alone that is taken out of them', async () => {
      await createIn(key, index);
      await store.removeFromIndex(index, [key]);
      expect(await store.readIdentity(key)).toBeDefined();
    });

    it('give up the members whose time is over, sooner or later (R-51)', async () => {
      const score = Date.now() - LONG;
      await store.create(key, newSession({ indexes: [{ index, score }] }));
      await subject.prune(index);
      expect(await walk(index, 10)).not.toContain(key);
    });
  });

  describe('the device view', () => {
    it('has the device record and the clear head of the identity', async () => {
      const identity = identityRecord({ counter: 3, idleDeadline: 5, accessExpiry: 7 });
      const session = newSession({ identity });
      await store.create(key, session);
      expect(await store.readDevice(key)).toEqual({
        device: session.device,
        head: identity.subarray(0, HEAD.identityBytes),
      });
    });

    it('follows the idle deadline', async () => {
      await store.create(key, newSession({ identity: identityRecord({ idleDeadline: 1 }) }));
      await store.extendIdle(key, eight(12_345), LONG);
      const view = await store.readDevice(key);
      expect(view?.head.readBigUInt64BE(HEAD.idleDeadlineAt)).toBe(12_345n);
    });

    it('is undefined for a session that ended, expired or never was', async () => {
      const expired = storeKey();
      await store.create(key, newSession());
      await store.create(expired, newSession({ ttlMs: SHORT }));
      await store.end(key, 'logout', LONG);
      await subject.advance(SHORT + 10);
      for (const one of [key, expired, storeKey()]) {
        expect(await store.readDevice(one)).toBeUndefined();
      }
    });
  });

  describe('ending many', () => {
    it('ends each as a single end would, and tells how many were there (R-51)', async () => {
      const keys = await createMany(450);
      await store.end(keys[0]!, 'logout', LONG);
      expect(await store.endMany([...keys, key], 'backchannel', LONG)).toBe(449);
      for (const one of keys) expect(await store.readIdentity(one)).toBeUndefined();
      expect(await store.readTombstone(keys[0]!)).toBe('logout');
      expect(await store.readTombstone(keys[1]!)).toBe('backchannel');
      expect(await store.create(key, newSession())).toBe('exists');
    });

    it('does nothing for nobody', async () => {
      expect(await store.endMany([], 'logout', LONG)).toBe(0);
    });
  });

  describe('logout marks', () => {
    it('tell the instant of each name, in order', async () => {
      await store.markLogout([`a:${key}`, `b:${key}`], 1_700_000_000_123, LONG);
      expect(await store.readLogoutMarks([`b:${key}`, `never:${key}`, `a:${key}`])).toEqual([
        1_700_000_000_123,
        undefined,
        1_700_000_000_123,
      ]);
      expect(await store.readLogoutMarks([])).toEqual([]);
    });

    it('keep the latest instant, whatever the order of arrival', async () => {
      await store.markLogout([key], 2_000, LONG);
      await store.markLogout([key], 1_000, LONG);
      expect(await store.readLogoutMarks([key])).toEqual([2_000]);
      await store.markLogout([key], 10_000, LONG);
      expect(await store.readLogoutMarks([key])).toEqual([10_000]);
    });

    it('live as long as the longest asked for, and no longer', async () => {
      await store.markLogout([key], 2, LONG);
      await store.markLogout([key], 3, SHORT);
      await store.markLogout([`short:${key}`], 1, SHORT);
      await subject.advance(SHORT + 10);
      expect(await store.readLogoutMarks([key, `short:${key}`])).toEqual([3, undefined]);
    });
  });

  describe('remembered names', () => {
    it('are known once they were remembered, for their time', async () => {
      expect(await store.isRemembered(key)).toBe(false);
      await store.remember(key, SHORT);
      expect(await store.isRemembered(key)).toBe(true);
      await subject.advance(SHORT + 10);
      expect(await store.isRemembered(key)).toBe(false);
    });

    it('are remembered for the longest time asked for', async () => {
      await store.remember(key, LONG);
      await store.remember(key, SHORT);
      await subject.advance(SHORT + 10);
      expect(await store.isRemembered(key)).toBe(true);
    });

    it('are no logout marks', async () => {
      await store.remember(key, LONG);
      expect(await store.readLogoutMarks([key])).toEqual([undefined]);
    });
  });

  describe('signals', () => {
    /** Begins the keys of signals that only show that signals arrive; some may arrive late. */
    const PROBE = 'probe-';
    const stops: (() => void)[] = [];
    afterEach(() => {
      for (const stop of stops.splice(0)) stop();
    });

    /** Listens, and returns when signals are known to arrive. */
    const listening = async (): Promise<{
      heard: SessionSignal[];
      until: (count: number) => Promise<void>;
      stop: () => void;
    }> => {
      const heard: SessionSignal[] = [];
      const probe = `${PROBE}${storeKey()}`;
      const arrived = new AbortController();
      let notice: () => void = () => undefined;
      const stop = store.listen({
        onSignal: (signal) => {
          if (signal.key === probe) arrived.abort();
          else if (!signal.key.startsWith(PROBE)) heard.push(signal);
          notice();
        },
        onGap: () => undefined,
      });
      stops.push(stop);
      const until = async (count: number): Promise<void> => {
        while (heard.length < count) await new Promise<void>((resolve) => (notice = resolve));
      };
      for (let at = 0; !arrived.signal.aborted && at < 1_000; at += 1) {
        await store.publishRenewed(probe);
        await setTimeout(1);
      }
      return { heard, until, stop };
    };

    it('tell of an end with its reason, and of a renewal', async () => {
      const { heard, until } = await listening();
      await store.create(key, newSession());
      await store.publishRenewed(key);
      await store.end(key, 'revoked', LONG);
      await until(2);
      expect(heard).toContainEqual({ kind: 'renewed', key });
      expect(heard).toContainEqual({ kind: 'ended', key, reason: 'revoked' });
    });

    it('tell of each of many ends', async () => {
      const { heard, until } = await listening();
      const keys = await createMany(5);
      await store.endMany(keys, 'backchannel', LONG);
      await until(5);
      expect(heard.map((signal) => signal.key).toSorted()).toEqual(keys.toSorted());
    });

    it('tell nothing of what was not there, or ended before', async () => {
      const { heard, until } = await listening();
      await store.create(key, newSession());
      await store.end(storeKey(), 'logout', LONG);
      await store.end(key, 'logout', LONG);
      await store.end(key, 'revoked', LONG);
      await store.endMany([key, storeKey()], 'revoked', LONG);
      await until(1);
      // A signal that must not come cannot be awaited.
      await subject.advance(SHORT);
      expect(heard).toEqual([{ kind: 'ended', key, reason: 'logout' }]);
    });

    it('reach every listener, and none that stopped', async () => {
      const first = await listening();
      const second = await listening();
      const before = first.heard.length;
      first.stop();
      await store.publishRenewed(key);
      await second.until(1);
      expect(second.heard).toEqual([{ kind: 'renewed', key }]);
      expect(first.heard).toHaveLength(before);
    });
  });
}
