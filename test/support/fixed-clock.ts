import type { Clock } from '../../src/domain/clock.js';

/** A clock that moves only when told. */
export class FixedClock implements Clock {
  constructor(private instant = Date.UTC(2026, 0, 1)) {}

  now(): number {
    return this.instant;
  }

  advance(ms: number): void {
    this.instant += ms;
  }
}
