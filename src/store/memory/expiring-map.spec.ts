import { FixedClock } from '../../../test/support/fixed-clock.js';
import { ExpiringMap } from './expiring-map.js';

describe('an expiring map', () => {
  let clock: FixedClock;
  let map: ExpiringMap<number>;

  beforeEach(() => {
    clock = new FixedClock();
    map = new ExpiringMap(clock);
  });

  it('has an entry until its instant, and not at it', () => {
    map.set('a', 1, 100);
    clock.advance(99);
    expect(map.get('a')).toBe(1);
    expect(map.remainingMs('a')).toBe(1);
    clock.advance(1);
    expect(map.get('a')).toBeUndefined();
    expect(map.remainingMs('a')).toBeUndefined();
  });

  it('keeps the end of an entry that is replaced, and revives none', () => {
    map.set('a', 1, 100);
    clock.advance(50);
    map.replace('a', 2);
    expect(map.get('a')).toBe(2);
    clock.advance(50);
    map.replace('a', 3);
    expect(map.get('a')).toBeUndefined();
  });

  it('says whether what it deleted was alive', () => {
    map.set('a', 1, 100);
    map.set('b', 1, 100);
    expect(map.delete('a')).toBe(true);
    expect(map.delete('a')).toBe(false);
    clock.advance(100);
    expect(map.delete('b')).toBe(false);
  });

  it('holds nothing that expired once it was swept', () => {
    map.set('a', 1, 100);
    map.set('b', 2, 200);
    clock.advance(100);
    expect(map.size).toBe(2);
    map.sweep();
    expect(map.size).toBe(1);
    expect(map.get('b')).toBe(2);
  });

  it('evicts the smallest first, but never the spared one', () => {
    map.set('a', 2, 100);
    map.set('b', 1, 100);
    map.set('c', 0, 100);
    map.evict(2, 'c', (one, other) => one - other);
    expect([map.get('a'), map.get('b'), map.get('c')]).toEqual([2, undefined, 0]);
  });
});
