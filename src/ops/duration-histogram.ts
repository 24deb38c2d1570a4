import type { Metric, Registry } from 'prom-client';

/** Seconds: what memory and Redis answer, what an API takes, what a person notices, what is stuck. */
const BUCKETS = [0.005, 0.025, 0.1, 0.5, 2.5, 10] as const;

/** The durations of one kind. A measurement is two additions. */
export class Durations {
  /** By bucket, not added up; the last one is for what took longer than all of them. */
  readonly counts: number[] = [...BUCKETS.map(() => 0), 0];
  sum = 0;

  add(ms: number): void {
    const seconds = ms / 1000;
    let at = 0;
    while (at < BUCKETS.length && seconds > (BUCKETS[at] ?? 0)) at += 1;
    this.counts[at] = (this.counts[at] ?? 0) + 1;
    this.sum += seconds;
  }
}

type Labels = Readonly<Record<string, string>>;

interface Sample {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/**
 * A histogram for what happens with every request: prom-client's own makes a string of the labels at each
 * measurement, this one has its labels prepared.
 */
export class DurationHistogram {
  private readonly kinds: { readonly labels: Labels; readonly durations: Durations }[] = [];

  constructor(
    registry: Registry,
    private readonly name: string,
    help: string,
  ) {
    // A registry asks no more of a metric than this.
    const metric = {
      name,
      help,
      type: 'histogram',
      get: async () => ({
        name,
        help,
        type: 'histogram',
        aggregator: 'sum',
        values: this.samples(),
      }),
    };
    registry.registerMetric(metric as unknown as Metric);
  }

  /** Where to put the durations of one kind, which is asked for once. */
  of(labels: Labels): Durations {
    const durations = new Durations();
    this.kinds.push({ labels, durations });
    return durations;
  }

  private samples(): Sample[] {
    return this.kinds.flatMap(({ labels, durations }) => this.samplesOf(labels, durations));
  }

  private samplesOf(labels: Labels, { counts, sum }: Durations): Sample[] {
    let count = 0;
    const buckets = counts.map((more, at) => {
      count += more;
      const le = BUCKETS[at] ?? '+Inf';
      return { metricName: `${this.name}_bucket`, labels: { le, ...labels }, value: count };
    });
    return [
      ...buckets,
      { metricName: `${this.name}_sum`, labels, value: sum },
      { metricName: `${this.name}_count`, labels, value: count },
    ];
  }
}
