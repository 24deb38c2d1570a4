import { storeKey } from '../support/store-records.js';
import type { StoreUnderTest } from './store.contract.js';

const SHORT = 400;
const LONG = 60_000;

/** The promises of counter.port.ts; called within the suite of store.contract.ts. */
export function describeCounterContract(current: () => StoreUnderTest): void {
  let subject: StoreUnderTest;
  let name: string;
  beforeEach(() => {
    subject = current();
    name = `login:${storeKey()}`;
  });

  const count = async (one = name, windowMs = LONG): Promise<number> =>
    (await subject.store.count(one, windowMs)).count;

  describe('counters', () => {
    it('count from one, each name for itself', async () => {
      expect([await count(), await count(), await count()]).toEqual([1, 2, 3]);
      expect(await count(`${name}x`)).toBe(1);
    });

    it('miss nobody of many who come at once', async () => {
      const counted = await Promise.all(Array.from({ length: 50 }, () => count()));
      expect(counted.toSorted((one, other) => one - other)).toEqual(
        Array.from({ length: 50 }, (_, at) => at + 1),
      );
    });

    it('tell when their window ends, which later counts do not move', async () => {
      await subject.store.count(name, LONG);
      await subject.advance(SHORT);
      const { count: second, remainingMs } = await subject.store.count(name, 2 * LONG);
      expect(second).toBe(2);
      expect(remainingMs).toBeGreaterThan(0);
      expect(remainingMs).toBeLessThanOrEqual(LONG - SHORT + 5);
    });

    it('begin anew when their window is over', async () => {
      await count(name, SHORT);
      await count(name, SHORT);
      await subject.advance(SHORT + 10);
      expect(await count(name, LONG)).toBe(1);
      expect(await count(name, SHORT)).toBe(2);
    });
  });
}
