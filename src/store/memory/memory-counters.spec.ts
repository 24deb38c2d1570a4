import { FixedClock } from '../../../test/support/fixed-clock.js';
import { MemoryCounters } from './memory-counters.js';

it('begins a new window when the clock is put back: the old one would last as much longer', async () => {
  const clock = new FixedClock();
  const counters = new MemoryCounters(clock);
  await counters.count('one', 60_000);
  clock.advance(-3_600_000);
  expect(await counters.count('one', 60_000)).toEqual({ count: 1, remainingMs: 60_000 });
  clock.advance(60_000);
  expect(await counters.count('one', 60_000)).toEqual({ count: 1, remainingMs: 60_000 });
});
