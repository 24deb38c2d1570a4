import { Counter, type Registry } from 'prom-client';
import type { EventFields, EventLog } from '../logging/event-log.js';
import { LOG_EVENTS, type LogEventName } from '../logging/log-events.js';
import type { EventCounter } from './event-counters.js';

/** Counts what an event says. */
type Count = (fields: EventFields) => void;

/** Counts the events that pass through it, whatever the log's level drops of them afterwards. */
export class CountingEventLog implements EventLog {
  private readonly counts = new Map<LogEventName, Count[]>();

  constructor(
    private readonly log: EventLog,
    counters: readonly EventCounter[],
    registry: Registry,
  ) {
    for (const counter of counters) {
      const count = register(counter, registry);
      for (const name of Object.keys(LOG_EVENTS) as LogEventName[]) {
        const labelsOf = counter.events[name];
        if (labelsOf !== undefined)
          this.add(name, (fields) => {
            const labels = labelsOf(fields);
            if (labels !== undefined) count(labels, howMany(fields));
          });
      }
    }
  }

  event(name: LogEventName, fields: EventFields = {}): void {
    for (const count of this.counts.get(name) ?? []) count(fields);
    this.log.event(name, fields);
  }

  wants(name: LogEventName): boolean {
    return this.counts.has(name) || this.log.wants(name);
  }

  private add(name: LogEventName, count: Count): void {
    this.counts.set(name, [...(this.counts.get(name) ?? []), count]);
  }
}

/** An event may stand for several of its kind. */
function howMany({ count = 1 }: EventFields): number {
  return Number(count);
}

/**
 * Every series is there from the start, at zero, and none is added: what fits none of them counts as `other`. So no
 * event can make a label of anything.
 */
function register(
  { name, help, labels }: EventCounter,
  registry: Registry,
): (labels: EventFields, many: number) => void {
  const labelNames = Object.keys(labels);
  const keyOf = (one: EventFields): string => labelNames.map((label) => one[label]).join(' ');
  const series = new Map(combinations(labels).map((one) => [keyOf(one), { labels: one, sum: 0 }]));
  const other = Object.fromEntries(labelNames.map((label) => [label, 'other']));
  let unfit = 0;
  registry.registerMetric(
    new Counter({
      name,
      help,
      labelNames,
      registers: [],
      collect() {
        this.reset();
        for (const one of series.values()) this.inc(one.labels, one.sum);
        if (unfit > 0) this.inc(other, unfit);
      },
    }),
  );
  return (given, many) => {
    const one = series.get(keyOf(given));
    if (one === undefined) unfit += many;
    else one.sum += many;
  };
}

/** Each value of each label with each of the others. */
function combinations(labels: EventCounter['labels']): Record<string, string>[] {
  let all: Record<string, string>[] = [{}];
  for (const [label, values] of Object.entries(labels))
    all = all.flatMap((one) => values.map((value) => ({ ...one, [label]: value })));
  return all;
}
