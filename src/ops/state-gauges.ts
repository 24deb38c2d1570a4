import { Gauge, type Aggregator, type Registry } from 'prom-client';

/** What is looked at when somebody reads, and counted by nobody meanwhile. */
export interface Sources {
  readonly version: string;
  readonly isDraining: () => boolean;
  readonly isStoreUp: () => Promise<boolean>;
  /** By provider, whether its metadata were read. */
  readonly knownProviders: () => Readonly<Record<string, boolean>>;
  readonly eventStreams: () => number;
  readonly webSockets: () => number;
}

/** Registers the gauges of what is so at the moment. */
export function registerStateGauges(registry: Registry, sources: Sources): void {
  const gauges = [
    gauge('vestibule_store_up', '1 while the store answers.', sources.isStoreUp, 'min'),
    gauge('vestibule_draining', '1 once this instance is going away.', sources.isDraining, 'max'),
    gauge(
      'vestibule_event_streams_open',
      'Streams of GET /session/events that are open.',
      sources.eventStreams,
      'sum',
    ),
    gauge(
      'vestibule_websockets_open',
      'WebSockets that are open or being opened.',
      sources.webSockets,
      'sum',
    ),
    knownProviders(sources),
    buildInfo(sources),
  ];
  for (const one of gauges) registry.registerMetric(one);
}

/** `ofAll`: what the figures of several workers make together. */
function gauge(
  name: string,
  help: string,
  read: () => number | boolean | Promise<boolean>,
  ofAll: Aggregator,
): Gauge {
  return new Gauge({
    name,
    help,
    registers: [],
    aggregator: ofAll,
    async collect() {
      this.set(Number(await read()));
    },
  });
}

function knownProviders(sources: Sources): Gauge {
  return new Gauge({
    name: 'vestibule_provider_known',
    help: '1 once the metadata of the provider were read.',
    labelNames: ['provider'],
    registers: [],
    aggregator: 'min',
    collect() {
      for (const [provider, known] of Object.entries(sources.knownProviders()))
        this.set({ provider }, Number(known));
    },
  });
}

function buildInfo({ version }: Sources): Gauge {
  const info = new Gauge({
    name: 'vestibule_build_info',
    help: 'Always 1; its labels say what is running.',
    labelNames: ['version', 'node'],
    registers: [],
    aggregator: 'first',
  });
  info.set({ version, node: process.versions.node }, 1);
  return info;
}
