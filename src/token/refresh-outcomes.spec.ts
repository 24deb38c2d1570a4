import { refreshWorld } from '../../test/support/refresh-world.js';
import { MINUTE, tokenSet } from '../../test/support/session-fixtures.js';
import type { TokenFailure } from '../provider/provider-errors.js';

let world: ReturnType<typeof refreshWorld>;
beforeEach(() => {
  world = refreshWorld();
});
afterEach(() => world.close());

describe('when the store moved on while the provider answered', () => {
  it('a session that ended gets no tokens: they are revoked (P-37)', async () => {
    const provider = world.provider();
    const id = await world.login(world.endingIn(0));
    provider.answer = async () => {
      await world.records.end(world.keyOf(id), 'logout');
      return { kind: 'refreshed', tokens: world.renewed() };
    };
    expect((await world.refresherOf(provider).fresh(id, await world.held(id))).kind).toBe('ended');
    expect(provider.revoked).toMatchObject([{ accessToken: 'renewed' }]);
  });

  it('the tokens that another wrote win', async () => {
    const provider = world.provider();
    const id = await world.login(world.endingIn(0));
    const judged = await world.held(id);
    provider.answer = async () => {
      await world.records.replaceTokens(
        id,
        (await world.held(id)).tokens,
        tokenSet({ accessToken: 'other' }),
      );
      return { kind: 'refreshed', tokens: world.renewed() };
    };
    const fresh = await world.refresherOf(provider).fresh(id, judged);
    expect(fresh).toMatchObject({ kind: 'usable', tokens: { accessToken: 'other' } });
  });

  it('a session that was gone before is not renewed at all', async () => {
    const provider = world.provider();
    const id = await world.login(world.endingIn(0));
    const judged = await world.held(id);
    await world.records.end(world.keyOf(id), 'revoked');
    const fresh = await world.refresherOf(provider).fresh(id, judged);
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
    const provider = world.provider();
    provider.fails(failure);
    const refresher = world.refresherOf(provider);
    const id = await world.login(world.endingIn(1_000));
    expect((await refresher.fresh(id, await world.held(id))).kind).toBe(kind);
    world.pass(1_000);
    expect(await refresher.fresh(id, await world.held(id))).toEqual({ kind: 'later' });
    await expect(world.records.read(id, { touch: false })).resolves.toMatchObject({ kind: 'live' });
  });

  it.each<[TokenFailure, string]>([
    ['invalid_grant', 'refresh_failed'],
    ['unknown', 'refresh_lost'],
  ])('%s ends the session once, as %s', async (failure, reason) => {
    const provider = world.provider();
    provider.fails(failure);
    const id = await world.login(world.endingIn(0));
    expect(await world.refresherOf(provider).fresh(id, await world.held(id))).toEqual({
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
      const provider = world.provider();
      const id = await world.login(world.endingIn(0));
      const judged = await world.held(id);
      provider.answer = async () => {
        await world.records.replaceTokens(
          id,
          (await world.held(id)).tokens,
          tokenSet({ accessToken: 'other' }),
        );
        return { kind: 'failed', failure };
      };
      const fresh = await world.refresherOf(provider).fresh(id, judged);
      expect(fresh).toMatchObject({ kind: 'usable', tokens: { accessToken: 'other' } });
      await expect(world.records.read(id, { touch: false })).resolves.toMatchObject({
        kind: 'live',
      });
    },
  );

  it('leaves the provider alone for a second, for other sessions too, and then tries again', async () => {
    const provider = world.provider();
    provider.fails('not_sent');
    const refresher = world.refresherOf(provider);
    const id = await world.login(world.endingIn(0));
    const other = await world.login(world.endingIn(0));
    expect(await refresher.fresh(id, await world.held(id))).toEqual({ kind: 'later' });
    expect(await refresher.fresh(id, await world.held(id))).toEqual({ kind: 'later' });
    expect(await refresher.fresh(other, await world.held(other))).toEqual({ kind: 'later' });
    expect(provider.asked).toHaveLength(1);
    provider.answer = () => ({ kind: 'refreshed', tokens: world.renewed() });
    world.clock.advance(1_000);
    expect(await refresher.fresh(id, await world.held(id))).toMatchObject({ kind: 'usable' });
  });
});

describe('a provider that left the configuration', () => {
  it('ends the session when its token is due', async () => {
    const id = await world.login(world.endingIn(0));
    const refresher = world.refresherOf(undefined);
    expect(await refresher.fresh(id, await world.held(id))).toEqual({
      kind: 'ended',
      reason: 'provider',
    });
  });
});

describe('a refresh token that was sent by somebody who is gone', () => {
  const sentAgo = async (ms: number): Promise<string> => {
    const id = await world.login(world.endingIn(0));
    const { tokens } = await world.held(id);
    const refreshSentAt = world.clock.now() - ms;
    await world.records.replaceTokens(id, tokens, { ...tokens.tokens, refreshSentAt });
    return id;
  };

  it('is not sent again: one clean logout with refresh_lost (R-27)', async () => {
    const provider = world.provider();
    const id = await sentAgo(1_000);
    const fresh = await world.refresherOf(provider).fresh(id, await world.held(id));
    expect(fresh).toEqual({ kind: 'ended', reason: 'refresh_lost' });
    expect(provider.asked).toEqual([]);
  });

  it('is not sent again either when its sender had a clock that is ahead of ours (R-27)', async () => {
    const provider = world.provider();
    const id = await sentAgo(-600_000);
    const fresh = await world.refresherOf(provider).fresh(id, await world.held(id));
    expect(fresh).toEqual({ kind: 'ended', reason: 'refresh_lost' });
    expect(provider.asked).toEqual([]);
  });

  it('is sent again where the provider takes it again', async () => {
    const provider = world.provider({ refreshGraceMs: 60_000 });
    const id = await sentAgo(59_999);
    const fresh = await world.refresherOf(provider).fresh(id, await world.held(id));
    expect(fresh).toMatchObject({ kind: 'usable', tokens: { accessToken: 'renewed' } });
  });

  it('leaves no note behind once its outcome is known', async () => {
    const provider = world.provider();
    const refresher = world.refresherOf(provider);
    const id = await world.login(world.endingIn(0));
    provider.fails('temporary');
    await refresher.fresh(id, await world.held(id));
    expect((await world.held(id)).tokens.tokens.refreshSentAt).toBeUndefined();
    world.clock.advance(1_000);
    provider.answer = () => ({ kind: 'refreshed', tokens: world.renewed() });
    await refresher.fresh(id, await world.held(id));
    expect((await world.held(id)).tokens.tokens.refreshSentAt).toBeUndefined();
  });

  it('is noted before the request leaves', async () => {
    const provider = world.provider();
    const id = await world.login(world.endingIn(0));
    let noted: number | undefined;
    provider.answer = async () => {
      noted = (await world.held(id)).tokens.tokens.refreshSentAt;
      return { kind: 'refreshed', tokens: world.renewed() };
    };
    await world.refresherOf(provider).fresh(id, await world.held(id));
    expect(noted).toBe(world.clock.now());
  });
});

describe('an answer that is lost', () => {
  it('is asked for once more within the grace of the provider, and never a third time (R-28)', async () => {
    const provider = world.provider({ refreshGraceMs: 60_000 });
    provider.fails('unknown');
    const id = await world.login(world.endingIn(0));
    const fresh = await world.refresherOf(provider).fresh(id, await world.held(id));
    expect(fresh).toEqual({ kind: 'ended', reason: 'refresh_lost' });
    expect(provider.asked).toHaveLength(2);
  });
});

describe('claims that a refresh brings', () => {
  it('take the place of the old ones', async () => {
    const provider = world.provider();
    const id = await world.login(world.endingIn(0));
    const judged = await world.held(id);
    const { identity } = judged.session.record;
    const changed = { ...identity, claims: { ...identity.claims, name: 'Alice Baker' } };
    provider.answer = () => ({ kind: 'refreshed', tokens: world.renewed(), identity: changed });
    await world.refresherOf(provider).fresh(id, judged);
    expect((await world.held(id)).session.record.identity).toEqual(changed);
  });

  it('are not written when nothing changed', async () => {
    const provider = world.provider();
    const id = await world.login(world.endingIn(0));
    const judged = await world.held(id);
    const { identity } = judged.session.record;
    provider.answer = () => ({
      kind: 'refreshed',
      tokens: world.renewed(),
      identity: { ...identity },
    });
    await world.refresherOf(provider).fresh(id, judged);
    expect(world.commands).not.toContain('writeIdentity');
  });

  it('may move the ceiling of the provider: a session past it is over (P-54)', async () => {
    const provider = world.provider();
    const id = await world.login(world.endingIn(0));
    const judged = await world.held(id);
    const { identity } = judged.session.record;
    const sessionExpiry = Math.floor(world.clock.now() / 1000) + 60;
    const changed = { ...identity, sessionExpiry };
    provider.answer = () => ({ kind: 'refreshed', tokens: world.renewed(), identity: changed });
    await world.refresherOf(provider).fresh(id, judged);
    world.clock.advance(MINUTE);
    await expect(world.records.read(id, { touch: false })).resolves.toEqual({
      kind: 'anonymous',
      reason: 'provider',
    });
  });

  it('may shut the user out: the session ends, and what came is revoked', async () => {
    const provider = world.provider();
    const id = await world.login(world.endingIn(0));
    provider.answer = () => ({ kind: 'not_allowed', tokens: world.renewed() });
    const fresh = await world.refresherOf(provider).fresh(id, await world.held(id));
    expect(fresh).toEqual({ kind: 'ended', reason: 'revoked' });
    expect(provider.revoked).toMatchObject([{ accessToken: 'renewed' }]);
  });
});
