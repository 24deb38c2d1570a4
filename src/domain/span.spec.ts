import { lasts, remainingMs } from './span.js';

it('lasts from its beginning on, and no longer than it says', () => {
  const span = { since: 1_000, ms: 50 };
  expect([1_000, 1_049, 1_050].map((now) => lasts(span, now))).toEqual([true, true, false]);
  expect([1_000, 1_049, 1_051].map((now) => remainingMs(span, now))).toEqual([50, 1, 0]);
});

it('is over when the clock was put back before its beginning', () => {
  expect(lasts({ since: 1_000, ms: 50 }, 999)).toBe(false);
});

it('that is none does not last', () => {
  expect(lasts(undefined, 0)).toBe(false);
});
