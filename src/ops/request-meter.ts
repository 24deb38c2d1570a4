import type { MarkedResponse } from '../http/marked-response.js';
import type { Listener } from '../http/route-table.js';
import type { DurationHistogram, Durations } from './duration-histogram.js';

/** The client left before it had an answer; nginx writes the same number. */
export const CLIENT_LEFT = 499;

/** The figures of one route. */
interface Tally {
  readonly statuses: Map<number, number>;
  readonly durations: Durations;
}

/** Counts the requests of one listener, each when its answer is over: by plain numbers, which are read now and then. */
export class RequestMeter {
  private readonly tallies = new Map<string, Tally>();
  private readonly onClose = endIn(this);
  private open = 0;

  constructor(
    readonly listener: Listener,
    private readonly histogram: DurationHistogram,
  ) {}

  /** Follows a request to the end of its answer. */
  follow(res: MarkedResponse): void {
    this.open += 1;
    // One function for all requests: a closure for each would cost more than the counting.
    res.on('close', this.onClose);
  }

  /** Counts an answer that is over. */
  end(res: MarkedResponse): void {
    this.open -= 1;
    const { startedAt, beganAt } = res;
    const { statuses, durations } = this.tallyOf(res.route);
    const isAnswered = beganAt !== undefined || res.headersSent;
    const status = isAnswered ? res.statusCode : CLIENT_LEFT;
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    durations.add((beganAt ?? performance.now()) - startedAt);
  }

  /** Requests whose answer is not over. */
  get inFlight(): number {
    return this.open;
  }

  /** How many requests each route has answered with each status. */
  *counts(): Iterable<{ readonly route: string; readonly status: number; readonly count: number }> {
    for (const [route, { statuses }] of this.tallies)
      for (const [status, count] of statuses) yield { route, status, count };
  }

  private tallyOf(route: string): Tally {
    const known = this.tallies.get(route);
    if (known !== undefined) return known;
    const durations = this.histogram.of({ listener: this.listener, route });
    const tally = { statuses: new Map<number, number>(), durations };
    this.tallies.set(route, tally);
    return tally;
  }
}

/** A listener that finds the answer in `this`, as events call it. */
function endIn(meter: RequestMeter): (this: MarkedResponse) => void {
  return function onClose() {
    meter.end(this);
  };
}
