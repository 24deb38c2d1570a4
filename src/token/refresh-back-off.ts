import type { Clock } from '../domain/clock.js';

const FIRST_MS = 1_000;
const MOST_MS = 30_000;
/** A trial that nobody tells the outcome of is over after this. */
const TRIAL_MS = 60_000;
/** Sessions that are remembered for a failure of their own; the oldest is forgotten. */
const MOST_ENTRIES = 10_000;

interface Pause {
  readonly failures: number;
  readonly until: number;
  /** Somebody is finding out whether it is well again. */
  readonly isTrial: boolean;
}

/**
 * A pause after a failed refresh, by name: of a provider, shared by all its sessions in this process, so that one
 * that is slow or down is asked once in a while and does not cost every session its grant; or of one session whose
 * refresh is refused while the provider is well. When the pause is over one refresh goes ahead alone: the others
 * follow when it has succeeded.
 */
export class RefreshBackOff {
  private readonly pauses = new Map<string, Pause>();

  constructor(private readonly clock: Clock) {}

  /** True while the provider (or the session) should be left alone. */
  isPaused(name: string): boolean {
    return (this.pauses.get(name)?.until ?? 0) > this.clock.now();
  }

  /** True for whoever may ask now, and must then say what came of it: one of the three below. */
  admits(name: string): boolean {
    const pause = this.pauses.get(name);
    if (pause === undefined) return true;
    const now = this.clock.now();
    if (pause.until > now) return false;
    this.remember(name, { ...pause, until: now + TRIAL_MS, isTrial: true });
    return true;
  }

  /** `askedMs`: how long the provider wants to be left alone, when it says so. */
  failed(name: string, askedMs = 0): void {
    const { failures = 0, until = 0, isTrial = false } = this.pauses.get(name) ?? {};
    const now = this.clock.now();
    // Many that were under way at the same time have failed of one cause: that is one failure.
    const isKnown = until > now && !isTrial;
    const count = isKnown ? failures : failures + 1;
    const pause = Math.max(askedMs, Math.min(FIRST_MS * 2 ** (count - 1), MOST_MS));
    const end = isKnown ? Math.max(until, now + askedMs) : now + pause;
    this.remember(name, { failures: count, until: end, isTrial: false });
  }

  succeeded(name: string): void {
    this.pauses.delete(name);
  }

  /** It did not come to a question: the next one may try. */
  abandoned(name: string): void {
    const pause = this.pauses.get(name);
    if (pause?.isTrial === true) this.remember(name, { ...pause, until: 0, isTrial: false });
  }

  private remember(name: string, pause: Pause): void {
    this.pauses.delete(name);
    this.pauses.set(name, pause);
    const [oldest] = this.pauses.keys();
    if (this.pauses.size > MOST_ENTRIES && oldest !== undefined) this.pauses.delete(oldest);
  }
}
