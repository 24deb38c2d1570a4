import { createHmac } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { configOf, HTTPS_ENV } from '../../test/support/config-env.js';
import { JsonServer } from '../../test/support/json-server.js';
import {
  newLogin,
  sessionConfig,
  sessionWorld,
  tokenSet,
} from '../../test/support/session-fixtures.js';
import type { CookieConfig, SessionConfig } from '../config/config.types.js';
import { KeyRing } from '../crypto/key-ring.js';
import { randomToken } from '../crypto/random.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import { cookieValues } from '../http/cookies.js';
import type { Exchange } from '../http/exchange.js';
import type { MarkedResponse } from '../http/marked-response.js';
import type { Store } from '../store/store.port.js';
import { SessionCookie } from './session-cookie.js';
import { LogoutMarks } from './logout-marks.js';
import { SessionDirectory } from './session-directory.js';
import { SessionLifecycle } from './session-lifecycle.js';
import { SessionRecords } from './session-records.js';

const { cookie } = configOf(HTTPS_ENV);
const reader = new SessionCookie(new KeyRing(sessionConfig.keys).deriveSecrets('cookie'));

/** A cookie value as the product signs it. */
function signed(id: string): string {
  const [secret] = new KeyRing(sessionConfig.keys).deriveSecrets('cookie');
  const mac = createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, '');
  return encodeURIComponent(`s:${id}.${mac}`);
}

let server: JsonServer;
let world: ReturnType<typeof sessionWorld>;
beforeAll(async () => {
  server = await JsonServer.start();
});
afterAll(() => server.stop());
beforeEach(() => {
  world = sessionWorld();
});
afterEach(() => world.close());

/** The store, in which the given commands fail from their n-th call on. */
function failing(command: keyof Store, from: number): Store {
  let calls = 0;
  return new Proxy(world.store, {
    get: (target, name): unknown => {
      const member: unknown = Reflect.get(target, name);
      if (name !== command) return member;
      return (...args: unknown[]): unknown => {
        calls += 1;
        if (calls >= from) return Promise.reject(new VestibuleError('store_unavailable'));
        return Reflect.apply(member as () => unknown, target, args);
      };
    },
  });
}

interface Start {
  readonly store?: Store;
  readonly config?: CookieConfig;
  readonly presented?: string;
  readonly replaces?: string;
  readonly startedAt?: number;
  readonly limits?: SessionConfig;
  /** Called before the answer is written. */
  readonly answered?: () => void;
}

/** Logs in over a real connection and gives what the browser got. */
async function start({
  store = world.store,
  config = cookie,
  presented,
  replaces,
  startedAt,
  limits = sessionConfig,
  answered = () => undefined,
}: Start = {}) {
  const records = new SessionRecords(store, world.clock, sessionConfig, world.log, world.audit);
  const lifecycle = new SessionLifecycle(
    records,
    new LogoutMarks(store, world.clock, sessionConfig),
    new SessionDirectory(store, world.clock, limits, world.log),
    config,
    limits,
    world.audit,
  );
  server.answerWith((req: IncomingMessage, res: MarkedResponse) => {
    const exchange: Exchange = { req, res, id: 'r', method: 'GET', path: '/callback', search: '' };
    const since = {
      startedAt: startedAt ?? world.clock.now(),
      ...(replaces !== undefined && { replaces }),
    };
    lifecycle.start(exchange, newLogin(), since).then(
      () => {
        answered();
        res.writeHead(204).end();
      },
      () => res.writeHead(503).end(),
    );
  });
  const answer = await fetch(server.origin, {
    headers: presented === undefined ? {} : { cookie: presented },
  });
  const [line = ''] = answer.headers.getSetCookie();
  const sent = line.split(';')[0] ?? '';
  const [id] = reader.idsOf(cookieValues(sent, config.name));
  return { status: answer.status, line, sent, id };
}

const directory = (): SessionDirectory =>
  new SessionDirectory(world.store, world.clock, sessionConfig, world.log);
const read = async (id: string | undefined) => world.records.read(id ?? '', { touch: false });

describe('a session that starts', () => {
  it('sets the cookie of a new session that is already there (J-19, J-43)', async () => {
    const { status, line, id } = await start();
    expect(status).toBe(204);
    expect(line).toMatch(
      /^__Host-vestibule=s%3A[^;]+; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    );
    await expect(read(id)).resolves.toMatchObject({ kind: 'live' });
  });

  it('has a new id whatever the browser presents (session fixation) (J-09, J-10)', async () => {
    const before = await start();
    const after = await start({ presented: before.sent });
    expect(after.id).not.toBe(before.id);
    await expect(read(before.id)).resolves.toEqual({ kind: 'anonymous', reason: 'replaced' });
    const forged = await start({ presented: `${cookie.name}=s%3A${'x'.repeat(43)}.y` });
    expect(forged.id).not.toBe('x'.repeat(43));
    await expect(read(forged.id)).resolves.toMatchObject({ kind: 'live' });
  });

  it('has a new id though the one that is presented is signed and nobody has it (J-10)', async () => {
    const planted = randomToken();
    const after = await start({ presented: `${cookie.name}=${signed(planted)}` });
    expect(after.id).not.toBe(planted);
    await expect(read(after.id)).resolves.toMatchObject({ kind: 'live' });
    await expect(read(planted)).resolves.toEqual({ kind: 'anonymous' });
  });

  it('is answered when it is in the store, however long that takes (J-06)', async () => {
    const order: string[] = [];
    const slow = new Proxy(world.store, {
      get: (target, name): unknown =>
        name === 'create'
          ? async (...args: Parameters<Store['create']>) => {
              for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate);
              const outcome = await target.create(...args);
              order.push('saved');
              return outcome;
            }
          : Reflect.get(target, name),
    });
    const { id } = await start({ store: slow, answered: () => order.push('answered') });
    expect(order).toEqual(['saved', 'answered']);
    await expect(read(id)).resolves.toMatchObject({ kind: 'live' });
  });

  it('leaves nothing under the old id for a request that still holds it (J-12)', async () => {
    const before = await start();
    const held = await world.records.readWithTokens(before.id ?? '', { touch: false });
    if (held.kind !== 'live') throw new Error('no session');
    const after = await start({ presented: before.sent });
    const late = tokenSet({ accessToken: 'late' });
    await expect(world.records.replaceTokens(before.id ?? '', held.tokens, late)).resolves.toBe(
      'gone',
    );
    await expect(read(before.id)).resolves.toEqual({ kind: 'anonymous', reason: 'replaced' });
    await expect(
      world.records.readWithTokens(after.id ?? '', { touch: false }),
    ).resolves.toMatchObject({ kind: 'live', tokens: { tokens: tokenSet() } });
  });

  it('ends the session that it replaces, though the callback came without its cookie', async () => {
    const before = await world.login();
    await start({ replaces: world.records.credentials.of(before).handle });
    await expect(read(before)).resolves.toEqual({ kind: 'anonymous', reason: 'replaced' });
  });

  it('lasts to the absolute deadline where the configuration says so (J-26)', async () => {
    const { line } = await start({ config: { ...cookie, persistent: true } });
    expect(line).toContain('; Expires=');
  });

  it.each<[string, keyof Store, number, boolean]>([
    ['the new session cannot be written', 'create', 1, false],
    ['the old one cannot be ended', 'end', 1, true],
    ['the old one cannot be ended the second time', 'end', 2, true],
    ['nothing can be read', 'readIdentity', 1, true],
  ])('sets no cookie when %s (J-07, J-08, J-22)', async (_what, command, from, withOld) => {
    const presented = withOld ? (await start()).sent : undefined;
    const failed = await start({
      store: failing(command, from),
      ...(presented !== undefined && { presented }),
    });
    expect(failed).toMatchObject({ status: 503, line: '' });
  });

  it('is refused without a cookie when the user was logged out at the provider since it began (P-52)', async () => {
    const { issuer, subject } = newLogin().identity;
    const startedAt = world.clock.now();
    world.pass(1_000);
    await new LogoutMarks(world.store, world.clock, sessionConfig).mark({ issuer, subject });
    world.pass(1_000);
    await expect(start({ startedAt })).resolves.toMatchObject({ line: '' });
    await expect(directory().list({ issuer, subject })).resolves.toEqual([]);
    // A login that began afterwards is a new one.
    await expect(start()).resolves.toMatchObject({ status: 204 });
  });

  it.each<keyof Store>(['readLogoutMarks', 'scanIndex'])(
    'leaves no session behind when it fails at the last step (%s)',
    async (command) => {
      const { issuer, subject } = newLogin().identity;
      const limits = { ...sessionConfig, maxPerUser: 3 };
      await expect(start({ store: failing(command, 1), limits })).resolves.toMatchObject({
        status: 503,
        line: '',
      });
      await expect(directory().list({ issuer, subject })).resolves.toEqual([]);
    },
  );

  it('ends the oldest sessions of the user beyond the configured number', async () => {
    const limits = { ...sessionConfig, maxPerUser: 2 };
    const ids = [];
    for (let count = 0; count < 3; count += 1) {
      world.pass(1_000);
      ids.push((await start({ limits })).id);
    }
    await expect(read(ids[0])).resolves.toEqual({ kind: 'anonymous', reason: 'replaced' });
    await expect(read(ids[1])).resolves.toMatchObject({ kind: 'live' });
    await expect(read(ids[2])).resolves.toMatchObject({ kind: 'live' });
  });
});
