import type { Clock } from '../domain/clock.js';

const FIRST_MS = 1_000;
const MOST_MS = 30_000;

/**
 * A pause after a provider failed to renew tokens, shared by all sessions of this process: a provider that is
 * slow or down is asked once in a while, not once for every request, and does not cost every session its grant.
 */
export class RefreshBackOff {
  private readonly pauses = new Map<
    string,
    { readonly failures: number; readonly until: number }
  >();

  constructor(private readonly clock: Clock) {}

  /** True while the provider should be left alone. */
  isPaused(provider: string): boolean {
    return (this.pauses.get(provider)?.until ?? 0) > this.clock.now();
  }

  failed(provider: string): void {
    const failures = (this.pauses.get(provider)?.failures ?? 0) + 1;
    const pause = Math.min(FIRST_MS * 2 ** (failures - 1), MOST_MS);
    this.pauses.set(provider, { failures, until: this.clock.now() + pause });
  }

  succeeded(provider: string): void {
    this.pauses.delete(provider);
  }
}
