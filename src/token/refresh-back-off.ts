import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../domain/clock.js';
import type { LiveSession } from '../domain/session.js';
import { lasts, type Span } from '../domain/span.js';
import type { AudienceRequest } from '../domain/token-set.js';
import type { TokenFailure } from '../provider/provider-errors.js';
import { OpenQuestions } from './open-questions.js';

export const FIRST_MS = 1_000;
export const MOST_MS = 30_000;
/** A trial that nobody tells the outcome of is over after this. */
const TRIAL_MS = 60_000;
/** Sessions that are remembered for a failure of their own; the oldest is forgotten. */
const MOST_ENTRIES = 10_000;

interface Pause extends Span {
  readonly failures: number;
  /** Somebody is finding out whether it is well again. */
  readonly isTrial: boolean;
}

/** What came of asking a provider for a token. */
interface Outcome {
  readonly kind: string;
  /** Absent where it brought one. */
  readonly failure?: TokenFailure;
  readonly retryAfterMs?: number;
}

/**
 * A pause after a failed refresh or exchange, by name: of a provider, shared by all its sessions in this process, so that one
 * that is slow or down is asked once in a while and does not cost every session its grant; or of one session whose
 * wish is refused while the provider is well. When the pause is over one refresh or exchange goes ahead alone: the
 * others follow when it has succeeded. So do they when it is silent, long before that is a failure.
 */
@Injectable()
export class RefreshBackOff {
  private readonly pauses = new Map<string, Pause>();
  private readonly questions: OpenQuestions;

  constructor(@Inject(Clock) private readonly clock: Clock) {
    this.questions = new OpenQuestions(clock);
  }

  /** What a provider answers to a question that takes the session's grant along while it is open. */
  async ask<T>(provider: string, question: () => Promise<T>): Promise<T> {
    return this.questions.ask(provider, question);
  }

  /** True while the provider (or the wish) should be left alone. */
  isPaused(name: string): boolean {
    return lasts(this.pauses.get(name), this.clock.now()) || this.questions.isSilent(name);
  }

  /** True for whoever may ask now, and must then say what came of it: one of those below. */
  admits(name: string): boolean {
    if (this.questions.isSilent(name)) return false;
    const pause = this.pauses.get(name);
    if (pause === undefined) return true;
    const now = this.clock.now();
    if (lasts(pause, now)) return false;
    this.remember(name, { ...pause, since: now, ms: TRIAL_MS, isTrial: true });
    return true;
  }

  /** `askedMs`: how long the provider wants to be left alone, when it says so. */
  failed(name: string, askedMs = 0): void {
    const pause = this.pauses.get(name);
    const now = this.clock.now();
    // Many that were under way at the same time have failed of one cause: that is one failure.
    if (pause !== undefined && !pause.isTrial && lasts(pause, now)) {
      const ms = Math.max(pause.ms, now + askedMs - pause.since);
      this.remember(name, { ...pause, ms });
      return;
    }
    const failures = (pause?.failures ?? 0) + 1;
    const ms = Math.max(askedMs, Math.min(FIRST_MS * 2 ** (failures - 1), MOST_MS));
    this.remember(name, { failures, since: now, ms, isTrial: false });
  }

  succeeded(name: string): void {
    this.pauses.delete(name);
  }

  /** Whom to leave alone after an outcome. A provider that answers for this grant alone is well. */
  learn(provider: string, wish: string, { failure, retryAfterMs }: Outcome): void {
    if (failure === undefined || failure === 'invalid_grant' || failure === 'refused')
      this.succeeded(provider);
    else this.failed(provider, retryAfterMs);
    if (failure === undefined) this.succeeded(wish);
    if (failure === 'refused') this.failed(wish, retryAfterMs);
  }

  /** It did not come to a question: the next one may try. */
  abandoned(name: string): void {
    const pause = this.pauses.get(name);
    if (pause?.isTrial === true) this.remember(name, { ...pause, ms: 0, isTrial: false });
  }

  private remember(name: string, pause: Pause): void {
    this.pauses.delete(name);
    this.pauses.set(name, pause);
    const [oldest] = this.pauses.keys();
    if (this.pauses.size > MOST_ENTRIES && oldest !== undefined) this.pauses.delete(oldest);
  }
}

/** What a session asks a provider for: its own tokens, or one for an API. */
export function wishOf({ handle }: LiveSession, audience: AudienceRequest | undefined): string {
  return audience === undefined ? handle : `${handle} ${audience.key}`;
}
