import cluster from 'node:cluster';
import type { VestibuleConfig } from '../config/config.types.js';
import { causeOf } from '../errors/cause.js';
import type { EventLog } from '../logging/event-log.js';
import { JsonEventLog } from '../logging/json-event-log.js';
import { Metrics } from '../ops/metrics.js';
import { collectStartGarbage } from './start-garbage.js';
import { keepTickShape } from './tick-shape.js';
import { startVestibule, type Vestibule } from './vestibule.js';
import { superviseWorkers, tellReady, workersOf } from './workers.js';

/**
 * Runs an instance, of one process or several, until SIGTERM or SIGINT, then shuts it down in order. So does a fault that
 * nobody caught, with exit code 1: what it left behind nobody knows, so that whoever supervises the process starts a new one.
 */
export async function serve(
  config: VestibuleConfig,
  notices: readonly string[],
  version: string,
): Promise<void> {
  if (cluster.isWorker) return serveAsWorker(config, version);
  const log = new JsonEventLog(config.log);
  for (const message of notices) log.event('config.notice', { message });
  const workers = workersOf(config.server);
  if (workers > 1) await superviseWorkers(workers, log);
  else await run(config, version, log);
}

async function serveAsWorker(config: VestibuleConfig, version: string): Promise<void> {
  const worker = cluster.worker?.id ?? 0;
  const log = new JsonEventLog(config.log, undefined, { worker });
  const vestibule = await run(config, version, log).catch((error: unknown) => {
    // The channel to the primary would keep a process alive that does nothing.
    cluster.worker?.disconnect();
    throw error;
  });
  vestibule.application.get(Metrics).joinWorkers();
  tellReady();
}

async function run(config: VestibuleConfig, version: string, log: EventLog): Promise<Vestibule> {
  keepTickShape();
  const vestibule = await startVestibule(config, { version, log });
  collectStartGarbage();
  const stop = (exitCode: number): void => {
    vestibule.stop().then(
      () => process.exit(exitCode),
      () => process.exit(1),
    );
  };
  process.once('SIGTERM', () => stop(0));
  process.once('SIGINT', () => stop(0));
  // Rejections that nobody handles come here as well. Node itself would write the message, which may quote a secret.
  process.on('uncaughtException', (error) => {
    log.event('server.failed', { cause: causeOf(error) });
    stop(1);
  });
  return vestibule;
}
