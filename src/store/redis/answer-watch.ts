import type { Command } from 'ioredis';

/** A timer that comes later than this: the process stood still, or was busy for as long, which is the same to Redis. */
const STOOD_STILL_MS = 100;

export type AwaitedCommand = Pick<Command, 'isSettled' | 'reject'>;

interface Waiting {
  readonly command: AwaitedCommand;
  /** When its time began, in milliseconds of a clock that never steps. */
  since: number;
  /** Its time was begun again once, and is not another time. */
  again: boolean;
  next: Waiting | undefined;
}

/**
 * The limit of time for each command of one connection, which Redis answers in order: so one timer looks at the oldest.
 * ioredis would arm one for each command and disarm it at the answer. Those have another fault: in a process that stood
 * still (a paused container, a virtual machine that moved) they are due before the answers that came meanwhile are read.
 */
export class AnswerWatch {
  private oldest: Waiting | undefined;
  private newest: Waiting | undefined;
  private timer: NodeJS.Timeout | undefined;

  /**
   * @param limitMs after how many milliseconds a command is rejected
   * @param onUnanswered called when that has happened, once for all that are rejected together
   */
  constructor(
    private readonly limitMs: number,
    private readonly onUnanswered: () => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** A command is being sent. */
  expect(command: AwaitedCommand): void {
    this.forgetAnswered();
    const waiting = { command, since: this.now(), again: false, next: undefined };
    if (this.newest === undefined) this.oldest = waiting;
    else this.newest.next = waiting;
    this.newest = waiting;
    this.timer ??= this.lookIn(this.limitMs);
  }

  private lookIn(ms: number): NodeJS.Timeout {
    const dueAt = this.now() + ms;
    const timer = setTimeout(() => this.look(dueAt), ms);
    // The connection keeps the process alive while somebody waits.
    return timer.unref();
  }

  private look(dueAt: number): void {
    if (this.now() - dueAt > STOOD_STILL_MS) this.beginAgain();
    // Whatever has come already is read before this.
    setImmediate(() => this.giveUp());
  }

  /** Nobody knows how much of the time Redis had. */
  private beginAgain(): void {
    for (let waiting = this.oldest; waiting !== undefined; waiting = waiting.next) {
      if (!waiting.again) waiting.since = this.now();
      waiting.again = true;
    }
  }

  private giveUp(): void {
    this.timer = undefined;
    let unanswered = false;
    for (;;) {
      this.forgetAnswered();
      const { oldest } = this;
      if (oldest === undefined) break;
      const leftMs = oldest.since + this.limitMs - this.now();
      if (leftMs > 0) {
        this.timer = this.lookIn(leftMs);
        break;
      }
      oldest.command.reject(new Error('no answer'));
      this.forget(oldest);
      unanswered = true;
    }
    if (unanswered) this.onUnanswered();
  }

  private forgetAnswered(): void {
    while (this.oldest?.command.isSettled === true) this.forget(this.oldest);
  }

  /** Each is let go for itself: in a chain, one that the collector has promoted would keep all that came after it. */
  private forget(oldest: Waiting): void {
    this.oldest = oldest.next;
    oldest.next = undefined;
    if (this.oldest === undefined) this.newest = undefined;
  }
}
