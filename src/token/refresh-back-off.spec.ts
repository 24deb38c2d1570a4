import { FixedClock } from '../../test/support/fixed-clock.js';
import { RefreshBackOff } from './refresh-back-off.js';

describe('RefreshBackOff', () => {
  it('leaves a provider alone for a growing time after failures in a row, at most half a minute', () => {
    const clock = new FixedClock(0);
    const backOff = new RefreshBackOff(clock);
    const pauses = [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000];
    for (const pause of pauses) {
      backOff.failed('op');
      clock.advance(pause - 1);
      expect(backOff.isPaused('op')).toBe(true);
      clock.advance(1);
      expect(backOff.isPaused('op')).toBe(false);
    }
  });

  it('begins anew after a success, and keeps providers apart', () => {
    const backOff = new RefreshBackOff(new FixedClock(0));
    backOff.failed('op');
    expect(backOff.isPaused('other')).toBe(false);
    backOff.succeeded('op');
    expect(backOff.isPaused('op')).toBe(false);
  });
});
