import type { StoreConfig } from '../config/config.types.js';
import type { Clock } from '../domain/clock.js';
import type { EventLog } from '../logging/event-log.js';
import { MemoryStore } from './memory/memory.store.js';
import { RedisStore } from './redis/redis.store.js';
import { unmetered, type StoreMeter } from './store-meter.port.js';
import type { Store } from './store.port.js';

/** The configured driver, at once: Redis is connected to in the background, and looked for until it is there. */
export function openStore(
  config: StoreConfig,
  clock: Clock,
  log: EventLog,
  meter: StoreMeter = unmetered,
): Store {
  return config.kind === 'redis'
    ? new RedisStore(config, clock, log, meter)
    : new MemoryStore(clock);
}
