import { EventEmitter, once } from 'node:events';
import type { VestibuleConfig } from '../../src/config/config.types.js';
import { startVestibule, type Vestibule } from '../../src/app/vestibule.js';
import { JsonEventLog } from '../../src/logging/json-event-log.js';
import type { LogLine } from './bff-host.js';
import type { Stage } from './stage.js';

/** A second instance of a stage's product: same configuration, same store, a port of its own. */
export interface Replica {
  readonly vestibule: Vestibule;
  url(path: string): string;
  /** The log lines of one event. */
  logged(event: string): LogLine[];
  stop(): Promise<void>;
}

/**
 * Starts it over Redis, which it may reach by another way; what it logs is looked through for secrets with the rest
 * when the stage closes.
 */
export async function startReplica(
  stage: Stage,
  more: Partial<Pick<VestibuleConfig, 'store' | 'tokens'>> = {},
): Promise<Replica> {
  const { config } = stage.bff;
  const lines: LogLine[] = [];
  const events = new EventEmitter();
  const connected = once(events, 'store.connected');
  const write = (text: string): void => {
    stage.note({ where: 'log line of the replica', text });
    const line = JSON.parse(text) as LogLine;
    lines.push(line);
    events.emit(String(line['event']));
  };
  const running = await startVestibule(
    { ...config, ...more, server: { ...config.server, port: 0, internalPort: 0 } },
    { clock: stage.clock, log: new JsonEventLog(config.log, { write }) },
  );
  await connected;
  return {
    vestibule: running,
    url: (path) => `http://localhost:${running.port}${config.server.basePath}${path}`,
    logged: (event) => lines.filter((line) => line['event'] === event),
    stop: () => running.stop(),
  };
}
