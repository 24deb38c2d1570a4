import { refreshWorld, type FakeProvider } from '../../test/support/refresh-world.js';
import { MINUTE } from '../../test/support/session-fixtures.js';
import type { AudienceRequest, TokenSet } from '../domain/token-set.js';
import type { ProviderRegistry } from '../provider/provider-registry.js';
import type { TokenFailure } from '../provider/provider-errors.js';
import type { ExchangeOutcome } from '../provider/token-grants.js';
import { AudienceTokens } from './audience-tokens.js';
import { RefreshBackOff } from './refresh-back-off.js';
import type { TokenRefresher } from './token-refresher.js';

const orders: AudienceRequest = { key: 'orders', via: 'exchange', audience: 'urn:orders' };

let world: ReturnType<typeof refreshWorld>;
let asked: AudienceRequest[];
let revoked: TokenSet[];
let refreshing: FakeProvider;
let refresher: TokenRefresher;
let answer: () => ExchangeOutcome | Promise<ExchangeOutcome>;
beforeEach(() => {
  world = refreshWorld();
  asked = [];
  revoked = [];
  refreshing = world.provider();
  answer = () => exchanged();
});
afterEach(() => world.close());

const exchanged = (lifeMs = 5 * MINUTE): ExchangeOutcome => ({
  kind: 'exchanged',
  token: {
    accessToken: `for-${asked.at(-1)?.key}`,
    obtainedAt: world.clock.now(),
    accessTokenExpiresAt: world.clock.now() + lifeMs,
  },
});
const failing = (failure: TokenFailure, retryAfterMs?: number) => (): ExchangeOutcome => ({
  kind: 'failed',
  failure,
  ...(retryAfterMs !== undefined && { retryAfterMs }),
});

function audienceTokens({ isKnown = true } = {}): AudienceTokens {
  const provider = {
    config: refreshing.config,
    exchangeToken: async (_tokens: TokenSet, audience: AudienceRequest) => {
      asked.push(audience);
      return answer();
    },
    revoke: async (tokens: TokenSet) => void revoked.push(tokens),
  };
  const providers = { find: () => (isKnown ? provider : undefined) } as unknown as ProviderRegistry;
  const backOff = new RefreshBackOff(world.clock);
  refresher = world.refresherOf(refreshing, {}, backOff);
  return new AudienceTokens(refresher, providers, world.records, backOff, world.clock, {
    leewayMs: 30_000,
    aheadMs: 0,
    lockMs: 15_000,
    waitMs: 150,
  });
}

const tokenFor = async (
  tokens: AudienceTokens,
  id: string,
  audience = orders,
): Promise<unknown> => {
  const fresh = await tokens.get(id, await world.held(id), audience);
  return fresh.kind === 'usable' ? fresh.tokens.audiences?.[audience.key]?.accessToken : fresh.kind;
};

describe('a token by exchange', () => {
  it('is got once, for many calls at a time, and kept with the session', async () => {
    const tokens = audienceTokens();
    const id = await world.login(world.endingIn(5 * MINUTE));
    const all = await Promise.all([tokenFor(tokens, id), tokenFor(tokens, id)]);
    expect(all).toEqual(['for-orders', 'for-orders']);
    expect(await tokenFor(audienceTokens(), id)).toBe('for-orders');
    expect(asked).toEqual([orders]);
    expect((await world.held(id)).tokens.tokens.accessToken).toBe('the-access-token');
  });

  it.each([
    ['another scope', { ...orders, key: 'orders, with a scope' }],
    ['another API', { ...orders, key: 'billing' }],
  ])('is not used for %s (ATK-62)', async (_what, other) => {
    const tokens = audienceTokens();
    const id = await world.login(world.endingIn(5 * MINUTE));
    await tokenFor(tokens, id);
    expect(await tokenFor(tokens, id, other)).toBe(`for-${other.key}`);
    expect(await tokenFor(tokens, id)).toBe('for-orders');
    expect(asked).toEqual([orders, other]);
  });

  it('is got again before it ends', async () => {
    const tokens = audienceTokens();
    const id = await world.login(world.endingIn(5 * MINUTE));
    await tokenFor(tokens, id);
    world.pass(5 * MINUTE - 30_001);
    await tokenFor(tokens, id);
    expect(asked).toHaveLength(1);
    world.pass(1);
    await tokenFor(tokens, id);
    expect(asked).toHaveLength(2);
  });

  it('that cannot be had now is used to its end', async () => {
    const tokens = audienceTokens();
    const id = await world.login(world.endingIn(5 * MINUTE));
    await tokenFor(tokens, id);
    answer = failing('temporary');
    world.pass(5 * MINUTE - 1);
    expect(await tokenFor(tokens, id)).toBe('for-orders');
    world.pass(1);
    expect(await tokenFor(tokens, id)).toBe('later');
  });

  it.each([
    ['invalid_grant', 'exhausted'],
    ['refused', 'later'],
    ['temporary', 'later'],
  ] as const)('that fails with %s: %s', async (failure, kind) => {
    answer = failing(failure);
    const id = await world.login(world.endingIn(5 * MINUTE));
    expect(await tokenFor(audienceTokens(), id)).toBe(kind);
  });

  it('of a provider that left the configuration is not to be had', async () => {
    const id = await world.login(world.endingIn(5 * MINUTE));
    expect(await tokenFor(audienceTokens({ isKnown: false }), id)).toBe('exhausted');
  });

  it('for a session that ended meanwhile is revoked, and nobody uses it', async () => {
    const id = await world.login(world.endingIn(5 * MINUTE));
    answer = async () => {
      await world.records.end(world.keyOf(id), 'logout');
      return exchanged();
    };
    expect(await tokenFor(audienceTokens(), id)).toBe('ended');
    expect(revoked).toMatchObject([{ accessToken: 'for-orders' }]);
    expect(revoked[0]?.refreshToken).toBeUndefined();
  });

  it('that somebody overtook is used once and not kept: the newer tokens stay', async () => {
    const id = await world.login(world.endingIn(5 * MINUTE));
    answer = async () => {
      await world.records.replaceTokens(id, (await world.held(id)).tokens, world.renewed());
      return exchanged();
    };
    expect(await tokenFor(audienceTokens(), id)).toBe('for-orders');
    expect((await world.held(id)).tokens.tokens).toEqual(world.renewed());
    expect(revoked).toEqual([]);
  });
});

it('a token by the refresh token goes the way of all refreshes', async () => {
  const id = await world.login(world.endingIn(5 * MINUTE));
  const fresh = await audienceTokens().get(id, await world.held(id), { ...orders, via: 'refresh' });
  expect(fresh).toMatchObject({ kind: 'usable', tokens: { accessToken: 'renewed' } });
  expect(asked).toEqual([]);
});

describe('after an exchange that failed', () => {
  const billing: AudienceRequest = { ...orders, key: 'billing' };
  const people = async (): Promise<[string, string]> => [
    await world.login(world.endingIn(5 * MINUTE)),
    await world.login(world.endingIn(5 * MINUTE)),
  ];
  const renewed = async (id: string): Promise<string> =>
    (await refresher.fresh(id, await world.held(id), { force: true })).kind;

  it.each(['temporary', 'not_sent', 'unknown'] as const)(
    'with %s the provider is left alone, whoever asks and for whatever (R-15)',
    async (failure) => {
      const tokens = audienceTokens();
      const [alice, bob] = await people();
      answer = failing(failure);
      expect(await tokenFor(tokens, alice)).toBe('later');
      answer = () => exchanged();
      world.pass(999);
      for (const id of [alice, bob]) {
        expect(await tokenFor(tokens, id)).toBe('later');
        expect(await tokenFor(tokens, id, billing)).toBe('later');
        await renewed(id);
      }
      expect([asked.length, refreshing.asked.length]).toEqual([1, 0]);
      world.pass(1);
      expect(await tokenFor(tokens, alice)).toBe('for-orders');
      expect(await tokenFor(tokens, bob, billing)).toBe('for-billing');
    },
  );

  it('one goes ahead alone when the pause is over', async () => {
    const tokens = audienceTokens();
    const [alice, bob] = await people();
    answer = failing('temporary');
    await tokenFor(tokens, alice);
    world.pass(1_000);
    const gate = Promise.withResolvers<ExchangeOutcome>();
    answer = () => gate.promise;
    const first = tokenFor(tokens, alice);
    expect(await tokenFor(tokens, bob)).toBe('later');
    gate.resolve(exchanged());
    expect(await first).toBe('for-orders');
    answer = () => exchanged();
    expect(await tokenFor(tokens, bob)).toBe('for-orders');
    expect(asked).toHaveLength(3);
  });

  it('the next goes ahead when the one has found out nothing of the provider', async () => {
    const tokens = audienceTokens();
    const [alice, bob] = await people();
    answer = failing('temporary');
    await tokenFor(tokens, alice);
    world.pass(1_000);
    answer = failing('invalid_client');
    await tokenFor(tokens, alice);
    answer = () => exchanged();
    expect(await tokenFor(tokens, bob)).toBe('for-orders');
  });

  it('the provider is left alone for as long as it asks (R-16)', async () => {
    const tokens = audienceTokens();
    const [alice, bob] = await people();
    answer = failing('temporary', 2 * MINUTE);
    await tokenFor(tokens, alice);
    answer = () => exchanged();
    world.pass(2 * MINUTE - 1);
    expect(await tokenFor(tokens, bob)).toBe('later');
    world.pass(1);
    expect(await tokenFor(tokens, bob)).toBe('for-orders');
  });

  // `invalid_client` is also said of a client that may not exchange (RFC 6749 §5.2 `unauthorized_client`).
  it.each(['refused', 'invalid_client'] as const)(
    'with %s that API of that session is left alone, and nothing else',
    async (failure) => {
      const tokens = audienceTokens();
      const [alice, bob] = await people();
      answer = failing(failure);
      for (let count = 0; count < 3; count += 1)
        expect(await tokenFor(tokens, alice)).toBe('later');
      expect(asked).toHaveLength(1);
      answer = () => exchanged();
      expect(await tokenFor(tokens, alice, billing)).toBe('for-billing');
      expect(await tokenFor(tokens, bob)).toBe('for-orders');
      expect(await renewed(alice)).toBe('usable');
      expect(refreshing.asked).toHaveLength(1);
      expect(await tokenFor(tokens, alice)).toBe('later');
      world.pass(1_000);
      expect(await tokenFor(tokens, alice)).toBe('for-orders');
    },
  );

  it('a refresh that fails leaves the provider alone for exchanges as well', async () => {
    const tokens = audienceTokens();
    const [alice, bob] = await people();
    refreshing.fails('temporary');
    await renewed(alice);
    expect(await tokenFor(tokens, bob)).toBe('later');
    expect(asked).toEqual([]);
  });

  it('the token at hand is used during the pause, to its end', async () => {
    const tokens = audienceTokens();
    const [alice] = await people();
    answer = () => exchanged(10_000);
    await tokenFor(tokens, alice);
    answer = failing('temporary', MINUTE);
    world.pass(9_999);
    expect(await tokenFor(tokens, alice)).toBe('for-orders');
    expect(await tokenFor(tokens, alice)).toBe('for-orders');
    world.pass(1);
    expect(await tokenFor(tokens, alice)).toBe('later');
    expect(asked).toHaveLength(2);
  });
});
