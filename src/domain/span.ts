/** A stretch of time: when it began, in epoch milliseconds, and how long it lasts. */
export interface Span {
  readonly since: number;
  readonly ms: number;
}

/**
 * True while it lasts. Before its beginning nobody can be but by a clock that was put back: then it is over, because
 * a pause must not grow by what the clock was wrong.
 */
export function lasts(span: Span | undefined, now: number): boolean {
  return remainingMs(span, now) > 0;
}

/** For how long it still lasts, in milliseconds; 0 when it does not. */
export function remainingMs(span: Span | undefined, now: number): number {
  if (span === undefined || now < span.since) return 0;
  return Math.max(span.since + span.ms - now, 0);
}
