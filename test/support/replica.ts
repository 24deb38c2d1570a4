import { EventEmitter, once } from 'node:events';
import { startVestibule } from '../../src/app/vestibule.js';
import { JsonEventLog } from '../../src/logging/json-event-log.js';
import type { Stage } from './stage.js';

/** A second instance of a stage's product: same configuration, same store, a port of its own. */
export interface Replica {
  url(path: string): string;
  stop(): Promise<void>;
}

/** Starts it over Redis; what it logs is looked through for secrets with the rest when the stage closes. */
export async function startReplica(stage: Stage): Promise<Replica> {
  const { config } = stage.bff;
  const events = new EventEmitter();
  const connected = once(events, 'store.connected');
  const write = (text: string): void => {
    stage.note({ where: 'log line of the replica', text });
    events.emit(String((JSON.parse(text) as { event: unknown }).event));
  };
  const running = await startVestibule(
    { ...config, server: { ...config.server, port: 0, internalPort: 0 } },
    { clock: stage.clock, log: new JsonEventLog(config.log, { write }) },
  );
  await connected;
  return {
    url: (path) => `http://localhost:${running.port}${config.server.basePath}${path}`,
    stop: () => running.stop(),
  };
}
