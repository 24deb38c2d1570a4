import { refreshWorld } from '../../test/support/refresh-world.js';
import { MINUTE, tokenSet } from '../../test/support/session-fixtures.js';
import type { Claims } from '../domain/identity.js';
import type { AudienceRequest } from '../domain/token-set.js';

const orders: AudienceRequest = { key: 'orders', via: 'refresh', resource: 'urn:orders' };
const forOrders = { accessToken: 'for-orders', obtainedAt: 1 };

let world: ReturnType<typeof refreshWorld>;
beforeEach(() => {
  world = refreshWorld();
});
afterEach(() => world.close());

/** Somebody who needs no lock keeps a token for an API beside the session's own. */
async function keepBeside(id: string): Promise<void> {
  const { tokens } = await world.held(id);
  const audiences = { orders: forOrders };
  await world.records.replaceTokens(id, tokens, { ...tokens.tokens, audiences });
}

describe('a token for an API that is kept beside a refresh', () => {
  it('before the refresh token is sent costs nothing', async () => {
    const provider = world.provider();
    const id = await world.login(world.endingIn(0));
    const judged = await world.held(id);
    const refresher = world.refresherOf(provider);
    const readWithTokens = world.records.readWithTokens.bind(world.records);
    let reads = 0;
    world.records.readWithTokens = async (...args) => {
      const reading = await readWithTokens(...args);
      // The last look before the note.
      if ((reads += 1) === 1) await keepBeside(id);
      return reading;
    };
    expect(await refresher.fresh(id, judged)).toMatchObject({ tokens: { accessToken: 'renewed' } });
    expect(provider.asked).toHaveLength(1);
    expect((await world.held(id)).tokens.tokens).toMatchObject({
      accessToken: 'renewed',
      audiences: { orders: forOrders },
    });
  });

  it('while the provider answers loses neither of the two', async () => {
    const provider = world.provider();
    const id = await world.login(world.endingIn(0));
    provider.answer = async () => {
      await keepBeside(id);
      return { kind: 'refreshed', tokens: world.renewed({ refreshToken: 'rotated' }) };
    };
    await world.refresherOf(provider).fresh(id, await world.held(id));
    const { tokens } = (await world.held(id)).tokens;
    expect(tokens).toMatchObject({ refreshToken: 'rotated', audiences: { orders: forOrders } });
    expect(tokens.refreshSentAt).toBeUndefined();
  });

  it('while the provider refuses leaves no note behind', async () => {
    const provider = world.provider();
    const id = await world.login(world.endingIn(0));
    provider.answer = async () => {
      await keepBeside(id);
      return { kind: 'failed', failure: 'temporary' };
    };
    await world.refresherOf(provider).fresh(id, await world.held(id));
    const { tokens } = (await world.held(id)).tokens;
    expect(tokens.audiences).toEqual({ orders: forOrders });
    expect(tokens.refreshSentAt).toBeUndefined();
  });
});

describe('a note whose write was answered too late', () => {
  it('is known again by who wrote it: the refresh goes on, and nobody is logged out', async () => {
    const provider = world.provider();
    const id = await world.login(world.endingIn(0));
    const judged = await world.held(id);
    const replaceTokens = world.records.replaceTokens.bind(world.records);
    let writes = 0;
    world.records.replaceTokens = async (...args) => {
      const outcome = await replaceTokens(...args);
      if ((writes += 1) === 1) throw world.away();
      return outcome;
    };
    const refresher = world.refresherOf(provider, { waitMs: 2_000 });
    expect(await refresher.fresh(id, judged)).toMatchObject({ tokens: { accessToken: 'renewed' } });
    expect(provider.asked).toHaveLength(1);
  });
});

describe('two that hold the lock at a time, because the store lost it', () => {
  it('do not both send: the second finds the note, and the first revokes what it gets (ATK-71)', async () => {
    const provider = world.provider();
    const id = await world.login(world.endingIn(0));
    const judged = await world.held(id);
    provider.answer = async () => {
      world.storeClock.advance(15_000);
      const second = await world.refresherOf(provider).fresh(id, judged);
      expect(second).toEqual({ kind: 'ended', reason: 'refresh_lost' });
      return { kind: 'refreshed', tokens: world.renewed() };
    };
    const first = await world.refresherOf(provider).fresh(id, judged);
    expect(first).toEqual({ kind: 'ended', reason: 'refresh_lost' });
    expect(provider.asked).toHaveLength(1);
    expect(provider.revoked).toMatchObject([{ accessToken: 'renewed' }]);
  });
});

describe('an API whose token is refused', () => {
  it('is left alone for a while, and the session goes on being renewed', async () => {
    const provider = world.provider();
    provider.fails('refused');
    const refresher = world.refresherOf(provider);
    const id = await world.login(world.endingIn(5 * MINUTE));
    for (let count = 0; count < 3; count += 1)
      expect(await refresher.forAudience(id, await world.held(id), orders)).toEqual({
        kind: 'later',
      });
    expect(provider.asked).toHaveLength(1);
    provider.answer = () => ({ kind: 'refreshed', tokens: world.renewed() });
    const own = await refresher.fresh(id, await world.held(id), { force: true });
    expect(own).toMatchObject({ tokens: { accessToken: 'renewed' } });
    const billing = { ...orders, key: 'billing' };
    await refresher.forAudience(id, await world.held(id), billing);
    expect(provider.asked).toHaveLength(3);
  });
});

describe('the end that the provider sets', () => {
  it('ends the session at once when it is past, and revokes what came (P-54)', async () => {
    const provider = world.provider();
    const id = await world.login(world.endingIn(0));
    const found = await world.held(id);
    const sessionExpiry = world.clock.now() / 1000;
    const identity = { ...found.session.record.identity, sessionExpiry };
    provider.answer = () => ({ kind: 'refreshed', tokens: world.renewed(), identity });
    const fresh = await world.refresherOf(provider).fresh(id, found);
    expect(fresh).toEqual({ kind: 'ended', reason: 'provider' });
    expect(provider.revoked).toMatchObject([{ accessToken: 'renewed' }]);
    expect(world.log.count('token.refreshed')).toBe(0);
  });
});

describe('pages of the session', () => {
  it('hear of new tokens when the new claims are there', async () => {
    const provider = world.provider();
    const id = await world.login(world.endingIn(0));
    const found = await world.held(id);
    const identity = { ...found.session.record.identity, claims: { name: 'Alice Baker' } };
    provider.answer = () => ({ kind: 'refreshed', tokens: world.renewed(), identity });
    await world.refresherOf(provider).fresh(id, found);
    const order = world.commands.filter((command) =>
      ['writeTokens', 'writeIdentity', 'publishRenewed'].includes(command),
    );
    expect(order).toEqual(['writeTokens', 'writeTokens', 'writeIdentity', 'publishRenewed']);
  });

  it('hear nothing of a note', async () => {
    const provider = world.provider();
    provider.fails('temporary');
    const id = await world.login(world.endingIn(0));
    await world.refresherOf(provider).fresh(id, await world.held(id));
    expect(world.commands).not.toContain('publishRenewed');
  });
});

describe('a provider that cannot be found', () => {
  it('was sent nothing: no note is written, and the provider is left alone for a while', async () => {
    const provider = world.provider();
    provider.known = false;
    const refresher = world.refresherOf(provider);
    const id = await world.login(world.endingIn(0));
    const judged = await world.held(id);
    expect(await refresher.fresh(id, judged)).toEqual({ kind: 'later' });
    expect(world.commands).not.toContain('writeTokens');
    provider.known = true;
    expect(await refresher.fresh(id, judged)).toEqual({ kind: 'later' });
    world.pass(1_000);
    expect(await refresher.fresh(id, judged)).toMatchObject({ kind: 'usable' });
    expect(provider.asked).toHaveLength(1);
  });
});

describe('claims that somebody else has written meanwhile', () => {
  it('stay: theirs are newer', async () => {
    const provider = world.provider();
    const id = await world.login(world.endingIn(0));
    const found = await world.held(id);
    const { identity } = found.session.record;
    const [ours, theirs] = ['ours', 'theirs'].map((name) => ({ ...identity, claims: { name } }));
    provider.answer = async () => {
      await world.records.replaceIdentity(id, found.session, theirs!);
      return { kind: 'refreshed', tokens: world.renewed(), identity: ours! };
    };
    const fresh = await world.refresherOf(provider).fresh(id, found);
    expect(fresh).toMatchObject({ tokens: { accessToken: 'renewed' } });
    expect((await world.held(id)).session.record.identity).toEqual(theirs);
  });
});

describe('claims that a refresh does not bring any more', () => {
  const events = (): unknown[] =>
    world.log.events.filter(({ name }) => name === 'token.claims_dropped');
  const refreshTo = async (claims: Claims): Promise<void> => {
    const provider = world.provider();
    const id = await world.login(world.endingIn(0));
    const held = await world.held(id);
    const identity = { ...held.session.record.identity, claims };
    provider.answer = () => ({ kind: 'refreshed', tokens: world.renewed(), identity });
    await world.refresherOf(provider).fresh(id, held);
  };

  it('are told by name', async () => {
    await refreshTo({ roles: ['admin'] });
    expect(events()).toEqual([
      { name: 'token.claims_dropped', fields: { provider: 'generic', claims: 'email' } },
    ]);
  });

  it('are none where others came or changed', async () => {
    await refreshTo({ email: 'another@example.com', roles: ['admin'] });
    expect(events()).toEqual([]);
  });
});

describe('a provider that is away with a thousand sessions (ATK-95)', () => {
  const SESSIONS = 1_000;
  const TEN_MINUTES_S = 600;

  it('is asked some twenty times in ten minutes, and all go on when it is back (R-43)', async () => {
    const provider = world.provider();
    provider.fails('not_sent');
    const refresher = world.refresherOf(provider);
    const all = await Promise.all(
      Array.from({ length: SESSIONS }, async () => {
        const id = await world.login(world.endingIn(0));
        return { id, judged: await world.held(id) };
      }),
    );
    const callAll = () => Promise.all(all.map(({ id, judged }) => refresher.fresh(id, judged)));
    for (let second = 0; second < TEN_MINUTES_S; second += 5) {
      const kinds = new Set((await callAll()).map(({ kind }) => kind));
      expect(kinds).toEqual(new Set(['later']));
      world.pass(5_000);
    }
    // A hundred were sent before anybody knew.
    expect(provider.asked.length - 100).toBeLessThan(25);
    provider.answer = () => ({ kind: 'refreshed', tokens: world.renewed() });
    world.pass(30_000);
    const { id, judged } = all[0]!;
    expect((await refresher.fresh(id, judged)).kind).toBe('usable');
    expect(new Set((await callAll()).map(({ kind }) => kind))).toEqual(new Set(['usable']));
  });

  it('by one session and many requests is asked once for all of them', async () => {
    const provider = world.provider();
    provider.fails('temporary', 60_000);
    const refresher = world.refresherOf(provider);
    const id = await world.login(world.endingIn(0));
    const judged = await world.held(id);
    for (let count = 0; count < 3; count += 1) {
      await Promise.all(Array.from({ length: 50 }, () => refresher.fresh(id, judged)));
      world.pass(19_000);
    }
    expect(provider.asked).toHaveLength(1);
  });
});

describe('a provider that swallows what it is sent (ATK-86, ATK-95)', () => {
  it('takes along what was sent within a second: the others keep their grant and go on when it answers', async () => {
    const provider = world.provider();
    const swallowed = Promise.withResolvers<void>();
    let sent = Promise.withResolvers<void>();
    provider.answer = async () => {
      sent.resolve();
      await swallowed.promise;
      return { kind: 'failed', failure: 'unknown' };
    };
    const refresher = world.refresherOf(provider);
    const [first, second, ...ids] = await Promise.all(
      Array.from({ length: 5 }, () => world.login(world.endingIn(0))),
    );
    const lost = [refresher.fresh(first!, await world.held(first!))];
    await sent.promise;
    world.pass(999);
    sent = Promise.withResolvers<void>();
    lost.push(refresher.fresh(second!, await world.held(second!)));
    await sent.promise;
    world.pass(1);
    for (const id of ids)
      expect(await refresher.fresh(id, await world.held(id))).toEqual({ kind: 'later' });
    expect(provider.asked).toHaveLength(2);
    swallowed.resolve();
    for (const one of lost) expect(await one).toEqual({ kind: 'ended', reason: 'refresh_lost' });
    provider.answer = () => ({ kind: 'refreshed', tokens: world.renewed() });
    world.pass(30_000);
    for (const id of ids)
      expect((await refresher.fresh(id, await world.held(id))).kind).toBe('usable');
  });
});

describe('the one that goes ahead when the pause is over', () => {
  it('takes the other requests of its session along, and others wait for what it finds', async () => {
    const provider = world.provider();
    provider.fails('temporary');
    const refresher = world.refresherOf(provider);
    const [id, other] = [
      await world.login(world.endingIn(0)),
      await world.login(world.endingIn(0)),
    ];
    await refresher.fresh(id, await world.held(id));
    world.pass(1_000);
    const answered = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    provider.answer = async () => {
      asked.resolve();
      await answered.promise;
      return { kind: 'refreshed', tokens: world.renewed() };
    };
    const judged = await world.held(id);
    const own = [refresher.fresh(id, judged), refresher.fresh(id, judged)];
    await asked.promise;
    expect(await refresher.fresh(other, await world.held(other))).toEqual({ kind: 'later' });
    answered.resolve();
    for (const one of await Promise.all(own)) expect(one).toMatchObject({ kind: 'usable' });
    expect(await refresher.fresh(other, await world.held(other))).toMatchObject({ kind: 'usable' });
  });

  it('leaves the way to the next where it had nothing to ask', async () => {
    const provider = world.provider();
    provider.fails('temporary');
    const refresher = world.refresherOf(provider);
    const id = await world.login(world.endingIn(0));
    await refresher.fresh(id, await world.held(id));
    world.pass(1_000);
    const replaceTokens = world.records.replaceTokens.bind(world.records);
    world.records.replaceTokens = () => Promise.reject(new TypeError('a mistake'));
    await expect(refresher.fresh(id, await world.held(id))).rejects.toThrow(TypeError);
    world.records.replaceTokens = replaceTokens;
    provider.answer = () => ({ kind: 'refreshed', tokens: tokenSet({ accessToken: 'next' }) });
    const next = await refresher.fresh(id, await world.held(id));
    expect(next).toMatchObject({ tokens: { accessToken: 'next' } });
  });
});
