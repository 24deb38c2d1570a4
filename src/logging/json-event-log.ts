import { pino, type DestinationStream, type Logger } from 'pino';
import type { LogConfig } from '../config/config.types.js';
import type { EventFields, EventLog } from './event-log.js';
import { LOG_EVENTS, type LogEventName } from './log-events.js';
import { cleanText } from './redact.js';
import { StandardOutput } from './standard-output.js';

/** One JSON object a line on standard output, written by pino; each is a named event with allow-listed fields. */
export class JsonEventLog implements EventLog {
  private readonly logger: Logger;

  /** `base`: what every line says of the process. */
  constructor(
    config: Pick<LogConfig, 'level'>,
    destination?: DestinationStream,
    base: EventFields = {},
  ) {
    const options = {
      level: config.level,
      base: { service: 'vestibule', ...base },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label: string) => ({ level: label }) },
    };
    const output =
      destination ?? new StandardOutput((lines) => this.event('log.lines_lost', { lines }));
    this.logger = pino(options, output);
  }

  event(name: LogEventName, fields: EventFields = {}): void {
    if (this.wants(name)) this.logger[LOG_EVENTS[name]]({ event: name, ...clean(fields) });
  }

  wants(name: LogEventName): boolean {
    return this.logger.isLevelEnabled(LOG_EVENTS[name]);
  }
}

function clean(fields: EventFields): EventFields {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [
      key,
      typeof value === 'string' ? cleanText(value) : value,
    ]),
  );
}
