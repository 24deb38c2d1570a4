import { LoginTransactions } from '../../src/auth/login-transactions.js';
import type { SessionConfig } from '../../src/config/config.types.js';
import { sha256 } from '../../src/crypto/kdf.js';
import { KeyRing, type ServerKey } from '../../src/crypto/key-ring.js';
import { randomToken } from '../../src/crypto/random.js';
import { open } from '../../src/crypto/sealed-box.js';
import { systemClock } from '../../src/domain/clock.js';
import type { TokenSet } from '../../src/domain/token-set.js';
import { DeviceCodec } from '../../src/session/device-codec.js';
import { LogoutMarks } from '../../src/session/logout-marks.js';
import { RecordCodec } from '../../src/session/record-codec.js';
import { SessionCredentials } from '../../src/session/session-credential.js';
import { SessionDirectory } from '../../src/session/session-directory.js';
import { SessionRecords } from '../../src/session/session-records.js';
import { RedisKeys } from '../../src/store/redis/redis-keys.js';
import { RedisStore } from '../../src/store/redis/redis.store.js';
import { HEAD } from '../../src/store/store.port.js';
import { Redis } from 'ioredis';
import { loginConfig, newTransaction } from '../support/login-fixtures.js';
import { RecordedEvents } from '../support/recorded-events.js';
import { redisConfig } from '../support/redis-config.js';
import { RedisHost } from '../support/redis-host.js';
import { sessionConfig, tokenSet } from '../support/session-fixtures.js';
import { RecordedAudit } from '../support/recorded-audit.js';

const OLD: ServerKey = { kid: 'old', secret: Buffer.alloc(32, 7) };
const NEW: ServerKey = { kid: 'new', secret: Buffer.alloc(32, 8) };
const SESSIONS = 200;
const identity = {
  provider: 'generic',
  issuer: 'https://login.zero.example',
  subject: 'subject-of-alice',
  providerSessionId: 'sid-of-alice',
  claims: { email: 'alice@zero.example', name: 'Alice Archer' },
};
const tokens: TokenSet = tokenSet({
  accessToken: 'access-token-of-alice',
  refreshToken: 'refresh-token-of-alice',
  idToken: 'id-token-of-alice',
  scope: 'scope-of-alice',
});
const CLIENT = 'The browser of Alice';

let host: RedisHost;
/** Whoever has got hold of Redis: reads and writes every byte. */
let intruder: Redis;
const stores: RedisStore[] = [];

beforeAll(async () => {
  host = await RedisHost.start();
  intruder = new Redis(host.url, { replyMapping: 'legacy' });
});
beforeEach(() => host.flush());
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
});
afterAll(async () => {
  intruder.disconnect();
  await host.stop();
});

/** A replica with a key ring. */
async function replica(...keys: readonly ServerKey[]) {
  const config: SessionConfig = { ...sessionConfig, keys };
  const log = new RecordedEvents();
  const store = new RedisStore(redisConfig(host.url), systemClock, log);
  stores.push(store);
  await log.next('store.connected');
  return {
    log,
    config,
    store,
    records: new SessionRecords(store, systemClock, config, log, new RecordedAudit()),
    directory: new SessionDirectory(store, systemClock, config, log),
    marks: new LogoutMarks(store, systemClock, config),
    transactions: new LoginTransactions(store, systemClock, loginConfig, config),
  };
}
type Replica = Awaited<ReturnType<typeof replica>>;

async function logIn({ records }: Replica): Promise<string> {
  const id = randomToken();
  await records.create(id, { identity, tokens, client: CLIENT });
  return id;
}

const keysOf = ({ records }: Replica, id: string) =>
  new RedisKeys('v:').session(records.credentials.of(id).storeKey);
const read = ({ records }: Replica, id: string) => records.readWithTokens(id, { touch: true });

/** All that Redis holds: names and contents of every key, whatever its type. */
async function dump(): Promise<ReadonlyMap<string, readonly Buffer[]>> {
  const all = new Map<string, readonly Buffer[]>();
  for (const key of await intruder.keys('*')) {
    const type = await intruder.type(key);
    if (type === 'string') all.set(key, [(await intruder.getBuffer(key)) ?? Buffer.alloc(0)]);
    else if (type === 'hash') {
      const fields = await intruder.hgetallBuffer(key);
      all.set(
        key,
        Object.entries(fields).flatMap(([name, value]) => [Buffer.from(name), value]),
      );
    } else if (type === 'zset') all.set(key, await intruder.zrangeBuffer(key, '0', '-1'));
    else throw new Error(`nobody expects a ${type} here`);
  }
  return all;
}

describe('who reads all of Redis', () => {
  it('finds no token, no claim, no issuer and no subject in it (ATK-42, H-17)', async () => {
    const one = await replica(OLD);
    const id = await logIn(one);
    const ended = await logIn(one);
    await one.records.end(one.records.credentials.of(ended).storeKey, 'logout');
    const { issuer, subject } = identity;
    await one.marks.mark({ issuer, subject });
    await one.marks.carriedOut(issuer, 'jti-of-alice');
    const [binding, transaction] = [randomToken(), newTransaction({ returnTo: '/page-of-alice' })];
    await one.transactions.begin(binding, { ...transaction, createdAt: Date.now(), issuer });

    const contents = await dump();
    const kinds = [...contents.keys()].map((key) => key.charAt('v:'.length));
    expect(kinds.sort((a, b) => a.localeCompare(b))).toEqual([
      'b',
      'l',
      'm',
      'r',
      's',
      's',
      's',
      's',
      'x',
      'x',
      'x',
    ]);
    const everything = [...contents].flatMap(([key, values]) => [Buffer.from(key), ...values]);
    const { state, nonce, codeVerifier, returnTo } = transaction;
    const { providerSessionId } = identity;
    const told = [
      ...Object.values(identity.claims),
      tokens.accessToken,
      tokens.refreshToken,
      tokens.idToken,
      tokens.scope,
      issuer,
      subject,
      providerSessionId,
      'jti-of-alice',
      CLIENT,
      id,
      binding,
      state,
      nonce,
      codeVerifier,
      returnTo,
      ...[issuer, subject, providerSessionId].map(sha256),
    ];
    for (const secret of told)
      for (const spelled of ['utf8', 'base64', 'base64url', 'hex'] as const)
        for (const bytes of everything)
          expect(bytes.includes(Buffer.from(String(secret)).toString(spelled))).toBe(false);
  });

  it('opens no identity and no tokens with SESSION_KEYS, but the device record (ATK-104)', async () => {
    const one = await replica(OLD);
    const id = await logIn(one);
    const ring = new KeyRing([OLD]);
    const { storeKey, handle } = one.records.credentials.of(id);
    const names = keysOf(one, id);
    const stored = await dump();
    const [identityRecord, tokenRecord, device] = [names.identity, names.tokens, names.device].map(
      (name) => stored.get(name)?.[0] ?? Buffer.alloc(0),
    ) as [Buffer, Buffer, Buffer];

    // All that a thief of dump and keys knows of this session stands in for the id that he has not.
    const guesses = [storeKey, handle, '', 'v:', names.identity, names.tokens, OLD.kid];
    const purposes = ['identity', 'tokens', 'device'];
    const derived = [
      ...guesses.flatMap((guess) =>
        purposes.flatMap((purpose) => [
          ['session', purpose, guess],
          [purpose, guess],
        ]),
      ),
      ...purposes.flatMap((purpose) => [[purpose], ['session', purpose]]),
      ['device'],
      ['index'],
      ['cookie'],
      ['session'],
      ['login', storeKey],
      [],
    ];
    const sealed = [
      { box: identityRecord.subarray(HEAD.identityBytes), aad: `1:identity:${storeKey}` },
      { box: tokenRecord.subarray(HEAD.tokensBytes), aad: `1:tokens:${storeKey}` },
    ];
    for (const info of derived)
      for (const { box, aad } of sealed)
        expect(open((kid) => ring.derive(kid, ...info), aad, box)).toBeUndefined();
    const codec = new RecordCodec(ring);
    for (const guess of [storeKey, handle, randomToken()]) {
      const credential = { ...new SessionCredentials(ring).of(guess), storeKey };
      expect(codec.decodeIdentity(credential, identityRecord)).toBeUndefined();
      expect(codec.decodeTokens(credential, tokenRecord)).toBeUndefined();
    }
    // The same steps with the id from the cookie do open them: the trials above are no straw men.
    const holder = new SessionCredentials(ring).of(id);
    expect(codec.decodeIdentity(holder, identityRecord)?.record.identity).toEqual(identity);
    expect(codec.decodeTokens(holder, tokenRecord)?.tokens).toEqual(tokens);
    // Lists work without the cookie: provider, client and the public handle are told to whoever has the keys.
    const listed = new DeviceCodec(ring).decode(storeKey, device, identityRecord, 1);
    expect(listed).toMatchObject({ provider: 'generic', handle, client: CLIENT });
    expect(JSON.stringify(listed)).not.toContain('alice');
  });
});

describe('who writes to Redis without the keys', () => {
  /** Every read of the session gives the same clean answer. */
  async function expectAnonymous(one: Replica, id: string): Promise<void> {
    await expect(read(one, id)).resolves.toMatchObject({ kind: 'anonymous' });
  }
  const copy = (from: string, to: string) => intruder.copy(from, to, 'REPLACE');

  it('cannot give a session to an id of his own: neither copied nor forged does it open', async () => {
    const one = await replica(OLD);
    const victim = keysOf(one, await logIn(one));
    const own = randomToken();
    const place = keysOf(one, own);
    for (const part of ['identity', 'tokens', 'device'] as const)
      await copy(victim[part], place[part]);
    await expectAnonymous(one, own);

    const forger = new KeyRing([{ kid: OLD.kid, secret: Buffer.alloc(32, 9) }]);
    const credential = new SessionCredentials(forger).of(own);
    const codec = new RecordCodec(forger);
    const deadline = Date.now() + 60_000;
    const record = {
      identity,
      createdAt: Date.now(),
      absoluteDeadline: deadline,
      limitedBy: 'absolute' as const,
    };
    const head = { counter: 1n, idleDeadline: deadline, accessExpiry: 0 };
    await intruder.set(place.identity, codec.encodeIdentity(credential, { ...head, record }));
    await intruder.set(place.tokens, codec.encodeTokens(credential, { counter: 1n, tokens }));
    await expectAnonymous(one, own);
    expect(one.log.count('session.unreadable')).toBe(2);
  });

  it('cannot swap two sessions, nor the two records of one (ATK-42, ATK-76)', async () => {
    const one = await replica(OLD);
    const [a, b] = [await logIn(one), await logIn(one)];
    const [first, second] = [keysOf(one, a), keysOf(one, b)];
    await intruder.rename(first.identity, 'held');
    await intruder.rename(second.identity, first.identity);
    await intruder.rename('held', second.identity);
    await expectAnonymous(one, a);
    await expectAnonymous(one, b);

    const c = await logIn(one);
    const third = keysOf(one, c);
    await copy(second.tokens, third.tokens);
    await expectAnonymous(one, c);
    await copy(third.identity, third.tokens);
    await expectAnonymous(one, c);
  });

  it('cannot change a byte of what is sealed (J-23)', async () => {
    const one = await replica(OLD);
    const id = await logIn(one);
    const { identity: name } = keysOf(one, id);
    const whole = (await intruder.getBuffer(name)) ?? Buffer.alloc(0);
    for (let at = HEAD.identityBytes; at < whole.length; at += 1) {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      await intruder.set(name, bytes, 'KEEPTTL');
      await expectAnonymous(one, id);
    }
    await intruder.set(name, whole, 'KEEPTTL');
    await expect(read(one, id)).resolves.toMatchObject({ kind: 'live' });
    for (const bytes of [whole.subarray(0, 10), whole.subarray(0, -1), Buffer.of(2, 3), '']) {
      await intruder.set(name, bytes, 'KEEPTTL');
      await expectAnonymous(one, id);
    }
  });

  it('can put back an older token record, and nothing of another session: the documented limit (ATK-42)', async () => {
    const one = await replica(OLD);
    const id = await logIn(one);
    const names = keysOf(one, id);
    await copy(names.tokens, 'older');
    const held = await read(one, id);
    if (held.kind !== 'live') throw new Error('the session is not there');
    await one.records.replaceTokens(id, held.tokens, { ...tokens, accessToken: 'newer' });
    await copy('older', names.tokens);
    await expect(read(one, id)).resolves.toMatchObject({
      kind: 'live',
      tokens: { counter: 1n, tokens: { accessToken: tokens.accessToken } },
    });
    // An end takes it all the same, and what is put back after it has no identity to go with.
    await one.records.end(one.records.credentials.of(id).storeKey, 'logout');
    await copy('older', names.tokens);
    await expectAnonymous(one, id);
  });

  it('can move the idle deadline, but never the absolute one (ATK-42)', async () => {
    const one = await replica(OLD);
    const id = randomToken();
    const ceiling = Date.now() + 1_000;
    await one.records.create(id, {
      identity: { ...identity, sessionExpiry: ceiling / 1_000 },
      tokens,
      client: CLIENT,
    });
    const { identity: name } = keysOf(one, id);
    const later = Buffer.alloc(8);
    later.writeBigUInt64BE(BigInt(Date.now() + 900_000_000));
    await intruder.setrange(name, HEAD.idleDeadlineAt, later);
    await intruder.persist(name);
    await expect(read(one, id)).resolves.toMatchObject({ kind: 'live' });
    const afterwards = new SessionRecords(
      one.store,
      { now: () => ceiling + 1 },
      one.config,
      new RecordedEvents(),
      new RecordedAudit(),
    );
    await expect(afterwards.read(id, { touch: false })).resolves.toEqual({
      kind: 'anonymous',
      reason: 'provider',
    });
  });
});

describe('a key ring that is rotated under load (ATK-99)', () => {
  it('loses nobody while the new key comes and when everybody has it, and answers cleanly without the old one (J-16, J-17)', async () => {
    const before = await replica(OLD);
    const ids = await Promise.all(Array.from({ length: SESSIONS }, () => logIn(before)));
    // Replica after replica: first all know the new key, then the new one seals.
    const [during, after] = [await replica(OLD, NEW), await replica(NEW, OLD)];
    let live = 0;
    const useOn = async (one: Replica, id: string, at: number): Promise<void> => {
      const held = await read(one, id);
      expect(held.kind).toBe('live');
      if (held.kind !== 'live') return;
      expect(held.session.record.identity).toEqual(identity);
      live += 1;
      const next = { ...tokens, accessToken: `access-token-${at}` };
      expect(await one.records.replaceTokens(id, held.tokens, next)).toBe('written');
    };
    await Promise.all(
      ids.map(async (id, at) => {
        for (const one of [before, during, after, during]) await useOn(one, id, at);
      }),
    );
    expect(live).toBe(4 * SESSIONS);

    // Found in the indexes under both keys: the old sessions, and one of each ring.
    const newest = await logIn(after);
    const subject = { issuer: identity.issuer, subject: identity.subject };
    expect(await during.directory.list(subject)).toHaveLength(SESSIONS);
    expect(await during.directory.endOne(subject, handleOf(after, newest), 'revoked')).toBe(true);

    const without = await replica(NEW);
    const stays = await logIn(without);
    for (const id of ids.slice(0, 20)) await expectCleanlyAnonymous(without, id);
    await expect(read(without, stays)).resolves.toMatchObject({ kind: 'live' });
    expect(await without.directory.list(subject)).toHaveLength(1);
  });

  const handleOf = ({ records }: Replica, id: string): string => records.credentials.of(id).handle;

  async function expectCleanlyAnonymous(one: Replica, id: string): Promise<void> {
    expect(await read(one, id)).toEqual({ kind: 'anonymous' });
    expect(await one.records.read(id, { touch: true })).toEqual({ kind: 'anonymous' });
  }
});
