import type { LimitsConfig } from '../../src/config/config.types.js';
import type { Clock } from '../../src/domain/clock.js';
import { RateLimits } from '../../src/limit/rate-limits.js';
import type { EventLog } from '../../src/logging/event-log.js';
import { MemoryStore } from '../../src/store/memory/memory.store.js';
import type { Store } from '../../src/store/store.port.js';
import { configOf, LOOPBACK_ENV } from './config-env.js';
import { FixedClock } from './fixed-clock.js';
import { RecordedEvents } from './recorded-events.js';

interface Parts {
  readonly clock?: Clock;
  readonly store?: Store;
  readonly log?: EventLog;
  readonly quotas?: Partial<LimitsConfig>;
  readonly trustProxy?: readonly string[];
}

/** The limits of one instance: with the default quotas and in memory, unless told otherwise. */
export function rateLimits({
  clock = new FixedClock(),
  store = new MemoryStore(clock),
  log = new RecordedEvents(),
  quotas = {},
  trustProxy = [],
}: Parts = {}): RateLimits {
  const { limits, session, server } = configOf(LOOPBACK_ENV);
  return new RateLimits(
    store,
    clock,
    { ...limits, ...quotas },
    session,
    { ...server, trustProxy },
    log,
  );
}
