import { isIP } from 'node:net';
import * as fc from 'fast-check';
import { VestibuleError } from '../../../src/errors/vestibule.error.js';
import { networkOf } from '../../../src/http/network.js';
import { MemoryStore } from '../../../src/store/memory/memory.store.js';
import type { Store } from '../../../src/store/store.port.js';
import { FixedClock } from '../../support/fixed-clock.js';
import { rateLimits } from '../../support/rate-limits.js';
import { givenLater, must } from '../expectations.js';
import { slowTarget, target, type FuzzTarget } from '../fuzz-target.js';
import { exchangeFor } from '../inputs/requests.js';
import { changed } from '../inputs/texts.js';

const ADDRESSES = [
  '192.0.2.1',
  '2001:db8:1:2:3:4:5:6',
  '2001:db8::1',
  '::1',
  '::',
  '::ffff:192.0.2.1',
  '::ffff:c000:201',
  '64:ff9b::192.0.2.1',
  'fe80::1%eth0',
  'fe80::1%25',
  '::192.0.2.1',
  'unknown',
];
const network = target({
  name: 'network of an address',
  files: ['http/network.ts'],
  inputs: changed(ADDRESSES, 2),
  check: (address) => {
    const found = networkOf(address);
    if (isIP(address) !== 6) {
      must(found === address, 'what is no IPv6 address was changed');
      return;
    }
    must(isIP(found) === 4 || /^(?:[0-9a-f]{1,4}:){4}:\/64$/.test(found), 'no network');
    must(networkOf(found) === found, 'a network has another network');
    const [bare = ''] = address.split('%', 1);
    must(networkOf(bare.toUpperCase()) === found, 'one address has two networks');
  },
});

const AWAY = {
  count: () => Promise.reject(new VestibuleError('store_unavailable')),
} as unknown as Store;
const PEERS = ['192.0.2.1', '2001:db8::1', '10.0.0.1'];
/** Of two addresses of one network, and of others. */
const CLIENTS = ['192.0.2.7', '2001:db8:7::1', '2001:db8:7::2', 'x, 192.0.2.1', ''];

const ask = fc.record({
  peer: fc.constantFrom(...PEERS),
  client: fc.constantFrom(...CLIENTS),
  /** So many at once. */
  times: fc.constantFrom(1, 1, 1, 2, 6),
  isGone: fc.constantFrom(false, false, false, true),
  laterMs: fc.constantFrom(0, 0, 0, 1, 999, 1_000, 60_000),
});

const quotas = slowTarget({
  name: 'quota of a network',
  cost: 150,
  files: ['limit/rate-limits.ts', 'limit/quota-fields.ts', 'store/memory/memory-counters.ts'],
  inputs: fc.record({
    quota: fc.integer({ min: 1, max: 4 }),
    windowMs: fc.constantFrom(1_000, 60_000),
    isAway: fc.boolean(),
    isOff: fc.constantFrom(false, false, false, false, true),
    asks: fc.array(ask, { minLength: 1, maxLength: 8 }),
  }),
  check: async ({ quota, windowMs, isAway, isOff, asks }) => {
    const clock = new FixedClock();
    const store = new MemoryStore(clock);
    const limits = rateLimits({
      clock,
      store: isAway ? AWAY : store,
      quotas: { login: isOff ? 'off' : { quota, windowMs } },
      trustProxy: ['10.0.0.0/8'],
    });
    const admitted = new Map<string, number[]>();
    for (const { peer, client, times, isGone, laterMs } of asks) {
      clock.advance(laterMs);
      await Promise.all(
        Array.from({ length: times }, async () => {
          const fields = client === '' ? [] : ([['x-forwarded-for', client]] as const);
          const exchange = exchangeFor({ peer, fields });
          if (isGone) exchange.req.socket.destroy();
          const isIn = await givenLater(['too_many_requests', 'bad_request'], async () => {
            await limits.admit(exchange, 'login');
            return true;
          });
          must(isIn === undefined || isOff || !isGone, 'somebody who hung up is admitted');
          must(
            isIn === true || isGone || exchange.res.getHeader('Retry-After') !== undefined,
            'refused, and not told for how long',
          );
          const who = limits.networkOf(exchange);
          if (isIn === true) admitted.set(who, [...(admitted.get(who) ?? []), clock.now()]);
        }),
      );
    }
    await store.close();
    if (!isOff) for (const times of admitted.values()) mustKeep(times, quota, windowMs);
  },
});

/** A window begins with the first that is counted: two of them meet in any span of the same length, and no more. */
function mustKeep(times: readonly number[], quota: number, windowMs: number): void {
  for (const from of times) {
    const near = times.filter((at) => at >= from && at < from + windowMs);
    must(near.length <= 2 * quota, 'more are admitted than the quota says');
    must(times.some((at) => at < from) || near.length <= quota, 'more in its first window');
  }
}

export const limitTargets: readonly FuzzTarget[] = [network, quotas];
