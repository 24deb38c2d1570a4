import * as fc from 'fast-check';
import { MOST_MS, RefreshBackOff } from '../../../src/token/refresh-back-off.js';
import { FixedClock } from '../../support/fixed-clock.js';
import { must } from '../expectations.js';
import { target, type FuzzTarget } from '../fuzz-target.js';

const HOUR_MS = 3_600_000;
const NAMES = ['one', 'two'];
const event = fc.record({
  kind: fc.constantFrom('failed', 'failed', 'succeeded', 'asked', 'asked', 'abandoned', 'learned'),
  name: fc.constantFrom(...NAMES),
  failure: fc.constantFrom(null, 'invalid_grant', 'refused', 'unavailable', 'not_sent'),
  askedMs: fc.constantFrom(0, 0, 1, 5_000, 300_000),
  laterMs: fc.constantFrom(0, 0, 1, 999, 1_000, 30_000, 61_000),
});

type Event = typeof event extends fc.Arbitrary<infer T> ? T : never;
type Check = (pauses: RefreshBackOff, failing: Set<string>, one: Event) => void;

const CHECKS: Readonly<Record<string, Check>> = {
  asked: (pauses, failing, { name }) => {
    const wasPaused = pauses.isPaused(name);
    const isAdmitted = pauses.admits(name);
    must(!wasPaused || !isAdmitted, 'asked in the pause');
    must(failing.has(name) || isAdmitted, 'paused without a failure');
    must(!isAdmitted || !failing.has(name) || !pauses.admits(name), 'two try at once');
  },
  succeeded: (pauses, failing, { name }) => {
    pauses.succeeded(name);
    failing.delete(name);
    must(pauses.admits(name) && pauses.admits(name), 'paused, and it is well');
  },
  abandoned: (pauses, failing, { name }) => {
    pauses.abandoned(name);
    must(failing.has(name) || !pauses.isPaused(name), 'paused without a failure');
  },
  failed: (pauses, failing, { name, askedMs }) => {
    pauses.failed(name, askedMs);
    failing.add(name);
    must(pauses.isPaused(name), 'no pause after a failure');
  },
  learned: (pauses, failing, { name, failure, askedMs: retryAfterMs }) => {
    const wish = `${name} wish`;
    const told = failure === null ? {} : { failure: failure as 'refused' };
    pauses.learn(name, wish, { kind: 'x', retryAfterMs, ...told });
    const isWell = failure === null || failure === 'invalid_grant' || failure === 'refused';
    if (isWell) failing.delete(name);
    else failing.add(name);
    must(pauses.isPaused(name) === !isWell, 'a provider that is well is left alone');
    must(failure !== 'refused' || pauses.isPaused(wish), 'asked for it again');
  },
};

const backOff = target({
  name: 'pause of a provider',
  files: ['token/refresh-back-off.ts'],
  inputs: fc.array(event, { minLength: 1, maxLength: 12 }),
  check: (events) => {
    const clock = new FixedClock();
    const pauses = new RefreshBackOff(clock);
    /** Names that failed, and of which nobody has told anything good since. */
    const failing = new Set<string>();
    for (const one of events) {
      clock.advance(one.laterMs);
      CHECKS[one.kind]!(pauses, failing, one);
    }
    clock.advance(HOUR_MS + MOST_MS);
    must(
      NAMES.every((name) => pauses.admits(name)),
      'a pause without end',
    );
  },
});

export const tokenTargets: readonly FuzzTarget[] = [backOff];
