import { FixedClock } from '../../../test/support/fixed-clock.js';
import { RecentEnds, REMEMBER_MS } from './recent-ends.js';

describe('recent ends', () => {
  let clock: FixedClock;
  let ends: RecentEnds;

  beforeEach(() => {
    clock = new FixedClock();
    ends = new RecentEnds(clock, 3);
  });
  afterEach(() => ends.stop());

  const end = (key: string, reason = 'logout') => ({ key, reason, tombstoneMs: 1_000 });
  const keys = () => ends.newestFirst().map(({ key }) => key);

  it('come with the newest first, whole', () => {
    ends.add(end('a'));
    ends.add(end('b', 'revoked'));
    expect(ends.newestFirst()).toMatchObject([end('b', 'revoked'), end('a')]);
  });

  it('are forgotten after their minute, and not before (K-17)', () => {
    ends.add(end('a'));
    clock.advance(REMEMBER_MS);
    ends.add(end('b'));
    expect(keys()).toEqual(['b', 'a']);
    clock.advance(1);
    expect(keys()).toEqual(['b']);
  });

  it('are bounded: the oldest goes', () => {
    for (const key of ['a', 'b', 'c', 'd']) ends.add(end(key));
    expect(keys()).toEqual(['d', 'c', 'b']);
  });

  it('keep the first reason of a key, and the last time', () => {
    ends.add(end('a', 'logout'));
    clock.advance(REMEMBER_MS);
    ends.add(end('b'));
    ends.add(end('a', 'revoked'));
    clock.advance(REMEMBER_MS);
    expect(ends.newestFirst()).toMatchObject([end('a', 'logout'), end('b')]);
  });
});
