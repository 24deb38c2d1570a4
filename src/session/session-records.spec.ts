import {
  ABSOLUTE_MS,
  IDLE_MS,
  MINUTE,
  newLogin,
  sessionConfig,
  sessionWorld,
  tokenSet,
} from '../../test/support/session-fixtures.js';
import { randomToken } from '../crypto/random.js';
import { SessionRecords, TOMBSTONE_MS } from './session-records.js';

let world: ReturnType<typeof sessionWorld>;
beforeEach(() => {
  world = sessionWorld();
});
afterEach(() => world.close());

const read = (id: string, touch = true) => world.records.read(id, { touch });
const keyOf = (id: string) => world.records.credentials.of(id).storeKey;

describe('a new session', () => {
  it('is there with one command, and says who is there and until when', async () => {
    const id = await world.login(tokenSet({ accessTokenExpiresAt: world.clock.now() + MINUTE }));
    await expect(read(id)).resolves.toEqual({
      kind: 'live',
      session: {
        counter: 1n,
        handle: world.records.credentials.of(id).handle,
        record: {
          identity: newLogin().identity,
          createdAt: world.clock.now(),
          absoluteDeadline: world.clock.now() + ABSOLUTE_MS,
          limitedBy: 'absolute',
        },
        idleDeadline: world.clock.now() + IDLE_MS,
        accessTokenExpiresAt: world.clock.now() + MINUTE,
      },
    });
    expect(world.commands).toEqual(['readIdentity']);
  });

  it('is there with its tokens with one command', async () => {
    const id = await world.login();
    const reading = await world.records.readWithTokens(id, { touch: true });
    expect(reading).toMatchObject({ kind: 'live', tokens: { counter: 1n, tokens: tokenSet() } });
    expect(world.commands).toEqual(['readBoth']);
  });

  it('never overwrites one that is there, nor one that was', async () => {
    const id = await world.login();
    await expect(world.records.create(id, newLogin())).rejects.toMatchObject({
      code: 'internal_error',
    });
    // So a logout that overtakes its session: the login is refused, and nobody is to blame.
    await world.records.end(keyOf(id), 'logout');
    await expect(world.records.create(id, newLogin())).rejects.toMatchObject({
      code: 'login_rejected',
    });
  });

  it('is in the indexes of its user and of its session at the provider, which tell nothing', async () => {
    const indexes: string[] = [];
    const spy = new Proxy(world.store, {
      get: (target, name): unknown =>
        name === 'create'
          ? (...[key, session]: Parameters<typeof target.create>) => {
              indexes.push(...session.indexes.map((entry) => entry.index));
              return target.create(key, session);
            }
          : Reflect.get(target, name),
    });
    const records = new SessionRecords(spy, world.clock, sessionConfig, world.log, world.audit);
    await records.create(randomToken(), newLogin());
    await records.create(randomToken(), newLogin());
    // By user, by the provider's session, and by both: what a logout token may name.
    expect(indexes).toHaveLength(6);
    expect(new Set(indexes).size).toBe(3);
    expect(indexes.join()).not.toMatch(/user-1|sid-1|login\.example/);
  });

  it('that nobody knows is anonymous without a reason', async () => {
    await expect(read(randomToken())).resolves.toEqual({ kind: 'anonymous' });
  });
});

describe('the idle deadline', () => {
  it('moves with a read, but at most once per tenth of the idle time', async () => {
    const id = await world.login();
    world.pass(3 * MINUTE - 1);
    await read(id);
    expect(world.commands).toEqual(['readIdentity']);
    world.pass(1);
    await expect(read(id)).resolves.toMatchObject({
      session: { idleDeadline: world.clock.now() + IDLE_MS },
    });
    await read(id);
    expect(world.commands).toEqual(['readIdentity', 'readIdentity', 'extendIdle', 'readIdentity']);
  });

  it('does not move with touch=false', async () => {
    const id = await world.login();
    const deadline = world.clock.now() + IDLE_MS;
    world.pass(20 * MINUTE);
    await expect(read(id, false)).resolves.toMatchObject({ session: { idleDeadline: deadline } });
    expect(world.commands).toEqual(['readIdentity']);
    world.pass(10 * MINUTE);
    await expect(read(id, false)).resolves.toEqual({ kind: 'anonymous', reason: 'idle' });
  });

  it('ends the session, with a reason for ten minutes (E-07)', async () => {
    const id = await world.login();
    world.pass(IDLE_MS - 1);
    await expect(read(id, false)).resolves.toMatchObject({ kind: 'live' });
    world.pass(1);
    await expect(read(id)).resolves.toEqual({ kind: 'anonymous', reason: 'idle' });
    world.pass(TOMBSTONE_MS - 1);
    await expect(read(id)).resolves.toEqual({ kind: 'anonymous', reason: 'idle' });
    world.pass(1);
    await expect(read(id)).resolves.toEqual({ kind: 'anonymous' });
  });

  it('never passes the absolute one (J-27)', async () => {
    const id = await world.login();
    const absolute = world.clock.now() + ABSOLUTE_MS;
    for (let passed = 0; passed < ABSOLUTE_MS - IDLE_MS; passed += 20 * MINUTE) {
      world.pass(20 * MINUTE);
      await read(id);
    }
    await expect(read(id)).resolves.toMatchObject({ session: { idleDeadline: absolute } });
    world.commands.length = 0;
    world.pass(absolute - world.clock.now() - 1);
    await expect(read(id)).resolves.toMatchObject({ kind: 'live' });
    expect(world.commands).toEqual(['readIdentity']);
    world.pass(1);
    await expect(read(id)).resolves.toEqual({ kind: 'anonymous', reason: 'absolute' });
  });
});

describe('a clock that jumps', () => {
  it('forward beyond the idle time logs nobody out whom the store still knows', async () => {
    const id = await world.login();
    world.clock.advance(2 * IDLE_MS);
    await expect(read(id, false)).resolves.toMatchObject({
      kind: 'live',
      session: { idleDeadline: world.clock.now() + IDLE_MS },
    });
    expect(world.commands).toEqual(['readIdentity', 'remainingMs']);
    world.storeClock.advance(IDLE_MS - 1);
    await expect(read(id, false)).resolves.toMatchObject({ kind: 'live' });
    world.storeClock.advance(1);
    await expect(read(id, false)).resolves.toEqual({ kind: 'anonymous', reason: 'idle' });
  });

  it('backward neither ends a session nor writes', async () => {
    const id = await world.login();
    world.clock.advance(-2 * IDLE_MS);
    await expect(read(id)).resolves.toMatchObject({ kind: 'live' });
    expect(world.commands).toEqual(['readIdentity']);
  });

  it('backward keeps nobody longer than the store does', async () => {
    const id = await world.login();
    world.clock.advance(-IDLE_MS);
    world.storeClock.advance(IDLE_MS + TOMBSTONE_MS);
    await expect(read(id)).resolves.toEqual({ kind: 'anonymous' });
  });
});

describe('the end', () => {
  it.each(['logout', 'backchannel', 'revoked', 'replaced', 'refresh_lost'] as const)(
    'is told to the holder of the cookie: %s',
    async (reason) => {
      const id = await world.login();
      await expect(world.records.end(keyOf(id), reason)).resolves.toBe(true);
      await expect(read(id)).resolves.toEqual({ kind: 'anonymous', reason });
      await expect(world.records.readWithTokens(id, { touch: true })).resolves.toEqual({
        kind: 'anonymous',
        reason,
      });
    },
  );

  it('keeps its first reason and is logged once', async () => {
    const id = await world.login();
    await world.records.end(keyOf(id), 'backchannel');
    await expect(world.records.end(keyOf(id), 'logout')).resolves.toBe(false);
    await expect(read(id)).resolves.toMatchObject({ reason: 'backchannel' });
    expect(world.log.count('session.ended')).toBe(1);
  });

  it('leaves no keys behind in memory: neither where it came from, nor where the session is missed', async () => {
    const [here, there] = [await world.login(), await world.login()];
    const { credentials } = world.records;
    const known = [credentials.of(here), credentials.of(there)];
    await world.records.end(keyOf(here), 'logout');
    await world.store.end(keyOf(there), 'logout', TOMBSTONE_MS);
    expect(credentials.of(here)).not.toBe(known[0]);
    expect(credentials.of(there)).toBe(known[1]);
    await read(there);
    expect(credentials.of(there)).not.toBe(known[1]);
  });

  it('shows no reason that is none of ours', async () => {
    const id = await world.login();
    await world.store.end(keyOf(id), '<script>', MINUTE);
    await expect(read(id)).resolves.toEqual({ kind: 'anonymous' });
  });

  it('is not undone by a late write (J-02, ATK-72)', async () => {
    const id = await world.login();
    const held = await world.records.readWithTokens(id, { touch: false });
    if (held.kind !== 'live') throw new Error('no session');
    await world.records.end(keyOf(id), 'logout');
    await expect(world.records.replaceTokens(id, held.tokens, tokenSet())).resolves.toBe('gone');
    await expect(read(id)).resolves.toMatchObject({ kind: 'anonymous' });
  });
});

describe('replaceTokens', () => {
  it('writes once against what was read, and tells the second writer (ATK-72)', async () => {
    const id = await world.login();
    const held = await world.records.readWithTokens(id, { touch: false });
    if (held.kind !== 'live') throw new Error('no session');
    const renewed = tokenSet({ accessToken: 'renewed', accessTokenExpiresAt: 123_456 });
    await expect(world.records.replaceTokens(id, held.tokens, renewed)).resolves.toBe('written');
    await expect(world.records.replaceTokens(id, held.tokens, tokenSet())).resolves.toBe(
      'conflict',
    );
    await expect(world.records.readWithTokens(id, { touch: false })).resolves.toMatchObject({
      session: { accessTokenExpiresAt: 123_456 },
      tokens: { counter: 2n, tokens: { accessToken: 'renewed' } },
    });
  });
});

describe('a record that cannot be read', () => {
  it('is anonymous and logged, never an error, and is not extended (J-23)', async () => {
    const id = await world.login();
    const stranger = new SessionRecords(
      world.store,
      world.clock,
      { ...sessionConfig, keys: [{ kid: 'k1', secret: Buffer.alloc(32, 9) }] },
      world.log,
      world.audit,
    );
    await expect(stranger.read(id, { touch: true })).resolves.toEqual({ kind: 'anonymous' });
    await expect(stranger.readWithTokens(id, { touch: true })).resolves.toEqual({
      kind: 'anonymous',
    });
    expect(world.log.count('session.unreadable')).toBe(2);
    expect(world.commands).toEqual(['readIdentity', 'readBoth']);
  });
});

describe("the provider's own ceiling (session_expiry, P-54)", () => {
  const limited = (sessionExpiry: number) => ({
    ...newLogin(),
    identity: { ...newLogin().identity, sessionExpiry },
  });
  const inSeconds = (ms: number): number => (world.clock.now() + ms) / 1000;

  it('ends the session earlier than the configured limit, and says whose limit it was', async () => {
    const id = randomToken();
    await world.records.create(id, limited(inSeconds(10 * MINUTE)));
    await expect(world.records.read(id, { touch: true })).resolves.toMatchObject({
      session: {
        idleDeadline: world.clock.now() + 10 * MINUTE,
        record: { absoluteDeadline: world.clock.now() + 10 * MINUTE, limitedBy: 'provider' },
      },
    });
    world.pass(10 * MINUTE - 1);
    await expect(world.records.read(id, { touch: true })).resolves.toMatchObject({ kind: 'live' });
    world.pass(1);
    await expect(world.records.read(id, { touch: true })).resolves.toEqual({
      kind: 'anonymous',
      reason: 'provider',
    });
  });

  it('does not prolong the configured limit', async () => {
    const id = randomToken();
    await world.records.create(id, limited(inSeconds(ABSOLUTE_MS + MINUTE)));
    await expect(world.records.read(id, { touch: true })).resolves.toMatchObject({
      session: {
        record: { absoluteDeadline: world.clock.now() + ABSOLUTE_MS, limitedBy: 'absolute' },
      },
    });
  });

  it.each([[0], [-1], [-ABSOLUTE_MS]])('that is %s ms ahead refuses the login', async (ms) => {
    const id = randomToken();
    await expect(world.records.create(id, limited(inSeconds(ms)))).rejects.toMatchObject({
      code: 'login_rejected',
    });
    await expect(world.records.read(id, { touch: false })).resolves.toEqual({ kind: 'anonymous' });
  });
});
