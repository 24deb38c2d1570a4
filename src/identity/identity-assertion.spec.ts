import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { configOf, HTTPS_ENV, testKey } from '../../test/support/config-env.js';
import { FixedClock } from '../../test/support/fixed-clock.js';
import { newLogin } from '../../test/support/session-fixtures.js';
import type { LiveSession } from '../domain/session.js';
import { PublicUrl } from '../http/public-url.js';
import type { Env } from '../config/source/environment.js';
import { AssertionKeys } from './assertion-keys.js';
import { IdentityAssertion } from './identity-assertion.js';

const HOUR = 3_600_000;
const clock = new FixedClock(1_800_000_000_000);

function worldOf(env: Env = {}) {
  const { assertion, session, claims, server } = configOf({ ...HTTPS_ENV, ...env });
  const keys = new AssertionKeys(assertion, session);
  const urls = new PublicUrl(server);
  return { keys, assertions: new IdentityAssertion(keys, assertion, claims, clock, urls) };
}

function live(more: Partial<LiveSession['record']> = {}): LiveSession {
  const identity = {
    ...newLogin().identity,
    acr: 'gold',
    amr: ['pwd'],
    authTime: 7,
    claims: { email: 'a@example.com', groups: ['staff'], picture: 'p' },
  };
  const record = {
    identity,
    createdAt: 0,
    absoluteDeadline: clock.now() + HOUR,
    limitedBy: 'absolute' as const,
    ...more,
  };
  return { counter: 1n, handle: 'the-handle', record, idleDeadline: clock.now() + HOUR };
}

async function verified(jwt: string, { keys }: { keys: AssertionKeys }, audience = 'orders') {
  return jwtVerify(jwt, createLocalJWKSet({ keys: [...(await keys.published).keys] }), {
    issuer: 'https://app.example.com',
    audience,
    typ: 'identity+jwt',
    currentDate: new Date(clock.now()),
  });
}

describe('an identity assertion', () => {
  it.each(['EdDSA', 'ES256'])('says who is there, to whom and until when (%s)', async (alg) => {
    const world = worldOf({ ASSERTION_ALGORITHM: alg });
    const { jwt } = await world.assertions.of(live(), 'orders');
    const { payload, protectedHeader } = await verified(jwt, world);
    expect(protectedHeader).toEqual({ typ: 'identity+jwt', alg, kid: expect.any(String) });
    expect(payload).toEqual({
      iss: 'https://app.example.com',
      aud: 'orders',
      sub: 'user-1',
      sid: 'the-handle',
      provider: 'generic',
      idp_iss: newLogin().identity.issuer,
      auth_time: 7,
      acr: 'gold',
      amr: ['pwd'],
      email: 'a@example.com',
      groups: ['staff'],
      iat: clock.now() / 1000,
      exp: clock.now() / 1000 + 120,
    });
  });

  it('does not outlive its session', async () => {
    const world = worldOf();
    const { jwt } = await world.assertions.of(
      live({ absoluteDeadline: clock.now() + 5_000 }),
      'orders',
    );
    expect((await verified(jwt, world)).payload.exp).toBe(clock.now() / 1000 + 5);
  });

  it('is the same one for the same API while half of its life is left, and for no other (ATK-62)', async () => {
    const { assertions } = worldOf();
    const session = live();
    const first = await assertions.of(session, 'orders');
    clock.advance(59_000);
    expect(await assertions.of(session, 'orders')).toBe(first);
    expect(await assertions.of(session, 'billing')).not.toBe(first);
    expect(await assertions.of({ ...session, handle: 'other' }, 'orders')).not.toBe(first);
    clock.advance(1_000);
    expect(await assertions.of(session, 'orders')).not.toBe(first);
  });

  it('is a new one as soon as the claims may be others', async () => {
    const { assertions } = worldOf();
    const session = live();
    const first = await assertions.of(session, 'orders');
    const { identity } = session.record;
    const record = { ...session.record, identity: { ...identity, claims: {} } };
    const written = { ...session, counter: 2n, record };
    expect(await assertions.of(written, 'orders')).not.toBe(first);
  });
});

describe('the keys of assertions', () => {
  it.each(['EdDSA', 'ES256'])('are the same on every replica (%s)', async (alg) => {
    const env = { ASSERTION_ALGORITHM: alg };
    const published = async (more: Env = {}) =>
      (await worldOf({ ...env, ...more }).keys.published).keys;
    expect(await published()).toEqual(await published());
    expect(await published({ SESSION_KEYS: testKey('k1', 8) })).not.toEqual(await published());
    expect(JSON.stringify(await published())).not.toContain('"d"');
  });

  it('overlap in a rotation: what the old key signed is believed while it is in the ring', async () => {
    const before = worldOf({ SESSION_KEYS: testKey('old', 1) });
    const after = worldOf({ SESSION_KEYS: `${testKey('new', 2)},${testKey('old', 1)}` });
    const done = worldOf({ SESSION_KEYS: testKey('new', 2) });
    const { jwt: old } = await before.assertions.of(live(), 'orders');
    const { jwt: fresh } = await after.assertions.of(live(), 'orders');
    expect(decodeProtectedHeader(fresh).kid).not.toBe(decodeProtectedHeader(old).kid);
    await verified(old, after);
    await verified(fresh, done);
    await expect(verified(old, done)).rejects.toThrow('no applicable key');
  });
});
