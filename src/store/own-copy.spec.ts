import { ownCopy } from './own-copy.js';

it('has the bytes that were there, and no memory beside them', () => {
  const bytes = Buffer.from('a piece of the pool');
  const copy = ownCopy(bytes);
  expect(bytes.buffer.byteLength).toBeGreaterThan(bytes.length);
  expect([copy.toString(), copy.buffer.byteLength]).toEqual(['a piece of the pool', bytes.length]);
  bytes.fill(0);
  expect(copy.toString()).toBe('a piece of the pool');
});
