import { afterEach, jest } from '@jest/globals';
import { collectStartGarbage } from './start-garbage.js';

const given = globalThis.gc;
afterEach(() => {
  if (given === undefined) Reflect.deleteProperty(globalThis, 'gc');
  else globalThis.gc = given;
});

describe('the garbage of the start', () => {
  it('is collected to the last, where Node lets us', () => {
    const collect = jest.fn();
    globalThis.gc = collect as unknown as typeof globalThis.gc;
    collectStartGarbage();
    expect(collect.mock.calls).toEqual([
      [{ type: 'major', execution: 'sync', flavor: 'last-resort' }],
    ]);
  });

  it('is left to V8 where it does not', () => {
    Reflect.deleteProperty(globalThis, 'gc');
    expect(() => collectStartGarbage()).not.toThrow();
  });
});
