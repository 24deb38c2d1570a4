import { Inject, Injectable } from '@nestjs/common';
import { AuditLog } from '../audit/audit-log.js';
import { ProviderRegistry } from '../provider/provider-registry.js';
import { Store } from '../store/store.port.js';

export interface ReadinessReport {
  readonly status: 'ready' | 'not ready';
  readonly draining: boolean;
  readonly store: 'up' | 'down';
  /** Told, never red: sessions that are there work without the provider. */
  readonly providers: Readonly<Record<string, 'known' | 'unknown'>>;
  /** Told, never red: what is not written down is kept for a while, and nobody is logged out for it. */
  readonly audit: 'off' | 'writing' | 'failing';
  /** What an operator should change. */
  readonly warnings: readonly string[];
}

/** Whether traffic should come to this instance. */
@Injectable()
export class Readiness {
  private draining = false;

  constructor(
    @Inject(Store) private readonly store: Store,
    private readonly providers: ProviderRegistry,
    @Inject(AuditLog) private readonly audit: AuditLog,
  ) {}

  /** From now on this instance is not ready; there is no way back. */
  drain(): void {
    this.draining = true;
  }

  get isDraining(): boolean {
    return this.draining;
  }

  /** Asks the store. */
  isStoreUp(): Promise<boolean> {
    return this.store.ping().then(
      () => true,
      () => false,
    );
  }

  /** By provider, whether its metadata were read. */
  knownProviders(): Readonly<Record<string, boolean>> {
    return Object.fromEntries(this.providers.all.map((one) => [one.config.id, one.known]));
  }

  async report(): Promise<ReadinessReport> {
    const up = await this.isStoreUp();
    return {
      status: up && !this.draining ? 'ready' : 'not ready',
      draining: this.draining,
      store: up ? 'up' : 'down',
      providers: Object.fromEntries(
        Object.entries(this.knownProviders()).map(([id, known]) => [
          id,
          known ? 'known' : 'unknown',
        ]),
      ),
      audit: this.audit.state,
      warnings: up ? await this.store.warnings().catch(() => []) : [],
    };
  }
}
