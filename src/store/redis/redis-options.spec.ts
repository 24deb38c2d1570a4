import { backOff } from './redis-options.js';

describe('the back-off between attempts to connect', () => {
  it('starts small, doubles and never exceeds a second (K-10, R-02, E-43)', () => {
    for (let attempt = 1; attempt <= 2_000; attempt += 1) {
      const ceiling = Math.min(50 * 2 ** (attempt - 1), 1_000);
      const delay = backOff(attempt);
      expect(delay).toBeGreaterThanOrEqual(ceiling / 2);
      expect(delay).toBeLessThanOrEqual(ceiling);
    }
  });

  it('is not the same for all replicas (K-11)', () => {
    const delays = new Set(Array.from({ length: 20 }, () => backOff(10)));
    expect(delays.size).toBeGreaterThan(1);
  });
});
