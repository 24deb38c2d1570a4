import { formatSignal, parseSignal } from './session-signal.js';

describe('the text of a signal', () => {
  it.each([
    { kind: 'ended', key: 'key', reason: 'logout' } as const,
    { kind: 'renewed', key: 'key' } as const,
    { kind: 'changed', key: 'key' } as const,
  ])('is read back as it was written (%j)', (signal) => {
    expect(parseSignal(formatSignal(signal))).toEqual(signal);
  });

  it.each(['', 'ended', 'ended key', 'ended key ', 'ended  logout', 'ended key a b'])(
    'is no signal when it is %j',
    (text) => {
      expect(parseSignal(text)).toBeUndefined();
    },
  );

  it.each([
    'renewed',
    'renewed ',
    'renewed key logout',
    'changed',
    'changed key logout',
    'revived key',
    'ENDED key logout',
  ])('is no signal when it is %j', (text) => {
    expect(parseSignal(text)).toBeUndefined();
  });
});
