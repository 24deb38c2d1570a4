import { setImmediate } from 'node:timers/promises';
import type { Store } from '../../src/store/store.port.js';

/** What waits at a point until it is its turn. */
type Turn = () => void;

/**
 * Decides who goes on. Whatever runs stops before and after each store command and waits for its turn; the
 * choices say whose turn it is: 0 is who stopped last (so it runs on), higher numbers are others. A counterexample
 * shrinks towards zeros, which is: one after the other, with as few changes as show the fault.
 */
export class Interleaver {
  private readonly waiting: Turn[] = [];
  private readonly choices: number[];
  private running = 0;
  private settled: Turn | undefined;

  constructor(
    choices: readonly number[],
    /** How many go on at a time; more than one leaves their order to a real store. */
    private readonly atOnce = 1,
  ) {
    this.choices = [...choices];
  }

  /** The store as one replica sees it: a point before and after each command. */
  stepping(store: Store): Store {
    return new Proxy(store, {
      get: (target, name): unknown => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]): unknown =>
          this.step(() => Reflect.apply(member, target, args) as Promise<unknown>);
      },
    });
  }

  /** A point in the middle of a command that is several commands of the real store. */
  async midway(): Promise<void> {
    this.left();
    await this.point();
    this.running += 1;
  }

  /** Runs what was started to its end, turn by turn; `look` sees the world after each. */
  async run(started: readonly Promise<unknown>[], look: () => Promise<void>): Promise<void> {
    let over = false;
    const all = Promise.all(started).finally(() => {
      over = true;
    });
    // Whatever went wrong is told at the end, once.
    all.catch(() => undefined);
    for (;;) {
      await this.settle();
      await look();
      if (over) break;
      for (let turn = 0; turn < this.atOnce; turn += 1) this.next()?.();
    }
    await all;
  }

  private point(): Promise<void> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  private async step<T>(command: () => Promise<T>): Promise<T> {
    await this.point();
    this.running += 1;
    try {
      return await command();
    } finally {
      this.left();
      await this.point();
    }
  }

  private left(): void {
    this.running -= 1;
    if (this.running === 0) this.settled?.();
  }

  private next(): Turn | undefined {
    const choice = (this.choices.shift() ?? 0) % Math.max(this.waiting.length, 1);
    return this.waiting.splice(this.waiting.length - 1 - choice, 1)[0];
  }

  /** Until no command is under way and everybody has come to a point, or to the end. */
  private async settle(): Promise<void> {
    await setImmediate();
    while (this.running > 0) {
      await new Promise<void>((resolve) => {
        this.settled = resolve;
      });
      await setImmediate();
    }
  }
}
