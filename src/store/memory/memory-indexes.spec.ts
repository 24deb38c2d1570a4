import { FixedClock } from '../../../test/support/fixed-clock.js';
import { MemoryIndexes } from './memory-indexes.js';

describe('indexes in memory', () => {
  let clock: FixedClock;
  let indexes: MemoryIndexes;

  beforeEach(() => {
    clock = new FixedClock();
    indexes = new MemoryIndexes(clock);
  });

  const add = (key: string, life = 1_000): void =>
    indexes.add({ index: 'sub', score: clock.now() + life }, key);

  it('go on where the cursor stood, also when that member is gone', () => {
    for (const key of ['a', 'b', 'c', 'd']) add(key);
    const { members, next } = indexes.scan('sub', undefined, 2);
    expect(members).toEqual(['a', 'b']);
    indexes.remove('sub', ['a', 'b']);
    expect(indexes.scan('sub', next, 2)).toEqual({ members: ['c', 'd'], next: undefined });
  });

  it('keep the place of a member that is entered again, with its new score', () => {
    add('a', 0);
    add('b');
    add('a', 1_000);
    clock.advance(1);
    indexes.sweep();
    expect(indexes.scan('sub', undefined, 9).members).toEqual(['a', 'b']);
  });

  it('lose their members after their score when they are swept', () => {
    add('short', 100);
    add('long', 200);
    clock.advance(101);
    indexes.sweep();
    expect(indexes.scan('sub', undefined, 9).members).toEqual(['long']);
  });
});
