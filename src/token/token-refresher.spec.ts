import { MINUTE, sessionWorld, tokenSet } from '../../test/support/session-fixtures.js';
import type { TokenSet } from '../domain/token-set.js';
import type { RefreshOutcome } from '../provider/provider-client.js';
import type { TokenFailure } from '../provider/provider-errors.js';
import type { ProviderRegistry } from '../provider/provider-registry.js';
import { TokenRefresher } from './token-refresher.js';

const config = { leewayMs: 30_000, lockMs: 15_000, waitMs: 150 };

let world: ReturnType<typeof sessionWorld>;
beforeEach(() => {
  world = sessionWorld();
});
afterEach(() => world.close());

/** A provider that answers when told, and notes what it was asked. */
class FakeProvider {
  readonly asked: TokenSet[] = [];
  readonly revoked: TokenSet[] = [];
  answer: (tokens: TokenSet) => RefreshOutcome | Promise<RefreshOutcome> = () => ({
    kind: 'refreshed',
    tokens: renewed(),
  });

  fails(failure: TokenFailure): void {
    this.answer = () => ({ kind: 'failed', failure });
  }

  async refresh(tokens: TokenSet): Promise<RefreshOutcome> {
    this.asked.push(tokens);
    return this.answer(tokens);
  }

  async revoke(tokens: TokenSet): Promise<void> {
    this.revoked.push(tokens);
  }
}

const renewed = (): TokenSet =>
  tokenSet({ accessToken: 'renewed', accessTokenExpiresAt: world.clock.now() + 5 * MINUTE });
const endingIn = (ms: number): TokenSet =>
  tokenSet({ accessTokenExpiresAt: world.clock.now() + ms });

function refresherOf(provider: FakeProvider): TokenRefresher {
  const providers = { find: () => provider } as unknown as ProviderRegistry;
  return new TokenRefresher(world.records, providers, world.store, world.clock, config, world.log);
}

async function held(id: string) {
  const reading = await world.records.readWithTokens(id, { touch: false });
  if (reading.kind !== 'live') throw new Error('no session');
  return reading;
}

const keyOf = (id: string) => world.records.credentials.of(id).storeKey;

describe('a token that is not due', () => {
  it.each([[30_001], [5 * MINUTE]])('%d ms before its end is used as it is', async (ms) => {
    const provider = new FakeProvider();
    const id = await world.login(endingIn(ms));
    const fresh = await refresherOf(provider).fresh(id, await held(id));
    expect(fresh).toMatchObject({ kind: 'usable', tokens: { accessToken: 'the-access-token' } });
    expect(provider.asked).toEqual([]);
    expect(world.commands).toEqual(['readBoth']);
  });

  it('is renewed when that is asked for', async () => {
    const provider = new FakeProvider();
    const id = await world.login(endingIn(5 * MINUTE));
    const fresh = await refresherOf(provider).fresh(id, await held(id), { force: true });
    expect(fresh).toMatchObject({ kind: 'usable', tokens: { accessToken: 'renewed' } });
  });
});

describe('a token that is due', () => {
  it('is renewed, written and logged', async () => {
    const provider = new FakeProvider();
    const id = await world.login(endingIn(30_000));
    const fresh = await refresherOf(provider).fresh(id, await held(id));
    expect(fresh).toMatchObject({ kind: 'usable', tokens: { accessToken: 'renewed' } });
    expect(await held(id)).toMatchObject({ tokens: { tokens: { accessToken: 'renewed' } } });
    expect(world.log.count('token.refreshed')).toBe(1);
  });

  it('is renewed once for many requests at a time', async () => {
    const provider = new FakeProvider();
    const refresher = refresherOf(provider);
    const id = await world.login(endingIn(0));
    const judged = await held(id);
    const all = await Promise.all(Array.from({ length: 50 }, () => refresher.fresh(id, judged)));
    expect(all.every((one) => one.kind === 'usable' && one.tokens.accessToken === 'renewed')).toBe(
      true,
    );
    expect(provider.asked).toHaveLength(1);
    expect(world.commands.filter((command) => command === 'acquireLock')).toHaveLength(1);
  });

  it('is not renewed again by a request that judged the old one', async () => {
    const provider = new FakeProvider();
    const refresher = refresherOf(provider);
    const id = await world.login(endingIn(0));
    const judged = await held(id);
    await refresher.fresh(id, judged);
    const late = await refresher.fresh(id, judged);
    expect(late).toMatchObject({ kind: 'usable', tokens: { accessToken: 'renewed' } });
    expect(provider.asked).toHaveLength(1);
  });

  it('frees the lock, after a success and after a failure', async () => {
    const provider = new FakeProvider();
    const refresher = refresherOf(provider);
    const id = await world.login(endingIn(0));
    provider.fails('temporary');
    await refresher.fresh(id, await held(id));
    await expect(world.store.acquireLock(keyOf(id), 'me', 1_000)).resolves.toBe(true);
    await world.store.releaseLock(keyOf(id), 'me');
    provider.answer = () => ({ kind: 'refreshed', tokens: renewed() });
    await refresher.fresh(id, await held(id));
    await expect(world.store.acquireLock(keyOf(id), 'me', 1_000)).resolves.toBe(true);
  });

  it('without a refresh token is used to its end and no longer', async () => {
    const provider = new FakeProvider();
    const refresher = refresherOf(provider);
    const { refreshToken: _none, ...without } = endingIn(1_000);
    const id = await world.login(without);
    expect(await refresher.fresh(id, await held(id))).toMatchObject({ kind: 'usable' });
    world.pass(1_000);
    expect(await refresher.fresh(id, await held(id))).toEqual({ kind: 'exhausted' });
    expect(provider.asked).toEqual([]);
  });
});

describe('when another instance holds the lock', () => {
  it('goes on with a token that is still good', async () => {
    const provider = new FakeProvider();
    const id = await world.login(endingIn(1_000));
    await world.store.acquireLock(keyOf(id), 'other', 60_000);
    const fresh = await refresherOf(provider).fresh(id, await held(id));
    expect(fresh).toMatchObject({ kind: 'usable', tokens: { accessToken: 'the-access-token' } });
    expect(provider.asked).toEqual([]);
  });

  it('waits for its result: two instances, one call', async () => {
    const provider = new FakeProvider();
    let answer: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => {
      provider.answer = () =>
        new Promise((done) => {
          answer = () => done({ kind: 'refreshed', tokens: renewed() });
          resolve();
        });
    });
    const id = await world.login(endingIn(0));
    const judged = await held(id);
    const winner = refresherOf(provider).fresh(id, judged);
    await asked;
    const loser = refresherOf(provider).fresh(id, judged);
    answer();
    await expect(Promise.all([winner, loser])).resolves.toMatchObject([
      { kind: 'usable', tokens: { accessToken: 'renewed' } },
      { kind: 'usable', tokens: { accessToken: 'renewed' } },
    ]);
    expect(provider.asked).toHaveLength(1);
  });

  it('says later when the result does not come in time', async () => {
    const provider = new FakeProvider();
    const id = await world.login(endingIn(0));
    await world.store.acquireLock(keyOf(id), 'other', 60_000);
    expect(await refresherOf(provider).fresh(id, await held(id))).toEqual({ kind: 'later' });
    expect(provider.asked).toEqual([]);
  });

  it('notices that the session ended meanwhile', async () => {
    const id = await world.login(endingIn(0));
    const judged = await held(id);
    await world.store.acquireLock(keyOf(id), 'other', 60_000);
    const waiting = refresherOf(new FakeProvider()).fresh(id, judged);
    await world.records.end(keyOf(id), 'backchannel');
    expect(await waiting).toEqual({ kind: 'ended', reason: 'backchannel' });
  });
});

describe('when the store moved on while the provider answered', () => {
  it('a session that ended gets no tokens: they are revoked', async () => {
    const provider = new FakeProvider();
    const id = await world.login(endingIn(0));
    provider.answer = async () => {
      await world.records.end(keyOf(id), 'logout');
      return { kind: 'refreshed', tokens: renewed() };
    };
    expect((await refresherOf(provider).fresh(id, await held(id))).kind).toBe('ended');
    expect(provider.revoked).toMatchObject([{ accessToken: 'renewed' }]);
  });

  it('the tokens that another wrote win', async () => {
    const provider = new FakeProvider();
    const id = await world.login(endingIn(0));
    const judged = await held(id);
    provider.answer = async () => {
      await world.records.replaceTokens(id, judged.tokens, tokenSet({ accessToken: 'other' }));
      return { kind: 'refreshed', tokens: renewed() };
    };
    const fresh = await refresherOf(provider).fresh(id, judged);
    expect(fresh).toMatchObject({ kind: 'usable', tokens: { accessToken: 'other' } });
  });

  it('a session that was gone before is not renewed at all', async () => {
    const provider = new FakeProvider();
    const id = await world.login(endingIn(0));
    const judged = await held(id);
    await world.records.end(keyOf(id), 'revoked');
    const fresh = await refresherOf(provider).fresh(id, judged);
    expect(fresh).toEqual({ kind: 'ended', reason: 'revoked' });
    expect(provider.asked).toEqual([]);
  });
});

describe('a refresh that fails', () => {
  it.each<[TokenFailure, string]>([
    ['invalid_client', 'usable'],
    ['refused', 'usable'],
    ['not_sent', 'usable'],
    ['temporary', 'usable'],
  ])('%s goes on with a token that is still good, then says later', async (failure, kind) => {
    const provider = new FakeProvider();
    provider.fails(failure);
    const refresher = refresherOf(provider);
    const id = await world.login(endingIn(1_000));
    expect((await refresher.fresh(id, await held(id))).kind).toBe(kind);
    world.pass(1_000);
    expect(await refresher.fresh(id, await held(id))).toEqual({ kind: 'later' });
    await expect(world.records.read(id, { touch: false })).resolves.toMatchObject({ kind: 'live' });
  });

  it.each<[TokenFailure, string]>([
    ['invalid_grant', 'refresh_failed'],
    ['unknown', 'refresh_lost'],
  ])('%s ends the session once, as %s', async (failure, reason) => {
    const provider = new FakeProvider();
    provider.fails(failure);
    const id = await world.login(endingIn(0));
    expect(await refresherOf(provider).fresh(id, await held(id))).toEqual({
      kind: 'ended',
      reason,
    });
    await expect(world.records.read(id, { touch: false })).resolves.toEqual({
      kind: 'anonymous',
      reason,
    });
  });

  it.each<[TokenFailure]>([['invalid_grant'], ['unknown']])(
    '%s ends nothing when another instance has renewed meanwhile',
    async (failure) => {
      const provider = new FakeProvider();
      const id = await world.login(endingIn(0));
      const judged = await held(id);
      provider.answer = async () => {
        await world.records.replaceTokens(id, judged.tokens, tokenSet({ accessToken: 'other' }));
        return { kind: 'failed', failure };
      };
      const fresh = await refresherOf(provider).fresh(id, judged);
      expect(fresh).toMatchObject({ kind: 'usable', tokens: { accessToken: 'other' } });
      await expect(world.records.read(id, { touch: false })).resolves.toMatchObject({
        kind: 'live',
      });
    },
  );

  it('leaves the provider alone for a second, for other sessions too, and then tries again', async () => {
    const provider = new FakeProvider();
    provider.fails('not_sent');
    const refresher = refresherOf(provider);
    const id = await world.login(endingIn(0));
    const other = await world.login(endingIn(0));
    expect(await refresher.fresh(id, await held(id))).toEqual({ kind: 'later' });
    expect(await refresher.fresh(id, await held(id))).toEqual({ kind: 'later' });
    expect(await refresher.fresh(other, await held(other))).toEqual({ kind: 'later' });
    expect(provider.asked).toHaveLength(1);
    provider.answer = () => ({ kind: 'refreshed', tokens: renewed() });
    world.clock.advance(1_000);
    expect(await refresher.fresh(id, await held(id))).toMatchObject({ kind: 'usable' });
  });
});

describe('a provider that left the configuration', () => {
  it('ends the session when its token is due', async () => {
    const id = await world.login(endingIn(0));
    const none = { find: () => undefined } as unknown as ProviderRegistry;
    const refresher = new TokenRefresher(
      world.records,
      none,
      world.store,
      world.clock,
      config,
      world.log,
    );
    expect(await refresher.fresh(id, await held(id))).toEqual({
      kind: 'ended',
      reason: 'provider',
    });
  });
});
