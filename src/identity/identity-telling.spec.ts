import { decodeJwt } from 'jose';
import { configOf, HTTPS_ENV } from '../../test/support/config-env.js';
import { FixedClock } from '../../test/support/fixed-clock.js';
import { newLogin } from '../../test/support/session-fixtures.js';
import type { IdentityTelling as Way } from '../config/config.types.js';
import type { LiveSession } from '../domain/session.js';
import { pairsOf } from '../http/flat-headers.js';
import { PublicUrl } from '../http/public-url.js';
import { AssertionKeys } from './assertion-keys.js';
import { IdentityAssertion } from './identity-assertion.js';
import { IdentityHeaders } from './identity-headers.js';
import { IdentityTelling } from './identity-telling.js';

const HOUR = 3_600_000;
const { assertion, session, claims, server } = configOf(HTTPS_ENV);

let clock: FixedClock;
let telling: IdentityTelling;
let live: LiveSession;

beforeEach(() => {
  clock = new FixedClock();
  const keys = new AssertionKeys(assertion, session);
  const urls = new PublicUrl(server);
  telling = new IdentityTelling(
    new IdentityHeaders(claims),
    new IdentityAssertion(keys, assertion, claims, clock, urls),
  );
  live = {
    counter: 1n,
    handle: 'the-handle',
    record: {
      identity: newLogin().identity,
      createdAt: 0,
      absoluteDeadline: clock.now() + HOUR,
      limitedBy: 'absolute',
    },
    idleDeadline: clock.now() + HOUR,
  };
});

/** What an API is told: the subject in plain text, and the audience of the assertion. */
async function told(way: Way, audience = 'orders') {
  const headers = new Map(pairsOf(await telling.headersFor(live, { way, audience })));
  const jwt = headers.get('x-auth-assertion') ?? '';
  return {
    subject: headers.get('x-auth-subject'),
    audience: jwt === '' ? undefined : decodeJwt(jwt).aud,
  };
}

describe('what an API is told', () => {
  it('is its own assertion, whichever API was told before (ATK-62)', async () => {
    const audiences = ['orders', 'billing', 'billing', 'orders'];
    for (const audience of audiences)
      expect(await told('both', audience)).toEqual({ subject: 'user-1', audience });
  });

  it('is told in the way that it asked for, whichever way was told before', async () => {
    for (let turn = 1; turn <= 2; turn += 1) {
      expect(await told('assertion')).toEqual({ subject: '', audience: 'orders' });
      expect(await told('both')).toEqual({ subject: 'user-1', audience: 'orders' });
      expect(await told('headers')).toEqual({ subject: 'user-1', audience: undefined });
      expect(await told('none')).toEqual({ subject: undefined, audience: undefined });
    }
  });

  it('is the same list as long as the assertion is good, and then another', async () => {
    const ask = { way: 'both', audience: 'orders' } as const;
    const first = await telling.headersFor(live, ask);
    expect(await telling.headersFor(live, ask)).toBe(first);
    clock.advance(assertion.lifetimeMs);
    expect(await telling.headersFor(live, ask)).not.toEqual(first);
  });

  it('is nothing in every field where nobody is there', async () => {
    const headers = await telling.headersFor(undefined, { way: 'both', audience: 'orders' });
    expect(new Set([...pairsOf(headers)].map(([, value]) => value))).toEqual(new Set(['']));
    expect(headers).toBe(telling.ofNobody);
  });
});
