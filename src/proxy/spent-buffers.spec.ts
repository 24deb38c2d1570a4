import { EVERY_BYTES, SpentBuffers, spentBuffers } from './spent-buffers.js';

describe('spent buffers', () => {
  it('are looked for once for each so many bytes, however they come', () => {
    let looked = 0;
    const spent = new SpentBuffers(() => (looked += 1));
    spent.add(EVERY_BYTES - 1);
    expect(looked).toBe(0);
    spent.add(1);
    expect(looked).toBe(1);
    for (let count = 0; count < 31; count += 1) spent.add(EVERY_BYTES / 16);
    expect(looked).toBe(2);
  });

  it('are given back by the collector of this Node', () => {
    expect(() => spentBuffers.add(EVERY_BYTES)).not.toThrow();
  });
});
