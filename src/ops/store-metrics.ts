import { Counter, type Registry } from 'prom-client';
import type { StoreAccess, StoreMeter } from '../store/store-meter.port.js';
import { DurationHistogram, type Durations } from './duration-histogram.js';

/** How long the store takes, and how often it fails. */
export class StoreMetrics implements StoreMeter {
  private readonly durations: Readonly<Record<StoreAccess, Durations>>;
  private readonly failures: Counter<'kind'>;

  constructor(registry: Registry) {
    const histogram = new DurationHistogram(
      registry,
      'vestibule_store_command_duration_seconds',
      'Seconds until Redis answered a command, by kind: read or write.',
    );
    this.durations = {
      read: histogram.of({ kind: 'read' }),
      write: histogram.of({ kind: 'write' }),
    };
    this.failures = new Counter({
      name: 'vestibule_store_command_failures_total',
      help: 'Commands that Redis refused, did not answer in time or was not there for, by kind: read or write.',
      labelNames: ['kind'],
      registers: [registry],
    });
    for (const kind of ['read', 'write'] as const) this.failures.inc({ kind }, 0);
  }

  answered(access: StoreAccess, ms: number): void {
    this.durations[access].add(ms);
  }

  failed(access: StoreAccess): void {
    this.failures.inc({ kind: access });
  }
}
