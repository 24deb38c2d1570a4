import { RedisKeys } from './redis-keys.js';

describe('the keys in Redis', () => {
  const keys = new RedisKeys('app:');

  it('of one session share their hash tag (K-23, K-27)', () => {
    expect(keys.session('abc')).toEqual({
      identity: 'app:s:{abc}:i',
      tokens: 'app:s:{abc}:t',
      device: 'app:s:{abc}:d',
      tombstone: 'app:s:{abc}:x',
      lock: 'app:s:{abc}:l',
    });
  });

  it('of transactions and indexes stand apart from sessions (K-27)', () => {
    expect(keys.transactions('abc')).toBe('app:l:{abc}');
    expect(keys.index('abc')).toBe('app:x:abc');
  });

  it('of logouts and counters, and the channel, begin with the prefix as well (K-27)', () => {
    expect(keys.logoutMark('abc')).toBe('app:m:abc');
    expect(keys.remembered('abc')).toBe('app:r:abc');
    expect(keys.counter('abc')).toBe('app:c:abc');
    expect(keys.probe).toBe('app:probe');
    expect(keys.channel).toBe('app:signals');
  });
});
