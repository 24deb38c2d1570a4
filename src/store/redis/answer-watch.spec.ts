import { setImmediate as endOfTurn } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { collect } from '../../../test/support/kept-memory.js';
import { AnswerWatch, type AwaitedCommand } from './answer-watch.js';

const LIMIT_MS = 500;

/** A command that is answered when a test says so. */
class Asked implements AwaitedCommand {
  isSettled = false;
  failure: Error | undefined;

  reject = (failure: Error): void => {
    this.isSettled = true;
    this.failure = failure;
  };
}

let now: number;
let unanswered: number;
let watch: AnswerWatch;
beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['queueMicrotask', 'nextTick', 'setImmediate'] });
  now = 0;
  unanswered = 0;
  watch = new AnswerWatch(
    LIMIT_MS,
    () => (unanswered += 1),
    () => now,
  );
});
afterEach(() => jest.useRealTimers());

/** The process runs on for so long. */
async function pass(ms: number): Promise<void> {
  for (let count = 0; count < ms; count += 1) await standStill(1);
}

/** It stands still for so long; what was due meanwhile happens behind it. */
async function standStill(ms: number): Promise<void> {
  now += ms;
  jest.advanceTimersByTime(ms);
  await endOfTurn();
}

function ask(): Asked {
  const asked = new Asked();
  watch.expect(asked);
  return asked;
}

describe('a command', () => {
  it('is rejected when its time is over, and not before', async () => {
    const asked = ask();
    await pass(LIMIT_MS - 1);
    expect(asked.failure).toBeUndefined();
    await pass(1);
    expect(asked.failure).toBeInstanceOf(Error);
    expect(unanswered).toBe(1);
  });

  it('is rejected at its own time, though another is looked at before', async () => {
    const first = ask();
    await pass(200);
    const second = ask();
    await pass(300);
    expect([first.failure, second.failure]).toEqual([expect.any(Error), undefined]);
    await pass(199);
    expect(second.failure).toBeUndefined();
    await pass(1);
    expect(second.failure).toBeInstanceOf(Error);
    expect(unanswered).toBe(2);
  });

  it('that is answered is left alone, and nobody is told', async () => {
    const [first, second] = [ask(), ask()];
    first.isSettled = true;
    await pass(LIMIT_MS - 1);
    second.isSettled = true;
    await pass(LIMIT_MS);
    expect([first.failure, second.failure, unanswered]).toEqual([undefined, undefined, 0]);
  });

  it('behind one that was answered has its own time', async () => {
    const first = ask();
    await pass(100);
    const second = ask();
    first.isSettled = true;
    await pass(400);
    expect(second.failure).toBeUndefined();
    await pass(100);
    expect(second.failure).toBeInstanceOf(Error);
  });

  it('that comes after a rest has its whole time', async () => {
    ask().isSettled = true;
    await pass(LIMIT_MS * 10);
    const asked = ask();
    await pass(LIMIT_MS - 1);
    expect(asked.failure).toBeUndefined();
    await pass(1);
    expect(asked.failure).toBeInstanceOf(Error);
  });

  it('that is answered is let go when the next one comes', async () => {
    const first = ((asked) => new WeakRef(asked))(ask());
    ask();
    first.deref()!.isSettled = true;
    ask();
    await endOfTurn();
    collect();
    expect(first.deref()).toBeUndefined();
  });

  it('does not keep a process alive that is at its end', () => {
    jest.useRealTimers();
    const timers = (): number =>
      process.getActiveResourcesInfo().filter((one) => one === 'Timeout').length;
    const before = timers();
    ask();
    expect(timers()).toBe(before);
  });

  it('is told of once with all that are given up together', async () => {
    const all = [ask(), ask(), ask()];
    await pass(LIMIT_MS);
    expect(all.map(({ failure }) => failure)).toEqual(all.map(() => expect.any(Error)));
    expect(unanswered).toBe(1);
  });
});

describe('a process that stands still', () => {
  it('gives those that wait their whole time again', async () => {
    const asked = ask();
    await pass(100);
    await standStill(LIMIT_MS * 3);
    await pass(LIMIT_MS - 1);
    expect(asked.failure).toBeUndefined();
    await pass(1);
    expect(asked.failure).toBeInstanceOf(Error);
    expect(unanswered).toBe(1);
  });

  it('does so once for each, or a process that is always late would wait for ever', async () => {
    const asked = ask();
    await standStill(LIMIT_MS * 3);
    await standStill(LIMIT_MS * 3);
    expect(asked.failure).toBeInstanceOf(Error);
  });

  it('gives one that comes later the same, and no more', async () => {
    ask();
    await standStill(LIMIT_MS * 3);
    const later = ask();
    await standStill(LIMIT_MS * 3);
    expect(later.failure).toBeUndefined();
    await pass(LIMIT_MS);
    expect(later.failure).toBeInstanceOf(Error);
  });

  it('reads what has come before it gives anything up, late by little as it is', async () => {
    const asked = ask();
    // Between the timers and the immediates of one turn of the event loop.
    setImmediate(() => (asked.isSettled = true));
    await standStill(LIMIT_MS + 50);
    expect([asked.failure, unanswered]).toEqual([undefined, 0]);
  });
});
