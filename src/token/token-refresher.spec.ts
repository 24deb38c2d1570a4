import { refreshWorld } from '../../test/support/refresh-world.js';
import { MINUTE, tokenSet } from '../../test/support/session-fixtures.js';
import { JUST_OBTAINED_MS, type TokenSet } from '../domain/token-set.js';

/** A wait that runs out in these tests; that of the others never does, on a slow machine either. */
const IMPATIENT = { waitMs: 150 };

let world: ReturnType<typeof refreshWorld>;
beforeEach(() => {
  world = refreshWorld();
});
afterEach(() => world.close());

describe('a token that is not due', () => {
  it.each([[36_001], [5 * MINUTE]])('%d ms before its end is used as it is', async (ms) => {
    const provider = world.provider();
    const id = await world.login(world.endingIn(ms));
    const fresh = await world.refresherOf(provider).fresh(id, await world.held(id));
    expect(fresh).toMatchObject({ kind: 'usable', tokens: { accessToken: 'the-access-token' } });
    expect(provider.asked).toEqual([]);
    expect(world.commands).toEqual(['readBoth']);
  });

  it('is renewed when that is asked for', async () => {
    const provider = world.provider();
    const id = await world.login(world.endingIn(5 * MINUTE));
    const fresh = await world
      .refresherOf(provider)
      .fresh(id, await world.held(id), { force: true });
    expect(fresh).toMatchObject({ kind: 'usable', tokens: { accessToken: 'renewed' } });
  });
});

describe('tokens that a page asks to be renewed now', () => {
  const obtainedNow = (ms: number): TokenSet => ({
    ...world.endingIn(ms),
    obtainedAt: world.clock.now(),
  });

  it('are renewed, however long they would live', async () => {
    const provider = world.provider();
    const id = await world.login(obtainedNow(5 * MINUTE));
    world.pass(JUST_OBTAINED_MS);
    const fresh = await world.refresherOf(provider).atWish(id, await world.held(id));
    expect(fresh).toMatchObject({ kind: 'usable', tokens: { accessToken: 'renewed' } });
  });

  it('are left as they are for a moment after they came: no page keeps the provider busy', async () => {
    const provider = world.provider();
    provider.answer = () => ({
      kind: 'refreshed',
      tokens: world.renewed({ obtainedAt: world.clock.now() }),
    });
    const id = await world.login(obtainedNow(5 * MINUTE));
    for (const asked of [0, 1, 2]) {
      for (let at = 0; at < 10; at += 1) {
        const fresh = await world.refresherOf(provider).atWish(id, await world.held(id));
        expect(fresh).toMatchObject({ kind: 'usable' });
      }
      expect(provider.asked).toHaveLength(asked);
      world.pass(JUST_OBTAINED_MS);
    }
  });

  it('are renewed at once where they are due already', async () => {
    const provider = world.provider();
    const id = await world.login(obtainedNow(0));
    const fresh = await world.refresherOf(provider).atWish(id, await world.held(id));
    expect(fresh).toMatchObject({ kind: 'usable', tokens: { accessToken: 'renewed' } });
  });
});

describe('a token that is due', () => {
  it('is renewed, written and logged', async () => {
    const provider = world.provider();
    const id = await world.login(world.endingIn(30_000));
    const fresh = await world.refresherOf(provider).fresh(id, await world.held(id));
    expect(fresh).toMatchObject({ kind: 'usable', tokens: { accessToken: 'renewed' } });
    expect(await world.held(id)).toMatchObject({ tokens: { tokens: { accessToken: 'renewed' } } });
    expect(world.log.count('token.refreshed')).toBe(1);
  });

  it('is renewed once for many requests at a time', async () => {
    const provider = world.provider();
    const refresher = world.refresherOf(provider);
    const id = await world.login(world.endingIn(0));
    const judged = await world.held(id);
    const all = await Promise.all(Array.from({ length: 50 }, () => refresher.fresh(id, judged)));
    expect(all.every((one) => one.kind === 'usable' && one.tokens.accessToken === 'renewed')).toBe(
      true,
    );
    expect(provider.asked).toHaveLength(1);
    expect(world.commands.filter((command) => command === 'acquireLock')).toHaveLength(1);
  });

  it('is not renewed again by a request that judged the old one', async () => {
    const provider = world.provider();
    const refresher = world.refresherOf(provider);
    const id = await world.login(world.endingIn(0));
    const judged = await world.held(id);
    await refresher.fresh(id, judged);
    const late = await refresher.fresh(id, judged);
    expect(late).toMatchObject({ kind: 'usable', tokens: { accessToken: 'renewed' } });
    expect(provider.asked).toHaveLength(1);
  });

  it('frees the lock, after a success and after a failure', async () => {
    const provider = world.provider();
    const refresher = world.refresherOf(provider);
    const id = await world.login(world.endingIn(0));
    provider.fails('temporary');
    await refresher.fresh(id, await world.held(id));
    await expect(world.store.acquireLock(world.keyOf(id), 'me', 1_000)).resolves.toBe(true);
    await world.store.releaseLock(world.keyOf(id), 'me');
    provider.answer = () => ({ kind: 'refreshed', tokens: world.renewed() });
    await refresher.fresh(id, await world.held(id));
    await expect(world.store.acquireLock(world.keyOf(id), 'me', 1_000)).resolves.toBe(true);
  });

  it('without a refresh token is used to its end and no longer', async () => {
    const provider = world.provider();
    const refresher = world.refresherOf(provider);
    const { refreshToken: _none, ...without } = world.endingIn(1_000);
    const id = await world.login(without);
    expect(await refresher.fresh(id, await world.held(id))).toMatchObject({ kind: 'usable' });
    world.pass(1_000);
    expect(await refresher.fresh(id, await world.held(id))).toEqual({ kind: 'exhausted' });
    expect(provider.asked).toEqual([]);
  });
});

describe('when another instance holds the lock', () => {
  it('goes on with a token that is still good', async () => {
    const provider = world.provider();
    const id = await world.login(world.endingIn(1_000));
    await world.store.acquireLock(world.keyOf(id), 'other', 60_000);
    const fresh = await world.refresherOf(provider).fresh(id, await world.held(id));
    expect(fresh).toMatchObject({ kind: 'usable', tokens: { accessToken: 'the-access-token' } });
    expect(provider.asked).toEqual([]);
  });

  it('waits for its result: two instances, one call', async () => {
    const provider = world.provider();
    let answer: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => {
      provider.answer = () =>
        new Promise((done) => {
          answer = () => done({ kind: 'refreshed', tokens: world.renewed() });
          resolve();
        });
    });
    const id = await world.login(world.endingIn(0));
    const judged = await world.held(id);
    const winner = world.refresherOf(provider).fresh(id, judged);
    await asked;
    const loser = world.refresherOf(provider).fresh(id, judged);
    answer();
    await expect(Promise.all([winner, loser])).resolves.toMatchObject([
      { kind: 'usable', tokens: { accessToken: 'renewed' } },
      { kind: 'usable', tokens: { accessToken: 'renewed' } },
    ]);
    expect(provider.asked).toHaveLength(1);
  });

  it('says later when the result does not come in time', async () => {
    const provider = world.provider();
    const id = await world.login(world.endingIn(0));
    await world.store.acquireLock(world.keyOf(id), 'other', 60_000);
    const refresher = world.refresherOf(provider, IMPATIENT);
    expect(await refresher.fresh(id, await world.held(id))).toEqual({ kind: 'later' });
    expect(provider.asked).toEqual([]);
  });

  it('notices that the session ended meanwhile (P-37)', async () => {
    const id = await world.login(world.endingIn(0));
    const judged = await world.held(id);
    await world.store.acquireLock(world.keyOf(id), 'other', 60_000);
    const waiting = world.refresherOf(world.provider()).fresh(id, judged);
    await world.records.end(world.keyOf(id), 'backchannel');
    expect(await waiting).toEqual({ kind: 'ended', reason: 'backchannel' });
  });
});

describe('a request that waits for another instance', () => {
  it('goes on by itself when the other gave up', async () => {
    const provider = world.provider();
    const id = await world.login(world.endingIn(-1));
    await world.store.acquireLock(world.keyOf(id), 'other', 15_000);
    const waiting = world.refresherOf(provider).fresh(id, await world.held(id));
    await world.store.releaseLock(world.keyOf(id), 'other');
    await expect(waiting).resolves.toMatchObject({ tokens: { accessToken: 'renewed' } });
    expect(provider.asked).toHaveLength(1);
  });
});

describe('a refresh ahead of the end', () => {
  it('happens beside the request, which goes on with the old token', async () => {
    const provider = world.provider();
    const id = await world.login(world.endingIn(60_000));
    const fresh = await world
      .refresherOf(provider, { aheadMs: 120_000 })
      .fresh(id, await world.held(id));
    expect(fresh).toMatchObject({ tokens: { accessToken: 'the-access-token' } });
    await world.log.until('token.refreshed', 1);
    expect(await world.held(id)).toMatchObject({ tokens: { tokens: { accessToken: 'renewed' } } });
  });

  it('is off unless it is switched on', async () => {
    const provider = world.provider();
    const id = await world.login(world.endingIn(60_000));
    await world.refresherOf(provider).fresh(id, await world.held(id));
    expect(provider.asked).toEqual([]);
  });
});

describe('a token for one API', () => {
  const orders = { key: 'orders', via: 'refresh', resource: 'urn:orders' } as const;
  const withOrders = (tokens: TokenSet): TokenSet => ({
    ...tokens,
    audiences: {
      orders: {
        accessToken: 'for-orders',
        obtainedAt: world.clock.now(),
        accessTokenExpiresAt: world.clock.now() + 5 * MINUTE,
      },
    },
  });

  it('is got by the refresh token once and kept with the session', async () => {
    const provider = world.provider();
    provider.answer = (tokens) => ({ kind: 'refreshed', tokens: withOrders(tokens) });
    const refresher = world.refresherOf(provider);
    const id = await world.login(world.endingIn(5 * MINUTE));
    const [first, second] = await Promise.all([
      refresher.forAudience(id, await world.held(id), orders),
      refresher.forAudience(id, await world.held(id), orders),
    ]);
    expect(first).toMatchObject({
      tokens: { audiences: { orders: { accessToken: 'for-orders' } } },
    });
    expect(second).toEqual(first);
    await refresher.forAudience(id, await world.held(id), orders);
    expect(provider.asked).toHaveLength(1);
    expect((await world.held(id)).tokens.tokens.accessToken).toBe('the-access-token');
  });

  it('is not another API’s, although the session has one', async () => {
    const provider = world.provider();
    provider.fails('refused');
    const id = await world.login(withOrders(world.endingIn(5 * MINUTE)));
    const other = { ...orders, key: 'billing' };
    await expect(
      world.refresherOf(provider).forAudience(id, await world.held(id), other),
    ).resolves.toEqual({
      kind: 'later',
    });
  });
});

describe('a token that was refused', () => {
  it('is not used again while another instance renews it: its result is waited for (P-57)', async () => {
    const provider = world.provider();
    const id = await world.login(world.endingIn(5 * MINUTE));
    const judged = await world.held(id);
    await world.store.acquireLock(world.keyOf(id), 'other', 60_000);
    const waiting = world.refresherOf(provider).fresh(id, judged, { force: true });
    await world.records.replaceTokens(id, judged.tokens, tokenSet({ accessToken: 'other' }));
    expect(await waiting).toMatchObject({ kind: 'usable', tokens: { accessToken: 'other' } });
    expect(provider.asked).toEqual([]);
  });

  it('is not handed out by a refresh under way that nobody forced', async () => {
    const provider = world.provider();
    const refresher = world.refresherOf(provider);
    const id = await world.login(world.endingIn(1_000));
    const judged = await world.held(id);
    await world.store.acquireLock(world.keyOf(id), 'other', 60_000);
    const [easy, forced] = [
      refresher.fresh(id, judged),
      refresher.fresh(id, judged, { force: true }),
    ];
    await world.records.replaceTokens(id, judged.tokens, tokenSet({ accessToken: 'other' }));
    expect(await easy).toMatchObject({ tokens: { accessToken: 'the-access-token' } });
    expect(await forced).toMatchObject({ tokens: { accessToken: 'other' } });
  });
});

describe('a refresh that takes longer than a request waits', () => {
  it('goes on without the requests, which are told to come later; who comes later shares it', async () => {
    const provider = world.provider();
    const refresher = world.refresherOf(provider, IMPATIENT);
    const answered = Promise.withResolvers<void>();
    provider.answer = async () => {
      await answered.promise;
      return { kind: 'refreshed', tokens: world.renewed() };
    };
    const id = await world.login(world.endingIn(0));
    const judged = await world.held(id);
    const all = await Promise.all([refresher.fresh(id, judged), refresher.fresh(id, judged)]);
    expect(all).toEqual([{ kind: 'later' }, { kind: 'later' }]);
    const late = refresher.fresh(id, judged);
    answered.resolve();
    expect(await late).toMatchObject({ kind: 'usable', tokens: { accessToken: 'renewed' } });
    expect(provider.asked).toHaveLength(1);
  });

  it('leaves them the old token while it lives', async () => {
    const provider = world.provider();
    const refresher = world.refresherOf(provider, IMPATIENT);
    const answered = Promise.withResolvers<void>();
    provider.answer = async () => {
      await answered.promise;
      return { kind: 'refreshed', tokens: world.renewed() };
    };
    const id = await world.login(world.endingIn(1_000));
    const fresh = await refresher.fresh(id, await world.held(id));
    expect(fresh).toMatchObject({ kind: 'usable', tokens: { accessToken: 'the-access-token' } });
    answered.resolve();
    await refresher.beforeApplicationShutdown();
  });

  it('is waited for when the process stops', async () => {
    const provider = world.provider();
    const refresher = world.refresherOf(provider, { waitMs: 1, aheadMs: 10 * MINUTE });
    const answered = Promise.withResolvers<void>();
    provider.answer = async () => {
      await answered.promise;
      return { kind: 'refreshed', tokens: world.renewed() };
    };
    const id = await world.login({ ...world.endingIn(4 * MINUTE), obtainedAt: 0 });
    await refresher.fresh(id, await world.held(id));
    const stopped = refresher.beforeApplicationShutdown();
    answered.resolve();
    await stopped;
    expect(await world.held(id)).toMatchObject({ tokens: { tokens: { accessToken: 'renewed' } } });
  });
});

describe('the jitter', () => {
  const MOST = 200;

  it('is the same on every instance and not the same for every session: up to a fifth of the leeway', async () => {
    const [one, two] = [world.refresherOf(world.provider()), world.refresherOf(world.provider())];
    const dueAt = new Set<number>();
    for (let count = 0; count < MOST; count += 1) {
      const id = await world.login(world.endingIn(5 * MINUTE));
      const found = await world.held(id);
      const isDue = (by: typeof one, leftMs: number): boolean => {
        const tokens = { ...found.tokens.tokens, ...world.endingIn(leftMs) };
        return by['isDue']({ ...found, tokens: { ...found.tokens, tokens } }, 30_000);
      };
      let leftMs = 36_001;
      while (!isDue(one, leftMs)) leftMs -= 1;
      expect([isDue(two, leftMs), isDue(two, leftMs + 1)]).toEqual([true, false]);
      dueAt.add(leftMs);
    }
    expect(Math.min(...dueAt)).toBe(30_000);
    expect(Math.max(...dueAt)).toBe(36_000);
    expect(dueAt.size).toBe(8);
  });
});
