import type { Clock } from '../../src/domain/clock.js';

/** The real time, moved forward as told: a real provider's tokens stay valid until a test says otherwise. */
export class ShiftedClock implements Clock {
  /** Milliseconds ahead of the real time. */
  offset = 0;

  now(): number {
    return Date.now() + this.offset;
  }

  advance(ms: number): void {
    this.offset += ms;
  }
}
