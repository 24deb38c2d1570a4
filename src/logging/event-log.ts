import type { LogEventName } from './log-events.js';

export type EventFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Where named events go. */
export interface EventLog {
  event(name: LogEventName, fields?: EventFields): void;
}
export const EventLog = Symbol('EventLog');
