import { STATUS_CODES } from 'node:http';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Listener } from '../http/route-table.js';
import { DurationHistogram } from './duration-histogram.js';
import { CLIENT_LEFT, RequestMeter } from './request-meter.js';

/** What is counted of requests, on both listeners. */
export class RequestMetrics {
  private readonly meters: Readonly<Record<Listener, RequestMeter>>;

  constructor(registry: Registry) {
    const seconds = new DurationHistogram(
      registry,
      'vestibule_http_request_duration_seconds',
      'Seconds until the answer began, so that streams, downloads and slow readers do not count.',
    );
    this.meters = {
      public: new RequestMeter('public', seconds),
      internal: new RequestMeter('internal', seconds),
    };
    const all = Object.values(this.meters);
    registry.registerMetric(requestsOf(all));
    registry.registerMetric(inFlightOf(all));
  }

  /** The meter of a listener. */
  of(listener: Listener): RequestMeter {
    return this.meters[listener];
  }
}

/** The labels are put together when somebody reads: at each request they would cost more than all the rest. */
function requestsOf(meters: readonly RequestMeter[]): Counter {
  return new Counter({
    name: 'vestibule_http_requests_total',
    help: 'Requests that are over, by the name of their route; status 499: the client left before an answer.',
    labelNames: ['listener', 'route', 'status'],
    registers: [],
    collect() {
      this.reset();
      for (const meter of meters)
        for (const { route, status, count } of meter.counts())
          this.inc({ listener: meter.listener, route, status: labelOf(status) }, count);
    },
  });
}

function inFlightOf(meters: readonly RequestMeter[]): Gauge {
  return new Gauge({
    name: 'vestibule_http_requests_in_flight',
    help: 'Requests whose answer is not over, streams among them.',
    labelNames: ['listener'],
    registers: [],
    collect() {
      for (const { listener, inFlight } of meters) this.set({ listener }, inFlight);
    },
  });
}

/** An API may answer with any number; only those that have a name get a label of their own. */
function labelOf(status: number): string {
  const isKnown = status === CLIENT_LEFT || STATUS_CODES[status] !== undefined;
  return isKnown ? String(status) : `${Math.floor(status / 100)}xx`;
}
