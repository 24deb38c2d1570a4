import { promisify } from 'node:util';
import type { SessionData } from 'express-session';
import { newLogin, sessionWorld } from '../../test/support/session-fixtures.js';
import { randomToken } from '../crypto/random.js';
import { ExpressSessionStore } from './express-session.store.js';

let world: ReturnType<typeof sessionWorld>;
let store: ExpressSessionStore;
beforeEach(() => {
  world = sessionWorld();
  store = new ExpressSessionStore(world.records);
});
afterEach(() => world.close());

const get = (id: string) =>
  promisify<string, SessionData | null | undefined>(store.get.bind(store))(id);
const set = (id: string, session: object) =>
  promisify<string, SessionData>(store.set.bind(store))(id, session as SessionData);
const live = async (id: string): Promise<boolean> =>
  (await world.records.read(id, { touch: false })).kind === 'live';

describe('set', () => {
  it('creates a session from a login, once', async () => {
    const id = randomToken();
    const session = { cookie: {}, login: newLogin() };
    await set(id, session);
    expect(await live(id)).toBe(true);
    expect(session).not.toHaveProperty('login');
    await set(id, session);
    expect(await live(id)).toBe(true);
  });

  it('writes nothing without a login, so that a late save revives no session (J-02, J-04, J-24, J-28)', async () => {
    const id = await world.login();
    await world.records.end(world.records.credentials.of(id).storeKey, 'logout');
    world.commands.length = 0;
    await set(id, { cookie: {}, live: true });
    expect(world.commands).toEqual([]);
    expect(await live(id)).toBe(false);
  });

  it('hands on the failure of the store', async () => {
    const id = await world.login();
    await expect(set(id, { cookie: {}, login: newLogin() })).rejects.toMatchObject({
      code: 'internal_error',
    });
  });
});

describe('get', () => {
  it('tells that a session is there, nothing of what is in it, and does not extend it', async () => {
    const id = await world.login();
    world.pass(600_000);
    await expect(get(id)).resolves.toEqual({ cookie: {}, live: true });
    expect(world.commands).toEqual(['readIdentity']);
  });

  it('has nothing where there is none', async () => {
    await expect(get(randomToken())).resolves.toBeNull();
  });
});

describe('destroy and touch', () => {
  it('destroy ends the session as a logout', async () => {
    const id = await world.login();
    await promisify<string>(store.destroy.bind(store))(id);
    await expect(world.records.read(id, { touch: false })).resolves.toEqual({
      kind: 'anonymous',
      reason: 'logout',
    });
  });

  it('touch writes nothing: idle time moves where a session is read (J-28)', async () => {
    const id = await world.login();
    await promisify<string, SessionData>(store.touch.bind(store))(id, {} as SessionData);
    expect(world.commands).toEqual([]);
  });
});
