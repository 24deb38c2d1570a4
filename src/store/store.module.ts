import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { StoreConfig } from '../config/config.types.js';
import { Clock } from '../domain/clock.js';
import { EventLog } from '../logging/event-log.js';
import { openStore } from './open-store.js';
import { Store } from './store.port.js';

/** Offers `Store`; needs `StoreConfig`, `Clock` and `EventLog` from global modules. */
@Global()
@Module({
  providers: [{ provide: Store, useFactory: openStore, inject: [StoreConfig, Clock, EventLog] }],
  exports: [Store],
})
export class StoreModule implements OnApplicationShutdown {
  constructor(@Inject(Store) private readonly store: Store) {}

  /** Nest calls this after the listeners are closed; at module destruction, requests under way still need the store. */
  async onApplicationShutdown(): Promise<void> {
    await this.store.close();
  }
}
