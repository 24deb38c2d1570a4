import { FixedClock } from '../../test/support/fixed-clock.js';
import { RefreshBackOff } from './refresh-back-off.js';

let clock: FixedClock;
let backOff: RefreshBackOff;
beforeEach(() => {
  clock = new FixedClock(0);
  backOff = new RefreshBackOff(clock);
});

/** Fails now, and goes on to the moment when the pause is over. */
function failAndWait(pause: number): void {
  backOff.failed('op');
  clock.advance(pause);
}

it('leaves a provider alone for a growing time after failures in a row, at most half a minute', () => {
  const pauses = [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000];
  for (const pause of pauses) {
    backOff.failed('op');
    clock.advance(pause - 1);
    expect([backOff.isPaused('op'), backOff.admits('op')]).toEqual([true, false]);
    clock.advance(1);
    expect(backOff.isPaused('op')).toBe(false);
  }
});

it('begins anew after a success, and keeps providers apart', () => {
  backOff.failed('op');
  expect(backOff.isPaused('other')).toBe(false);
  backOff.succeeded('op');
  expect(backOff.isPaused('op')).toBe(false);
  failAndWait(1_000);
  expect(backOff.isPaused('op')).toBe(false);
});

it('counts what fails at the same time as one failure', () => {
  for (let count = 0; count < 200; count += 1) backOff.failed('op');
  clock.advance(1_000);
  expect(backOff.isPaused('op')).toBe(false);
});

it('lasts as long as the provider asks for, also when that is said by a later one', () => {
  backOff.failed('op', 120_000);
  backOff.failed('op');
  clock.advance(119_999);
  expect(backOff.isPaused('op')).toBe(true);
  clock.advance(1);
  expect(backOff.isPaused('op')).toBe(false);
  backOff.failed('op');
  backOff.failed('op', 60_000);
  clock.advance(59_999);
  expect(backOff.isPaused('op')).toBe(true);
});

describe('when the pause is over', () => {
  beforeEach(() => failAndWait(1_000));

  it('one goes ahead alone, and the others follow when it has succeeded', () => {
    expect([backOff.admits('op'), backOff.admits('op'), backOff.isPaused('op')]).toEqual([
      true,
      false,
      true,
    ]);
    backOff.succeeded('op');
    expect([backOff.admits('op'), backOff.admits('op')]).toEqual([true, true]);
  });

  it('the pause is longer when the one has failed', () => {
    backOff.admits('op');
    backOff.failed('op');
    clock.advance(1_999);
    expect(backOff.isPaused('op')).toBe(true);
    clock.advance(1);
    expect(backOff.admits('op')).toBe(true);
  });

  it('the next goes ahead when the one did not come to a question', () => {
    backOff.admits('op');
    backOff.abandoned('op');
    expect(backOff.admits('op')).toBe(true);
  });

  it('the next goes ahead when nothing was heard of the one for a minute', () => {
    backOff.admits('op');
    clock.advance(59_999);
    expect(backOff.admits('op')).toBe(false);
    clock.advance(1);
    expect(backOff.admits('op')).toBe(true);
  });
});

it('is over when the clock is put back: it would last as much longer', () => {
  backOff.failed('op');
  clock.advance(-3_600_000);
  expect([backOff.isPaused('op'), backOff.admits('op')]).toEqual([false, true]);
  backOff.failed('op');
  clock.advance(1_999);
  expect(backOff.isPaused('op')).toBe(true);
  clock.advance(1);
  expect(backOff.isPaused('op')).toBe(false);
});

it('is there as well while what was asked has no answer, before that is a failure', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const asked = [backOff.ask('op', () => promise)];
  clock.advance(999);
  asked.push(backOff.ask('op', () => promise));
  expect([backOff.isPaused('op'), backOff.admits('op')]).toEqual([false, true]);
  clock.advance(1);
  expect([backOff.isPaused('op'), backOff.admits('op')]).toEqual([true, false]);
  resolve();
  await Promise.all(asked);
  expect([backOff.isPaused('op'), backOff.admits('op')]).toEqual([false, true]);
});

it('is not ended by somebody who gave up before it began', () => {
  backOff.failed('op');
  backOff.abandoned('op');
  expect(backOff.isPaused('op')).toBe(true);
  backOff.abandoned('nobody');
  expect(backOff.isPaused('nobody')).toBe(false);
});

it('remembers ten thousand names, and forgets those that failed longest ago', () => {
  for (let name = 0; name <= 10_000; name += 1) backOff.failed(String(name));
  expect([backOff.isPaused('0'), backOff.isPaused('1'), backOff.isPaused('10000')]).toEqual([
    false,
    true,
    true,
  ]);
});
