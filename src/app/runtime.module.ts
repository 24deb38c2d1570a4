import { Global, Module, type DynamicModule } from '@nestjs/common';
import { Clock } from '../domain/clock.js';
import { EventLog } from '../logging/event-log.js';

/** What the product takes from outside the configuration: time, and where its events go. */
export interface Runtime {
  readonly clock: Clock;
  readonly log: EventLog;
}

@Global()
@Module({})
export class RuntimeModule {
  static of({ clock, log }: Runtime): DynamicModule {
    return {
      module: RuntimeModule,
      providers: [
        { provide: Clock, useValue: clock },
        { provide: EventLog, useValue: log },
      ],
      exports: [Clock, EventLog],
    };
  }
}
