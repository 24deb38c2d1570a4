import { newLogin, sessionConfig, sessionWorld } from '../../test/support/session-fixtures.js';
import type { SessionConfig } from '../config/config.types.js';
import { LogoutMarks } from './logout-marks.js';

const MINUTE = 60_000;
const { identity } = newLogin();
const { issuer, subject, providerSessionId } = identity;
const user = { issuer, subject };
const session = { issuer, providerSessionId: providerSessionId! };

let world: ReturnType<typeof sessionWorld>;
let marks: LogoutMarks;
beforeEach(() => {
  world = sessionWorld();
  marks = marksWith(sessionConfig);
});
afterEach(() => world.close());

const marksWith = (config: SessionConfig): LogoutMarks =>
  new LogoutMarks(world.store, world.clock, config);

describe('a logout at the provider', () => {
  it('of the user is seen by a login that began before it or with it, not by a later one', async () => {
    await marks.mark(user);
    const at = world.clock.now();
    await expect(marks.isMarked(identity, at - 1)).resolves.toBe(true);
    await expect(marks.isMarked(identity, at)).resolves.toBe(true);
    await expect(marks.isMarked(identity, at + 1)).resolves.toBe(false);
  });

  it("of the provider's session is seen by logins with that session that began before it", async () => {
    await marks.mark(session);
    await expect(marks.isMarked(identity, world.clock.now())).resolves.toBe(true);
    // A provider that keeps the id of its session must not lock its user out.
    await expect(marks.isMarked(identity, world.clock.now() + MINUTE)).resolves.toBe(false);
    await expect(marks.isMarked({ ...identity, providerSessionId: 'sid-2' }, 0)).resolves.toBe(
      false,
    );
  });

  it('of session and user marks that session only, and no other one of the user (P-51)', async () => {
    await marks.mark({ ...user, ...session });
    await expect(marks.isMarked(identity, world.clock.now())).resolves.toBe(true);
    await expect(marks.isMarked({ ...identity, providerSessionId: 'sid-2' }, 0)).resolves.toBe(
      false,
    );
    await expect(marks.isMarked({ ...identity, subject: 'user-2' }, 0)).resolves.toBe(false);
  });

  it('concerns nobody else: another user, another issuer', async () => {
    await marks.mark(user);
    await marks.mark(session);
    for (const other of [
      { subject: 'user-2', providerSessionId: 'sid-2' },
      { issuer: 'https://other.example' },
    ])
      await expect(marks.isMarked({ ...identity, ...other }, 0)).resolves.toBe(false);
  });

  it('concerns a user without a provider session as well', async () => {
    const { providerSessionId: _sid, ...without } = identity;
    await expect(marks.isMarked(without, 0)).resolves.toBe(false);
    await marks.mark(user);
    await expect(marks.isMarked(without, 0)).resolves.toBe(true);
  });

  it('is forgotten after a quarter of an hour', async () => {
    await marks.mark(session);
    world.pass(15 * MINUTE - 1);
    await expect(marks.isMarked(identity, 0)).resolves.toBe(true);
    world.pass(1);
    await expect(marks.isMarked(identity, 0)).resolves.toBe(false);
  });

  it('is seen across a change of the server key', async () => {
    await marks.mark(user);
    const rotated = marksWith({
      ...sessionConfig,
      keys: [{ kid: 'k2', secret: Buffer.alloc(32, 2) }, ...sessionConfig.keys],
    });
    await expect(rotated.isMarked(identity, 0)).resolves.toBe(true);
  });
});

describe('a logout token that was carried out', () => {
  it('is remembered by issuer and id, for an hour', async () => {
    await expect(marks.wasCarriedOut(issuer, 'jti-1')).resolves.toBe(false);
    await marks.carriedOut(issuer, 'jti-1');
    await expect(marks.wasCarriedOut(issuer, 'jti-1')).resolves.toBe(true);
    await expect(marks.wasCarriedOut(issuer, 'jti-2')).resolves.toBe(false);
    await expect(marks.wasCarriedOut('https://other.example', 'jti-1')).resolves.toBe(false);
    world.pass(60 * MINUTE);
    await expect(marks.wasCarriedOut(issuer, 'jti-1')).resolves.toBe(false);
  });

  it('marks nobody', async () => {
    await marks.carriedOut(issuer, providerSessionId!);
    await expect(marks.isMarked(identity, 0)).resolves.toBe(false);
  });
});
