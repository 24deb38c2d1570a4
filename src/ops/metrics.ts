import { collectDefaultMetrics, Registry } from 'prom-client';
import type { EventLog } from '../logging/event-log.js';
import { CountingEventLog } from './counting-event-log.js';
import { eventCounters, type KnownNames } from './event-counters.js';
import { RequestMetrics } from './request-metrics.js';
import { registerStateGauges, type Sources } from './state-gauges.js';
import { StoreMetrics } from './store-metrics.js';
import { joinWorkers } from './worker-metrics.js';

/**
 * What an instance counts and measures, for Prometheus. Every label value is a word of ours or a name of the
 * configuration, or a status that HTTP has a name for; nothing else that a user, a provider or an upstream says becomes
 * one.
 */
export class Metrics {
  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE;
  readonly requests: RequestMetrics;
  readonly store: StoreMetrics;
  private readonly registry = new Registry();
  private ofAllWorkers: (() => Promise<string>) | undefined;

  constructor(private readonly names: KnownNames) {
    const { registry } = this;
    this.requests = new RequestMetrics(registry);
    this.store = new StoreMetrics(registry);
    collectDefaultMetrics({ register: registry });
  }

  /** The same log, whose events are counted. To be called once. */
  counting(log: EventLog): EventLog {
    return new CountingEventLog(log, eventCounters(this.names), this.registry);
  }

  /** What is asked when somebody reads. */
  watch(sources: Sources): void {
    registerStateGauges(this.registry, sources);
  }

  /** From now on what is read is that of all workers of the instance. */
  joinWorkers(): void {
    this.ofAllWorkers = joinWorkers(this.registry);
  }

  /** All of it, in Prometheus' text format. */
  text(): Promise<string> {
    return this.ofAllWorkers?.() ?? this.registry.metrics();
  }
}
