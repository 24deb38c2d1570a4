import {
  IDLE_MS,
  MINUTE,
  newLogin,
  sessionConfig,
  sessionWorld,
} from '../../test/support/session-fixtures.js';
import { newSession } from '../../test/support/store-records.js';
import { randomToken } from '../crypto/random.js';
import type { Identity } from '../domain/identity.js';
import type { Store } from '../store/store.port.js';
import { SessionDirectory } from './session-directory.js';
import { SessionIndexNames } from './session-index.js';
import { KeyRing } from '../crypto/key-ring.js';

const { identity } = newLogin();
const { issuer, subject } = identity;
const user = { issuer, subject };
const index = new SessionIndexNames(new KeyRing(sessionConfig.keys)).current(user);

let world: ReturnType<typeof sessionWorld>;
let directory: SessionDirectory;
beforeEach(() => {
  world = sessionWorld();
  directory = directoryWith();
});
afterEach(() => world.close());

const directoryWith = (maxPerUser = 0, store: Store = world.store): SessionDirectory =>
  new SessionDirectory(store, world.clock, { ...sessionConfig, maxPerUser }, world.log);

const replacing = (members: Partial<Store>): Store =>
  new Proxy(world.store, {
    get: (target, name): unknown =>
      Reflect.get(Object.hasOwn(members, name) ? members : target, name),
  });

/** A session that begins a second after the one before. */
async function login(
  more: Partial<Identity> = {},
): Promise<{ id: string; handle: string; key: string }> {
  world.pass(1_000);
  const id = randomToken();
  await world.records.create(id, { ...newLogin(), identity: { ...identity, ...more } });
  const { handle, storeKey } = world.records.credentials.of(id);
  return { id, handle, key: storeKey };
}

const isLive = async ({ id }: { readonly id: string }): Promise<boolean> =>
  (await world.records.read(id, { touch: false })).kind === 'live';
const listed = async (): Promise<string[]> =>
  (await directory.list(user)).map(({ handle }) => handle);
const members = async (): Promise<readonly string[]> =>
  (await world.store.scanIndex(index, undefined, 1_000)).members;

describe('the list of a user', () => {
  it('has the live sessions, newest first, and nobody else', async () => {
    const [a, b, c] = [await login(), await login({ providerSessionId: 'sid-2' }), await login()];
    await login({ subject: 'user-2' });
    await login({ issuer: 'https://other.example' });
    expect(await listed()).toEqual([c.handle, b.handle, a.handle]);
  });

  it('has no session past an end that the provider has moved nearer (P-54)', async () => {
    const [{ id, handle }, other] = [await login(), await login()];
    const ceiling = world.clock.now() + MINUTE;
    const reading = await world.records.read(id, { touch: false });
    if (reading.kind !== 'live') throw new Error('it does not live');
    const { session } = reading;
    await world.records.replaceIdentity(id, session, {
      ...session.record.identity,
      sessionExpiry: ceiling / 1_000,
    });
    world.pass(MINUTE - 1);
    expect(await listed()).toEqual([other.handle, handle]);
    expect(await directory.isLive(handle)).toBe(true);
    world.pass(1);
    expect(await listed()).toEqual([other.handle]);
    expect(await directory.isLive(handle)).toBe(false);
    expect(await world.records.read(id, { touch: false })).toEqual({
      kind: 'anonymous',
      reason: 'provider',
    });
  });

  it('tells what a person recognises a device by', async () => {
    const { handle, id } = await login();
    const createdAt = world.clock.now();
    world.pass(10 * MINUTE);
    await world.records.read(id, { touch: true });
    expect(await directory.list(user)).toEqual([
      {
        handle,
        provider: 'generic',
        client: 'Browser/1',
        createdAt,
        lastSeenAt: createdAt + 10 * MINUTE,
        idleDeadline: createdAt + 10 * MINUTE + IDLE_MS,
      },
    ]);
  });

  it('leaves out what has ended, and takes it out of the index', async () => {
    const [ended, live] = [await login(), await login()];
    await world.records.end(ended.key, 'logout');
    const taken: unknown[] = [];
    // On Redis an end without the index' name leaves its member behind.
    const store = replacing({
      scanIndex: async () => ({ members: [ended.key, live.key], next: undefined }),
      removeFromIndex: async (...args: unknown[]) => void taken.push(args),
    });
    const found = await directoryWith(0, store).list(user);
    expect(found.map(({ handle }) => handle)).toEqual([live.handle]);
    expect(taken).toEqual([[index, [ended.key]]]);
  });

  it('leaves out what nobody has used for too long', async () => {
    await login();
    world.pass(IDLE_MS);
    expect(await listed()).toEqual([]);
  });

  it('keeps a login in the index whose session is not in the store yet', async () => {
    const { handle, storeKey } = world.records.credentials.of(randomToken());
    const indexes = [{ index, score: world.clock.now() + MINUTE }];
    await world.store.create(storeKey, newSession({ indexes, ttlMs: 1 }));
    // The index has it, the store does not (yet): so a reader finds it between the two steps of a login.
    world.pass(2);
    expect(await listed()).not.toContain(handle);
    expect(await members()).toContain(storeKey);
  });

  it('says nothing of a record that does not open, and leaves it in the index', async () => {
    const { storeKey } = world.records.credentials.of(randomToken());
    const session = newSession({ indexes: [{ index, score: world.clock.now() + MINUTE }] });
    await world.store.create(storeKey, session);
    expect(await listed()).toEqual([]);
    expect(await members()).toEqual([storeKey]);
  });

  it('is cut off at 200', async () => {
    for (let count = 0; count < 205; count += 1) await login();
    expect(await directory.list(user)).toHaveLength(200);
  });
});

describe('ending all sessions of a user', () => {
  it('ends them, tells how many there were, and says why to their holders', async () => {
    const [a, b] = [await login(), await login()];
    const stranger = await login({ subject: 'user-2' });
    await expect(directory.endAll(user, 'backchannel')).resolves.toBe(2);
    for (const { id } of [a, b])
      await expect(world.records.read(id, { touch: false })).resolves.toEqual({
        kind: 'anonymous',
        reason: 'backchannel',
      });
    expect(await isLive(stranger)).toBe(true);
    expect(await members()).toEqual([]);
    expect(world.log.events.at(-1)).toEqual({
      name: 'session.ended',
      fields: { reason: 'backchannel', count: 2 },
    });
    await expect(directory.endAll(user, 'backchannel')).resolves.toBe(0);
  });

  it('but one leaves that one, in the index as well', async () => {
    const [a, mine, b] = [await login(), await login(), await login()];
    await expect(directory.endAll(user, 'revoked', { except: mine.key })).resolves.toBe(2);
    expect(await Promise.all([a, mine, b].map(isLive))).toEqual([false, true, false]);
    expect(await members()).toEqual([mine.key]);
  });

  it("by the provider's session ends the sessions of that session, whoever they are of", async () => {
    const [a, b, other] = [
      await login(),
      await login({ subject: 'user-2' }),
      await login({ providerSessionId: 'sid-2' }),
    ];
    const elsewhere = await login({ issuer: 'https://other.example' });
    await expect(
      directory.endAll({ issuer, providerSessionId: 'sid-1' }, 'backchannel'),
    ).resolves.toBe(2);
    expect(await Promise.all([a, b, other, elsewhere].map(isLive))).toEqual([
      false,
      false,
      true,
      true,
    ]);
  });

  it("by user and provider's session ends what is both (P-51)", async () => {
    const [both, otherSession, otherUser] = [
      await login(),
      await login({ providerSessionId: 'sid-2' }),
      await login({ subject: 'user-2' }),
    ];
    await directory.endAll({ issuer, subject, providerSessionId: 'sid-1' }, 'backchannel');
    expect(await Promise.all([both, otherSession, otherUser].map(isLive))).toEqual([
      false,
      true,
      true,
    ]);
  });

  it('finds what was entered under an older key of the ring', async () => {
    const old = await login();
    const rotated = new SessionDirectory(
      world.store,
      world.clock,
      {
        ...sessionConfig,
        keys: [{ kid: 'k2', secret: Buffer.alloc(32, 2) }, ...sessionConfig.keys],
      },
      world.log,
    );
    await expect(rotated.endAll(user, 'revoked')).resolves.toBe(1);
    expect(await isLive(old)).toBe(false);
  });

  it('goes through thousands', async () => {
    for (let count = 0; count < 1_200; count += 1) await login();
    await expect(directory.endAll(user, 'revoked')).resolves.toBe(1_200);
    expect(await members()).toEqual([]);
  });
});

describe('ending one session by its handle', () => {
  it("ends a user's own, once", async () => {
    const [one, other] = [await login(), await login()];
    await expect(directory.endOne(user, one.handle, 'revoked')).resolves.toBe(true);
    expect(await Promise.all([one, other].map(isLive))).toEqual([false, true]);
    await expect(directory.endOne(user, one.handle, 'revoked')).resolves.toBe(false);
  });

  it("leaves another user's alone and says that it is not there (ATK-69)", async () => {
    await login();
    const foreign = await login({ subject: 'user-2' });
    await expect(directory.endOne(user, foreign.handle, 'revoked')).resolves.toBe(false);
    expect(await isLive(foreign)).toBe(true);
    expect(await world.store.readTombstone(foreign.key)).toBeUndefined();
  });

  it('finds nothing under a handle that nobody has, nor under the secret id itself', async () => {
    const mine = await login();
    await expect(directory.endOne(user, randomToken(), 'revoked')).resolves.toBe(false);
    await expect(directory.endOne(user, mine.id, 'revoked')).resolves.toBe(false);
    expect(await isLive(mine)).toBe(true);
  });
});

describe('the limit of sessions per user', () => {
  it('ends the oldest beyond it, never the newest (E-02)', async () => {
    const sessions = [await login(), await login(), await login(), await login()];
    await directoryWith(2).keepNewest(identity, sessions[3]!.key);
    expect(await Promise.all(sessions.map(isLive))).toEqual([false, false, true, true]);
    await expect(world.records.read(sessions[0]!.id, { touch: false })).resolves.toEqual({
      kind: 'anonymous',
      reason: 'replaced',
    });
  });

  it('keeps the one that just came, even if the clocks of two replicas call it the oldest', async () => {
    const sessions = [await login(), await login(), await login()];
    await directoryWith(1).keepNewest(identity, sessions[0]!.key);
    expect(await Promise.all(sessions.map(isLive))).toEqual([true, false, false]);
  });

  it('ends nothing up to the limit, nor of other users, nor without one', async () => {
    const sessions = [await login(), await login(), await login({ subject: 'user-2' })];
    await directoryWith(2).keepNewest(identity, sessions[1]!.key);
    await directoryWith(0).keepNewest(identity, sessions[1]!.key);
    expect(await Promise.all(sessions.map(isLive))).toEqual([true, true, true]);
  });

  it('holds beyond what a list shows', async () => {
    const sessions = [];
    for (let count = 0; count < 303; count += 1) sessions.push(await login());
    await directoryWith(300).keepNewest(identity, sessions.at(-1)!.key);
    expect(await Promise.all(sessions.slice(0, 4).map(isLive))).toEqual([
      false,
      false,
      false,
      true,
    ]);
  });

  it('costs no command where there is none', async () => {
    const { key } = await login();
    world.commands.length = 0;
    await directoryWith(0).keepNewest(identity, key);
    expect(world.commands).toEqual([]);
  });
});
