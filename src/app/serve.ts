import type { VestibuleConfig } from '../config/config.types.js';
import { EventLog } from '../logging/event-log.js';
import { startVestibule } from './vestibule.js';

/** Runs an instance until SIGTERM or SIGINT, then shuts it down in order. */
export async function serve(
  config: VestibuleConfig,
  notices: readonly string[],
  version: string,
): Promise<void> {
  const vestibule = await startVestibule(config, { version });
  const log = vestibule.application.get<EventLog>(EventLog);
  for (const message of notices) log.event('config.notice', { message });
  const stop = (): void => {
    vestibule.stop().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}
