import { Global, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FixedClock } from '../../test/support/fixed-clock.js';
import { RecordedEvents } from '../../test/support/recorded-events.js';
import { StoreConfig } from '../config/config.types.js';
import { Clock } from '../domain/clock.js';
import { EventLog } from '../logging/event-log.js';
import { StoreModule } from './store.module.js';
import { Store } from './store.port.js';

const surroundings = [
  { provide: StoreConfig, useValue: { kind: 'memory' } satisfies StoreConfig },
  { provide: Clock, useValue: new FixedClock() },
  { provide: EventLog, useValue: new RecordedEvents() },
];

@Global()
@Module({ providers: surroundings, exports: surroundings.map(({ provide }) => provide) })
class Surroundings {}

@Module({ imports: [Surroundings, StoreModule] })
class Application {}

describe('the store module', () => {
  it('offers the configured driver and closes it when the application is down', async () => {
    const application = await NestFactory.createApplicationContext(Application, { logger: false });
    const store = application.get<Store>(Store);
    expect(store.kind).toBe('memory');

    let closed = false;
    const close = store.close.bind(store);
    store.close = async () => {
      closed = true;
      await close();
    };
    await application.close();
    expect(closed).toBe(true);
  });

  it('lets the start wait until the store answers', async () => {
    let asked = 0;
    const shy = {
      ping: () => (++asked < 3 ? Promise.reject(new Error('not yet')) : Promise.resolve()),
    };
    await new StoreModule(shy as unknown as Store).onApplicationBootstrap();
    expect(asked).toBe(3);
  });

  it('lets the start go on after a second without a store', async () => {
    let asked = 0;
    const absent = {
      ping: () => {
        asked += 1;
        return Promise.reject(new Error('away'));
      },
    };
    await new StoreModule(absent as unknown as Store).onApplicationBootstrap();
    expect(asked).toBe(40);
  });
});
