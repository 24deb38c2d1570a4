import { Global, Module, type DynamicModule } from '@nestjs/common';
import { AuditLog } from '../audit/audit-log.js';
import { Clock } from '../domain/clock.js';
import { EventLog } from '../logging/event-log.js';
import { Metrics } from '../ops/metrics.js';
import { StoreMeter } from '../store/store-meter.port.js';

/** What the product takes from outside the configuration: time, where its events go, and what it is. */
export interface Runtime {
  readonly clock: Clock;
  readonly log: EventLog;
  readonly audit: AuditLog;
  readonly version: string;
}

/** The log counts; `metrics` is where. */
export interface MeasuredRuntime extends Omit<Runtime, 'version'> {
  readonly metrics: Metrics;
}

@Global()
@Module({})
export class RuntimeModule {
  static of({ clock, log, audit, metrics }: MeasuredRuntime): DynamicModule {
    return {
      module: RuntimeModule,
      providers: [
        { provide: Clock, useValue: clock },
        { provide: EventLog, useValue: log },
        { provide: AuditLog, useValue: audit },
        { provide: Metrics, useValue: metrics },
        { provide: StoreMeter, useValue: metrics.store },
      ],
      exports: [Clock, EventLog, AuditLog, Metrics, StoreMeter],
    };
  }
}
