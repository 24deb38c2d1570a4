/** Time as a port, so that tests move it and nothing sleeps. All instants are epoch milliseconds. */
export interface Clock {
  now(): number;
}
export const Clock = Symbol('Clock');

export const systemClock: Clock = { now: () => Date.now() };
