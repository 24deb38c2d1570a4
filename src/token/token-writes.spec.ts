import { sessionWorld, tokenSet } from '../../test/support/session-fixtures.js';
import type { TokenSet } from '../domain/token-set.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import type { SessionRecords } from '../session/session-records.js';
import { isNewer, TokenWrites, withAudiencesOf, type Held } from './token-writes.js';

let world: ReturnType<typeof sessionWorld>;
beforeEach(() => {
  world = sessionWorld();
});
afterEach(() => world.close());

const away = () => new VestibuleError('store_unavailable');
const orders = { accessToken: 'for-orders', obtainedAt: 5 };

async function held(id: string): Promise<Held> {
  const reading = await world.records.readWithTokens(id, { touch: false });
  if (reading.kind !== 'live') throw new Error('no session');
  return reading;
}

/** Records whose writes go wrong in turn: before they reach the store, or after it has applied them. */
function failing(...faults: ('before' | 'after')[]): SessionRecords {
  const replaceTokens: SessionRecords['replaceTokens'] = async (...args) => {
    const fault = faults.shift();
    if (fault === 'before') throw away();
    const outcome = await world.records.replaceTokens(...args);
    if (fault === 'after') throw away();
    return outcome;
  };
  return new Proxy(world.records, {
    get: (target, name): unknown =>
      name === 'replaceTokens' ? replaceTokens : Reflect.get(target, name),
  });
}

const renew = (now: TokenSet): TokenSet => ({ ...now, accessToken: 'renewed' });

describe('a change', () => {
  it('is written', async () => {
    const id = await world.login();
    const before = await held(id);
    const written = await new TokenWrites(world.records).change(id, before, renew);
    expect(written).toEqual({ kind: 'written', held: await held(id) });
    expect((await held(id)).tokens).toMatchObject({
      counter: before.tokens.counter + 1n,
      tokens: { accessToken: 'renewed' },
    });
  });

  it.each([['before'], ['after']] as const)(
    'survives a store that fails %s it was applied',
    async (fault) => {
      const id = await world.login();
      const before = await held(id);
      const written = await new TokenWrites(failing(fault)).change(id, before, renew);
      expect(written).toMatchObject({ kind: 'written' });
      expect(await held(id)).toMatchObject({
        tokens: { counter: before.tokens.counter + 1n, tokens: { accessToken: 'renewed' } },
      });
    },
  );

  it('is made again of what somebody wrote beside it', async () => {
    const id = await world.login();
    const before = await held(id);
    const beside = { ...before.tokens.tokens, audiences: { orders } };
    await world.records.replaceTokens(id, before.tokens, beside);
    const written = await new TokenWrites(world.records).change(id, before, renew);
    expect(written.kind).toBe('written');
    expect((await held(id)).tokens.tokens).toMatchObject({
      accessToken: 'renewed',
      audiences: { orders },
    });
  });

  it('gives way to newer tokens', async () => {
    const id = await world.login();
    const before = await held(id);
    await world.records.replaceTokens(id, before.tokens, tokenSet({ accessToken: 'of another' }));
    const written = await new TokenWrites(world.records).change(id, before, renew);
    expect(written).toMatchObject({ kind: 'overtaken', tokens: { accessToken: 'of another' } });
    expect((await held(id)).tokens.tokens.accessToken).toBe('of another');
  });

  it('may be given up when it sees what is there', async () => {
    const id = await world.login();
    const before = await held(id);
    const noted = { ...before.tokens.tokens, refreshSentAt: 1 };
    await world.records.replaceTokens(id, before.tokens, noted);
    const written = await new TokenWrites(world.records).change(id, before, (now) =>
      now.refreshSentAt === undefined ? renew(now) : undefined,
    );
    expect(written).toEqual({ kind: 'overtaken', tokens: noted });
    expect((await held(id)).tokens.tokens).toEqual(noted);
  });

  it('of a session that has ended is none', async () => {
    const id = await world.login();
    const before = await held(id);
    await world.records.end(world.records.credentials.of(id).storeKey, 'logout');
    const written = await new TokenWrites(world.records).change(id, before, renew);
    expect(written).toEqual({ kind: 'gone', reason: 'logout' });
  });

  it('against somebody who writes each time comes to an end', async () => {
    const id = await world.login();
    const before = await held(id);
    let writes = 0;
    const busy = new Proxy(world.records, {
      get: (target, name): unknown =>
        name === 'replaceTokens'
          ? async (...args: Parameters<SessionRecords['replaceTokens']>) => {
              const now = await held(id);
              const refreshSentAt = (writes += 1);
              await target.replaceTokens(id, now.tokens, { ...now.tokens.tokens, refreshSentAt });
              return target.replaceTokens(...args);
            }
          : Reflect.get(target, name),
    });
    const written = await new TokenWrites(busy).change(id, before, renew);
    expect(written).toMatchObject({ kind: 'overtaken' });
    expect(writes).toBe(5);
  });
});

describe('what the store does not take', () => {
  it('is tried five times and then told', async () => {
    let attempts = 0;
    const writes = new TokenWrites(world.records);
    const refused = writes.persist(() => {
      attempts += 1;
      return Promise.reject(away());
    });
    await expect(refused).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(attempts).toBe(5);
  });

  it('is tried once where the fault is our own', async () => {
    let attempts = 0;
    const refused = new TokenWrites(world.records).persist(() => {
      attempts += 1;
      return Promise.reject(new TypeError('a mistake'));
    });
    await expect(refused).rejects.toThrow(TypeError);
    expect(attempts).toBe(1);
  });
});

describe('tokens for single APIs', () => {
  it.each([
    ['are taken along', {}, { orders }, { orders }],
    ['stay where only we have them', { orders }, {}, { orders }],
    [
      'are the latest of both',
      { orders, billing: { accessToken: 'old', obtainedAt: 1 } },
      {
        orders: { accessToken: 'old', obtainedAt: 4 },
        billing: { accessToken: 'new', obtainedAt: 2 },
      },
      { orders, billing: { accessToken: 'new', obtainedAt: 2 } },
    ],
  ])('%s', (_what, ours, theirs, both) => {
    const merged = withAudiencesOf(tokenSet({ audiences: ours }), tokenSet({ audiences: theirs }));
    expect(merged).toEqual(tokenSet({ audiences: both }));
  });

  it('do not come from nowhere', () => {
    expect(withAudiencesOf(tokenSet(), tokenSet())).toEqual(tokenSet());
  });
});

describe('isNewer', () => {
  it.each<[string, Partial<TokenSet>, boolean]>([
    ['a note', { refreshSentAt: 1 }, false],
    ['a token for an API', { audiences: { orders } }, false],
    ['another access token', { accessToken: 'other' }, true],
    ['another refresh token', { refreshToken: 'other' }, true],
    ['a later answer', { obtainedAt: 1 }, true],
  ])('%s: %s', (_what, change, newer) => {
    expect(isNewer(tokenSet(change), tokenSet())).toBe(newer);
  });
});
