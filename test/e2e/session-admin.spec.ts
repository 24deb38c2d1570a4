import { openSessions } from '../../src/app/session-admin.js';
import type { SessionAdmin } from '../../src/domain/session-admin.js';
import { randomToken } from '../../src/crypto/random.js';
import { EventStream } from '../support/event-stream.js';
import { freePort } from '../support/redis-host.js';
import { Stage } from '../support/stage.js';
import type { UserAgent } from '../support/user-agent.js';

/** What `vestibule sessions list|revoke` do, beside a running product. */
describe('an operator at the store', () => {
  let stage: Stage;
  let admin: SessionAdmin;
  beforeAll(async () => {
    stage = await Stage.open({ redis: true });
    const opened = await openSessions(stage.bff.config);
    if (opened === undefined) throw new Error('sessions in Redis can be administered');
    admin = opened;
  });
  afterEach(async () => {
    await admin.endAll('alice');
    await admin.endAll('bob');
  });
  afterAll(async () => {
    await admin.close();
    await stage.close();
  });

  const idOf = async (person: UserAgent): Promise<string> =>
    String((await stage.view(person))['session_id']);
  const reasonOf = async (person: UserAgent): Promise<unknown> =>
    (await stage.view(person))['reason'];

  it("lists a user's sessions with what a person recognises them by", async () => {
    const [first, second] = [await stage.member(), await stage.member()];
    await stage.member({ as: 'bob' });
    const listed = await admin.list('alice');
    expect(listed.map((one) => one.session_id).toSorted()).toEqual(
      [await idOf(first), await idOf(second)].toSorted(),
    );
    expect(listed[0]).toEqual({
      session_id: expect.any(String),
      provider: 'generic',
      client: expect.stringContaining('Vestibule-Test'),
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      last_seen_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    });
    await expect(admin.list('alice', 'generic')).resolves.toHaveLength(2);
    await expect(admin.list('nobody')).resolves.toEqual([]);
  });

  it("ends all of a user's sessions, and their pages hear of it", async () => {
    const [first, second, bob] = [
      await stage.member(),
      await stage.member(),
      await stage.member({ as: 'bob' }),
    ];
    const stream = await EventStream.open(stage.url('/session/events'), {
      cookie: await stage.cookieOf(first),
    });
    await expect(admin.endAll('alice')).resolves.toBe(2);
    expect((await stream.next('ended')).data).toEqual({ reason: 'revoked' });
    expect([await reasonOf(first), await reasonOf(second)]).toEqual(['revoked', 'revoked']);
    expect(await stage.view(bob)).toMatchObject({ authenticated: true });
    await expect(admin.endAll('alice')).resolves.toBe(0);
  });

  it('ends one session by its id, once', async () => {
    const [one, other] = [await stage.member(), await stage.member()];
    const id = await idOf(one);
    await expect(admin.endOne(id)).resolves.toBe(1);
    await expect(admin.endOne(id)).resolves.toBe(0);
    expect(await reasonOf(one)).toBe('revoked');
    expect(await stage.view(other)).toMatchObject({ authenticated: true });
  });

  it.each([[''], ['x'], [randomToken()]])('finds no session by the id "%s"', async (id) => {
    await expect(admin.endOne(id)).resolves.toBe(0);
  });

  it('asks for the provider where it cannot be known', async () => {
    await expect((async () => admin.list('alice', 'other'))()).rejects.toThrow(
      /--provider: generic/,
    );
  });

  it('gives up and lets go when Redis is not there', async () => {
    const connection = {
      kind: 'standalone',
      url: `redis://127.0.0.1:${await freePort()}`,
    } as const;
    const { config } = stage.bff;
    if (config.store.kind !== 'redis') throw new Error('this stage is over Redis');
    const elsewhere = { ...config, store: { ...config.store, connection } };
    await expect(openSessions(elsewhere)).rejects.toMatchObject({ code: 'store_unavailable' });
  });
});

it('an operator finds no sessions where they are in the memory of the process', async () => {
  const stage = await Stage.open();
  await expect(openSessions(stage.bff.config)).resolves.toBeUndefined();
  await stage.close();
});
