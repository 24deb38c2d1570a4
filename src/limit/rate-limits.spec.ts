import { fakeExchange } from '../../test/support/fake-exchange.js';
import { FixedClock } from '../../test/support/fixed-clock.js';
import { rateLimits } from '../../test/support/rate-limits.js';
import { RecordedEvents } from '../../test/support/recorded-events.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import type { Exchange } from '../http/exchange.js';
import { MemoryStore } from '../store/memory/memory.store.js';
import type { Store } from '../store/store.port.js';

const MINUTE = 60_000;
const QUOTAS = {
  login: { quota: 3, windowMs: MINUTE },
  callback: { quota: 2, windowMs: MINUTE },
  backchannel: 'off',
  secrets: { quota: 2, windowMs: 10_000 },
} as const;

let clock: FixedClock;
let log: RecordedEvents;
let memory: MemoryStore;
/** The names that were counted, in order. */
let counted: string[];
let away: Error | undefined;
let store: Store;

beforeEach(() => {
  clock = new FixedClock();
  log = new RecordedEvents();
  memory = new MemoryStore(clock);
  counted = [];
  away = undefined;
  store = new Proxy(memory, {
    get: (target, name): unknown =>
      name === 'count'
        ? async (...args: [string, number]) => {
            if (away !== undefined) throw away;
            counted.push(args[0]);
            return memory.count(...args);
          }
        : Reflect.get(target, name),
  });
});
afterEach(() => memory.close());

const replica = (trustProxy: readonly string[] = []) =>
  rateLimits({ clock, store, log, quotas: QUOTAS, trustProxy });

function from(peer: string, headers: Readonly<Record<string, string>> = {}): Exchange {
  const exchange = fakeExchange({ headers });
  Object.defineProperty(exchange.req.socket, 'remoteAddress', { value: peer });
  return exchange;
}

const fieldsOf = ({ res }: Exchange) => [
  res.getHeader('ratelimit-policy'),
  res.getHeader('ratelimit'),
  res.getHeader('retry-after'),
];

/** What became of one request. */
async function admit(
  limits = replica(),
  exchange = from('203.0.113.7'),
  policy: 'login' | 'callback' | 'backchannel' = 'login',
): Promise<string> {
  return limits.admit(exchange, policy).then(
    () => 'admitted',
    (error: Error) => error.message,
  );
}

describe('a network', () => {
  it('is admitted as often as its quota says, and then again in the next window', async () => {
    const limits = replica();
    for (let at = 0; at < 3; at += 1) expect(await admit(limits)).toBe('admitted');
    expect(await admit(limits)).toBe('too_many_requests');
    clock.advance(MINUTE - 1);
    expect(await admit(limits)).toBe('too_many_requests');
    clock.advance(1);
    expect(await admit(limits)).toBe('admitted');
  });

  it('waits for no longer when the clock is put back', async () => {
    const limits = replica();
    for (let at = 0; at < 4; at += 1) await admit(limits);
    clock.advance(-60 * MINUTE);
    expect(await admit(limits)).toBe('admitted');
  });

  it('is told what is left, and for how long', async () => {
    const limits = replica();
    const exchanges = [from('::1'), from('::1'), from('::1'), from('::1')];
    for (const exchange of exchanges) {
      await admit(limits, exchange);
      clock.advance(10_500);
    }
    expect(exchanges.map(fieldsOf)).toEqual([
      ['"login";q=3;w=60', '"login";r=2;t=60', undefined],
      ['"login";q=3;w=60', '"login";r=1;t=50', undefined],
      // A client could wait before it follows the redirect.
      ['"login";q=3;w=60', undefined, undefined],
      ['"login";q=3;w=60', '"login";r=0;t=29', 29],
    ]);
  });

  it('spends one quota and has the others left', async () => {
    const limits = replica();
    for (let at = 0; at < 4; at += 1) await admit(limits);
    expect(await admit(limits, from('203.0.113.7'), 'callback')).toBe('admitted');
  });

  it('holds up no other network', async () => {
    const limits = replica();
    for (let at = 0; at < 4; at += 1) await admit(limits);
    expect(await admit(limits, from('203.0.113.8'))).toBe('admitted');
  });

  it('is a whole /64 of IPv6 addresses (ATK-04)', async () => {
    const limits = replica();
    for (let at = 0; at < 3; at += 1) await admit(limits, from(`2001:db8::${at}`));
    expect(await admit(limits, from('2001:db8::ffff'))).toBe('too_many_requests');
    expect(await admit(limits, from('2001:db8:0:1::1'))).toBe('admitted');
  });

  it('is not changed by what it says of itself (ATK-04)', async () => {
    const limits = replica();
    const says = (address: string) => from('203.0.113.7', { 'x-forwarded-for': address });
    for (let at = 0; at < 3; at += 1) await admit(limits, says(`10.0.0.${at}`));
    expect(await admit(limits, says('10.0.0.9'))).toBe('too_many_requests');
    expect(log.events.at(-1)?.fields).toMatchObject({ untrusted_proxy: true });
  });

  it('is what the last trusted proxy says, whatever stands before that (ATK-04)', async () => {
    const limits = replica(['loopback']);
    const says = (text: string) => from('127.0.0.1', { 'x-forwarded-for': text });
    for (let at = 0; at < 3; at += 1)
      await admit(limits, says(`10.0.0.${at}, garbage, 203.0.113.7`));
    expect(await admit(limits, says('10.0.0.9, 203.0.113.7'))).toBe('too_many_requests');
    expect(await admit(limits, says('203.0.113.7, 203.0.113.8'))).toBe('admitted');
    expect(log.events.at(-1)?.fields).not.toHaveProperty('untrusted_proxy');
  });

  it('has no limit where that is off', async () => {
    const exchange = from('203.0.113.7');
    for (let at = 0; at < 10; at += 1)
      expect(await admit(replica(), exchange, 'backchannel')).toBe('admitted');
    expect(fieldsOf(exchange)).toEqual([undefined, undefined, undefined]);
    expect(counted).toEqual([]);
  });

  it('is logged once for each window that it spends', async () => {
    const limits = replica();
    for (let at = 0; at < 20; at += 1) await admit(limits);
    clock.advance(MINUTE);
    await Promise.all(Array.from({ length: 20 }, () => admit(limits)));
    const reached = { policy: 'login', who: '203.0.113.7' };
    expect(log.events).toEqual([
      { name: 'limit.reached', fields: reached },
      { name: 'limit.reached', fields: reached },
    ]);
  });
});

describe('the store', () => {
  it('counts for all instances together', async () => {
    const [one, other] = [replica(), replica()];
    expect(await admit(one)).toBe('admitted');
    expect(await admit(other)).toBe('admitted');
    expect(await admit(one)).toBe('admitted');
    expect(await admit(other)).toBe('too_many_requests');
    expect(await admit(one)).toBe('too_many_requests');
  });

  it('is asked once for a request, and not for one that is known to be too many', async () => {
    const limits = replica();
    for (let at = 0; at < 100; at += 1) await admit(limits);
    expect(counted).toHaveLength(3);
  });

  it('is told a keyed hash in place of the address', async () => {
    await admit();
    await admit(replica(), from('203.0.113.8'));
    const [first = '', second = ''] = counted;
    expect(first).toMatch(/^login:[\w-]{22}$/);
    expect(second).toMatch(/^login:[\w-]{22}$/);
    expect(first).not.toBe(second);
  });

  it('is asked about no more than a quota at once, and the rest of a crowd is refused', async () => {
    const limits = replica();
    const crowd = Array.from({ length: 20 }, () => from('203.0.113.7'));
    const outcomes = await Promise.all(crowd.map((exchange) => admit(limits, exchange)));
    expect(outcomes.filter((outcome) => outcome === 'admitted')).toHaveLength(3);
    expect(counted).toHaveLength(3);
    expect(fieldsOf(crowd.at(-1)!)).toEqual(['"login";q=3;w=60', '"login";r=0;t=1', 1]);
    clock.advance(MINUTE);
    expect(await admit(limits)).toBe('admitted');
  });

  it('that is away leaves each instance to count for itself', async () => {
    away = new VestibuleError('store_unavailable');
    const [one, other] = [replica(), replica()];
    for (let at = 0; at < 3; at += 1) expect(await admit(one)).toBe('admitted');
    expect(await admit(one)).toBe('too_many_requests');
    expect(await admit(other)).toBe('admitted');
  });

  it('that fails in any other way is a fault of ours', async () => {
    away = new TypeError('a bug');
    expect(await admit()).toBe('a bug');
  });
});

describe('failures', () => {
  const WHO = 'orders 10.0.0.1';
  const fail = (limits: ReturnType<typeof replica>) => limits.failed(from('::1'), 'secrets', WHO);
  const isSpent = (limits: ReturnType<typeof replica>, exchange = from('::1')) =>
    limits.isSpent(exchange, 'secrets', WHO);

  it('are counted alone: to look costs no command and uses nothing up', async () => {
    const limits = replica();
    for (let at = 0; at < 50; at += 1) expect(isSpent(limits)).toBe(false);
    expect(counted).toEqual([]);
    await fail(limits);
    expect(isSpent(limits)).toBe(false);
    await fail(limits);
    const refused = from('::1');
    expect(isSpent(limits, refused)).toBe(true);
    expect(fieldsOf(refused)).toEqual(['"secrets";q=2;w=10', '"secrets";r=0;t=10', 10]);
    clock.advance(10_000);
    expect(isSpent(limits)).toBe(false);
  });

  it('of all instances add up: each other one looks at one more at most', async () => {
    const [one, other] = [replica(), replica()];
    await fail(one);
    await fail(one);
    expect(isSpent(other)).toBe(false);
    await fail(other);
    expect(isSpent(other)).toBe(true);
  });

  it('are still counted while the store is away', async () => {
    away = new VestibuleError('store_unavailable');
    const limits = replica();
    await fail(limits);
    await fail(limits);
    expect(isSpent(limits)).toBe(true);
  });

  it('have no limit where that is off', async () => {
    const limits = rateLimits({ clock, store, quotas: { secrets: 'off' } });
    for (let at = 0; at < 50; at += 1) await fail(limits);
    expect(isSpent(limits)).toBe(false);
  });
});
