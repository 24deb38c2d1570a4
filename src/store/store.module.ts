import { setTimeout as delay } from 'node:timers/promises';
import {
  Global,
  Inject,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { StoreConfig } from '../config/config.types.js';
import { Clock } from '../domain/clock.js';
import { EventLog } from '../logging/event-log.js';
import { openStore } from './open-store.js';
import { StoreMeter } from './store-meter.port.js';
import { Store } from './store.port.js';

/** How long the start waits for the store, and how often it asks. Without it the start goes on all the same. */
const FIRST_CONTACT = { attempts: 40, pauseMs: 25 } as const;

/** Offers `Store`; needs `StoreConfig`, `Clock` and `EventLog` from global modules; tells a `StoreMeter` where there is one. */
@Global()
@Module({
  providers: [
    {
      provide: Store,
      useFactory: openStore,
      inject: [StoreConfig, Clock, EventLog, { token: StoreMeter, optional: true }],
    },
  ],
  exports: [Store],
})
export class StoreModule implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(@Inject(Store) private readonly store: Store) {}

  /**
   * Nest calls this before the listeners open: a store that is there is connected to before the first request
   * comes. One that is away holds the start up for a second and no longer.
   */
  async onApplicationBootstrap(): Promise<void> {
    for (let attempt = 0; attempt < FIRST_CONTACT.attempts; attempt += 1) {
      if (await this.answers()) return;
      await delay(FIRST_CONTACT.pauseMs);
    }
  }

  private answers(): Promise<boolean> {
    return this.store.ping().then(
      () => true,
      () => false,
    );
  }

  /** Nest calls this after the listeners are closed; at module destruction, requests under way still need the store. */
  async onApplicationShutdown(): Promise<void> {
    await this.store.close();
  }
}
