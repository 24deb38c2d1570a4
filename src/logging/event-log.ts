import type { LogEventName } from './log-events.js';

export type EventFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Where named events go. */
export interface EventLog {
  event(name: LogEventName, fields?: EventFields): void;
  /** False for an event that nobody will see: then its fields need not be found out. */
  wants(name: LogEventName): boolean;
}
export const EventLog = Symbol('EventLog');
