import type { EventFields, EventLog } from '../../src/logging/event-log.js';
import type { LogEventName } from '../../src/logging/log-events.js';

interface RecordedEvent {
  readonly name: LogEventName;
  readonly fields: EventFields;
}

/** An event log that remembers, and tells when an event has come. */
export class RecordedEvents implements EventLog {
  readonly events: RecordedEvent[] = [];
  private readonly waiting: { name: LogEventName; resolve: () => void }[] = [];

  event(name: LogEventName, fields: EventFields = {}): void {
    this.events.push({ name, fields });
    for (const waiter of this.waiting.filter((one) => one.name === name)) {
      this.waiting.splice(this.waiting.indexOf(waiter), 1);
      waiter.resolve();
    }
  }

  wants(): boolean {
    return true;
  }

  count(name: LogEventName): number {
    return this.events.filter((event) => event.name === name).length;
  }

  /** Resolves at the next event of this name. */
  next(name: LogEventName): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push({ name, resolve });
    });
  }

  /** Resolves when the event has come this many times in all. */
  async until(name: LogEventName, count: number): Promise<void> {
    while (this.count(name) < count) await this.next(name);
  }
}
