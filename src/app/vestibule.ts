import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import 'reflect-metadata';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AuditStream } from '../audit/audit-stream.js';
import type { VestibuleConfig } from '../config/config.types.js';
import { systemClock } from '../domain/clock.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import { ErrorAnswer } from '../http/error-answer.js';
import { ListenerAdapter } from '../http/listener.adapter.js';
import { securityHeaders } from '../http/security-headers.js';
import { EventLog } from '../logging/event-log.js';
import { JsonEventLog } from '../logging/json-event-log.js';
import { NestLogger } from '../logging/nest-logger.js';
import type { KnownNames } from '../ops/event-counters.js';
import { Metrics } from '../ops/metrics.js';
import { Readiness } from '../ops/readiness.js';
import type { Sources } from '../ops/state-gauges.js';
import { ProxyService } from '../proxy/proxy.service.js';
import { SpaService } from '../proxy/spa.service.js';
import { WebsocketService } from '../proxy/websocket.service.js';
import { IntrospectionEndpoint } from '../service/introspection.endpoint.js';
import { SessionEndpoint } from '../session/session.endpoint.js';
import { SessionEventsEndpoint } from '../session/session-events.endpoint.js';
import { SessionStreams } from '../session/session-streams.js';
import { VerifyEndpoint } from '../verify/verify.endpoint.js';
import { createEdge, createUpgradeEdge, type EdgeParts, type UpgradeHandler } from './edge.js';
import { InternalModule } from './internal.module.js';
import { PublicModule } from './public.module.js';
import type { Runtime } from './runtime.module.js';

const IDLE_SWEEP_MS = 50;

/** A running instance: both listeners over one set of services. */
export interface Vestibule {
  readonly port: number;
  readonly internalPort: number;
  /** The public application's container, for tests and for the start of the process. */
  readonly application: INestApplication;
  /** Readiness turns red, requests go on for the delay, then both listeners close and running requests end. */
  stop(): Promise<void>;
}

/** Builds and starts an instance. Port 0 takes a free one; `runtime` replaces the clock, the log or the audit stream. */
export async function startVestibule(
  config: VestibuleConfig,
  runtime: Partial<Runtime> = {},
): Promise<Vestibule> {
  const publicAdapter = new ListenerAdapter();
  const internalAdapter = new ListenerAdapter();
  const { clock = systemClock, version = 'unreleased' } = runtime;
  const metrics = new Metrics(namesOf(config));
  const log = metrics.counting(runtime.log ?? new JsonEventLog(config.log));
  const options = { logger: new NestLogger(log), bodyParser: false, abortOnError: false } as const;
  const audit = runtime.audit ?? AuditStream.open(config.log.audit, clock, log);
  const application = await NestFactory.create(
    PublicModule.of(config, { clock, log, audit, metrics }),
    publicAdapter,
    options,
  );
  const internal = await NestFactory.create(
    InternalModule.over(application),
    internalAdapter,
    options,
  );
  publicAdapter.useEdge(createEdge(publicParts(application, config)));
  publicAdapter.useUpgrades(
    createUpgradeEdge(publicParts(application, config), upgradesOf(application)),
  );
  internalAdapter.useEdge(createEdge(internalParts(application, config)));
  metrics.watch(sourcesOf(application, version));
  await listen(application, internal, config);
  const running = { port: portOf(publicAdapter), internalPort: portOf(internalAdapter) };
  log.event('server.listening', { ...running, origin: config.server.origin });
  let stopping: Promise<void> | undefined;
  return {
    ...running,
    application,
    stop: () => (stopping ??= stop(application, internal, config)),
  };
}

async function listen(
  application: INestApplication,
  internal: INestApplication,
  { server }: VestibuleConfig,
): Promise<void> {
  try {
    // The public listener first: once readiness can be asked for, traffic can come.
    await application.listen(server.port, server.host);
    await internal.listen(server.internalPort, server.internalHost);
  } catch (error) {
    // Half an instance would keep the process alive and look ready to a probe.
    await Promise.all([internal.close(), application.close()]);
    throw error;
  }
}

/** The names that labels of metrics may have. */
function namesOf({ providers, routes }: VestibuleConfig): KnownNames {
  return { providers: providers.map(({ id }) => id), routes: routes.map(({ name }) => name) };
}

function sourcesOf(application: INestApplication, version: string): Sources {
  const readiness = application.get(Readiness);
  const streams = application.get(SessionStreams);
  const websockets = application.get(WebsocketService);
  return {
    version,
    isDraining: () => readiness.isDraining,
    isStoreUp: () => readiness.isStoreUp(),
    knownProviders: () => readiness.knownProviders(),
    eventStreams: () => streams.openOf('events'),
    webSockets: () => websockets.size,
  };
}

function shared(
  application: INestApplication,
  config: VestibuleConfig,
): Omit<EdgeParts, 'listener' | 'meter' | 'hot' | 'otherwise' | 'basePath'> {
  const readiness = application.get(Readiness);
  return {
    server: config.server,
    csrf: config.csrf,
    headers: securityHeaders(config.server.https),
    errors: application.get(ErrorAnswer),
    log: application.get<EventLog>(EventLog),
    isDraining: () => readiness.isDraining,
  };
}

function publicParts(application: INestApplication, config: VestibuleConfig): EdgeParts {
  const session = application.get(SessionEndpoint);
  const events = application.get(SessionEventsEndpoint);
  const proxy = application.get(ProxyService);
  const spa = application.get(SpaService);
  return {
    ...shared(application, config),
    listener: 'public',
    meter: application.get(Metrics).requests.of('public'),
    basePath: config.server.basePath,
    hot: new Map([
      ['session', (exchange) => session.handle(exchange)],
      ['session.events', (exchange) => events.handle(exchange)],
    ]),
    otherwise: async (exchange) => {
      const route = proxy.routeFor(exchange.path);
      await (route === undefined ? spa.handle(exchange) : proxy.handle(exchange, route));
    },
  };
}

function upgradesOf(application: INestApplication): UpgradeHandler {
  const websockets = application.get(WebsocketService);
  return {
    takes: (req) => WebsocketService.isAsked(req),
    handle: (exchange, socket, head) => websockets.handle(exchange, socket, head),
  };
}

function internalParts(application: INestApplication, config: VestibuleConfig): EdgeParts {
  const introspection = application.get(IntrospectionEndpoint);
  const verify = application.get(VerifyEndpoint);
  return {
    ...shared(application, config),
    listener: 'internal',
    meter: application.get(Metrics).requests.of('internal'),
    basePath: '',
    hot: new Map([
      ['introspect', (exchange) => introspection.handle(exchange)],
      ['verify', (exchange) => verify.handle(exchange)],
    ]),
    otherwise: () => Promise.reject(new VestibuleError('not_found')),
  };
}

async function stop(
  application: INestApplication,
  internal: INestApplication,
  config: VestibuleConfig,
): Promise<void> {
  const log = application.get<EventLog>(EventLog);
  application.get(Readiness).drain();
  log.event('server.draining', { delay_ms: config.server.shutdownDelayMs });
  await delay(config.server.shutdownDelayMs);
  // Streams would hold the listener open; their browsers come back to another instance.
  application.get(SessionStreams).closeAll();
  application.get(WebsocketService).closeAll();
  await Promise.all([drain(application, config), drain(internal, config)]);
  await internal.close();
  await application.close();
  log.event('server.stopped');
}

/** Stops accepting and waits for what runs; what runs too long is cut off (a half-sent request would hold the process). */
async function drain(application: INestApplication, config: VestibuleConfig): Promise<void> {
  const server = application.getHttpServer() as Server;
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  const adapter = application.getHttpAdapter() as unknown as ListenerAdapter;
  adapter.closeIdle();
  // A connection whose last request was answered meanwhile is idle only now, and would be waited for.
  const sweep = setInterval(() => adapter.closeIdle(), IDLE_SWEEP_MS);
  const cutOff = setTimeout(() => server.closeAllConnections(), config.server.shutdownTimeoutMs);
  await closed;
  clearInterval(sweep);
  clearTimeout(cutOff);
}

function portOf(adapter: ListenerAdapter): number {
  return ((adapter.getHttpServer() as Server).address() as AddressInfo).port;
}
