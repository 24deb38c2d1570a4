import type { ServerMetadata } from 'openid-client';
import type { ProviderConfig } from '../config/provider-config.types.js';
import type { Clock } from '../domain/clock.js';
import { lasts, type Span } from '../domain/span.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import type { EventLog } from '../logging/event-log.js';
import { findMisfits } from './metadata-fit.js';
import { errorName, retryAfterOf } from './provider-errors.js';
import type { ProviderFetch } from './provider-fetch.js';
import { fetchServerMetadata } from './server-metadata.js';

const REFRESH_MS = 6 * 60 * 60 * 1000;
export const BACK_OFF_MS = { first: 1_000, most: 30_000 } as const;

/**
 * A provider's metadata by discovery (OIDC Discovery §4): lazy, one request at a time, kept, refreshed, and
 * after a failure not asked again before a growing pause. The last good metadata survive a failing refresh.
 */
export class ProviderMetadata {
  private current: ServerMetadata | undefined;
  private fresh: Span | undefined;
  private running: Promise<ServerMetadata> | undefined;
  private failures = 0;
  private lastFailure: VestibuleError | undefined;
  private pause: Span | undefined;

  constructor(
    private readonly provider: ProviderConfig,
    private readonly fetch: ProviderFetch,
    private readonly clock: Clock,
    private readonly log: EventLog,
  ) {}

  /** @throws VestibuleError `provider_unreachable`, `provider_misconfigured` when nothing usable is known */
  async get(): Promise<ServerMetadata> {
    const now = this.clock.now();
    if (this.current !== undefined && lasts(this.fresh, now)) return this.current;
    const isPaused = lasts(this.pause, now) && this.running === undefined;
    const discovery = isPaused ? undefined : this.once();
    // What is old is refreshed beside the request; nobody waits for it (a failure is logged there).
    if (this.current !== undefined) return this.current;
    if (discovery !== undefined) return discovery;
    throw this.failedBefore();
  }

  /** During the pause the fault is the same: a wrong setting is not called an outage. */
  private failedBefore(): VestibuleError {
    return new VestibuleError(this.lastFailure?.code ?? 'provider_unreachable', {
      detail: 'discovery failed a moment ago',
    });
  }

  private once(): Promise<ServerMetadata> {
    this.running ??= this.discover().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  /** What is known now, without asking. */
  get known(): boolean {
    return this.current !== undefined;
  }

  private async discover(): Promise<ServerMetadata> {
    try {
      const server = await fetchServerMetadata(this.provider, this.fetch);
      this.current = server;
      this.fresh = { since: this.clock.now(), ms: REFRESH_MS };
      this.failures = 0;
      this.log.event('provider.discovered', { provider: this.provider.id });
      this.tellMisfits(server);
      return server;
    } catch (error) {
      const failure =
        error instanceof VestibuleError
          ? error
          : new VestibuleError('provider_unreachable', { cause: error });
      this.lastFailure = failure;
      this.failures += 1;
      this.pause = { since: this.clock.now(), ms: this.pauseAfter(failure) };
      this.log.event('provider.discovery_failed', {
        provider: this.provider.id,
        cause: errorName(error),
        detail: failure.detail,
      });
      if (this.current !== undefined) return this.current;
      throw failure;
    }
  }

  /** As long as the provider asks for, where that is longer than the pause that grows. */
  private pauseAfter(failure: VestibuleError): number {
    const grown = Math.min(BACK_OFF_MS.first * 2 ** (this.failures - 1), BACK_OFF_MS.most);
    return Math.max(grown, retryAfterOf(failure, this.clock.now()) ?? 0);
  }

  /** Said, not enforced: metadata are often wrong about what a registration may do, and the provider decides. */
  private tellMisfits(server: ServerMetadata): void {
    for (const misfit of findMisfits(this.provider, server)) {
      this.log.event('provider.misfit', { provider: this.provider.id, ...misfit });
    }
  }
}
