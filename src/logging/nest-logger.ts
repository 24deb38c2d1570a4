import type { LoggerService } from '@nestjs/common';
import type { EventLog } from './event-log.js';

/** Brings what Nest itself says into the event log: no second format on standard output. */
export class NestLogger implements LoggerService {
  constructor(private readonly log_: EventLog) {}

  log(message: unknown): void {
    this.log_.event('framework.message', { message: String(message) });
  }

  debug(message: unknown): void {
    this.log(message);
  }

  verbose(message: unknown): void {
    this.log(message);
  }

  warn(message: unknown): void {
    this.log_.event('framework.problem', { message: String(message) });
  }

  error(message: unknown): void {
    this.warn(message);
  }

  fatal(message: unknown): void {
    this.warn(message);
  }
}
