import { createHmac } from 'node:crypto';
import * as fc from 'fast-check';
import { KeyRing } from '../../../src/crypto/key-ring.js';
import { randomToken } from '../../../src/crypto/random.js';
import { openWith, sealWith } from '../../../src/crypto/sealed-box.js';
import type { Identity } from '../../../src/domain/identity.js';
import type { LiveSession } from '../../../src/domain/session.js';
import { cookieValues } from '../../../src/http/cookies.js';
import { PublicUrl } from '../../../src/http/public-url.js';
import { AssertionKeys } from '../../../src/identity/assertion-keys.js';
import { IdentityAssertion } from '../../../src/identity/identity-assertion.js';
import { IdentityHeaders } from '../../../src/identity/identity-headers.js';
import { IdentityTelling } from '../../../src/identity/identity-telling.js';
import { OwnAssertion } from '../../../src/identity/own-assertion.js';
import { toIdentity } from '../../../src/provider/identity.mapper.js';
import { DeviceCodec } from '../../../src/session/device-codec.js';
import { deviceView } from '../../../src/session/device-view.js';
import { LogoutToken } from '../../../src/session/logout-token.js';
import { RecordCodec } from '../../../src/session/record-codec.js';
import { SessionCookie } from '../../../src/session/session-cookie.js';
import { SessionCredentials } from '../../../src/session/session-credential.js';
import { SessionReader } from '../../../src/session/session-reader.js';
import { SessionRecords } from '../../../src/session/session-records.js';
import { SessionViews } from '../../../src/session/session-view.js';
import { checkStepUp } from '../../../src/session/step-up.js';
import { MemoryStore } from '../../../src/store/memory/memory.store.js';
import { configOf, HTTPS_ENV } from '../../support/config-env.js';
import { RecordedAudit } from '../../support/recorded-audit.js';
import { FixedClock } from '../../support/fixed-clock.js';
import { newLogin, sessionConfig, tokenSet } from '../../support/session-fixtures.js';
import { UNLIMITED } from '../../support/store-records.js';
import { given, givenLater, must, mustBeHeaders, watchedLog } from '../expectations.js';
import { slowTarget, target, type FuzzTarget } from '../fuzz-target.js';
import { anyJson, changedObject, type JsonObject } from '../inputs/json-values.js';
import { asFieldValue, exchangeFor } from '../inputs/requests.js';
import { changed } from '../inputs/texts.js';
import { isIntact } from '../inputs/tokens.js';

const clock = new FixedClock();
const config = configOf({
  ...HTTPS_ENV,
  ASSERTION_CLAIMS: 'email,name,groups',
  HEADER_CLAIMS: 'email,name,groups',
});
const ring = new KeyRing(sessionConfig.keys);
const ID = 'I'.repeat(43);

/** What happens to some bytes; `at` and `length` are parts of a thousand. */
const damage = fc.array(
  fc.record({
    kind: fc.constantFrom('flip', 'cut', 'end', 'put', 'zero', 'double'),
    at: fc.integer({ min: 0, max: 1_000 }),
    byte: fc.integer({ min: 0, max: 255 }),
  }),
  { maxLength: 3 },
);
type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never;

function damaged(bytes: Buffer, damages: Damage): Buffer {
  let now = Buffer.from(bytes);
  for (const { kind, at, byte } of damages) {
    const from = Math.floor((now.length * at) / 1_001);
    const [before, after] = [now.subarray(0, from), now.subarray(from + 1)];
    if (kind === 'flip') now[from] = (now[from] ?? 0) ^ (byte || 1);
    else if (kind === 'cut') now = Buffer.concat([before, after]);
    else if (kind === 'end') now = Buffer.from(before);
    else if (kind === 'put') now = Buffer.concat([before, Buffer.of(byte), now.subarray(from)]);
    else if (kind === 'zero') now.fill(0, from, Math.min(from + byte, now.length));
    else now = Buffer.concat([now, now]);
  }
  return now;
}

const cookie = new SessionCookie(['a-secret', 'an-older-one']);
const signed = `s:${ID}.${'kW3f'.repeat(10)}`;
const SIGNED = signedBy('a-secret', ID);
const COOKIES = ['{}', '{}; {}', 's:x.y', 's:', 's%3Ax.y', '{}.x', 'x{}', signed, '%', `s:${ID}`];

/** As express-session writes it. */
function signedBy(secret: string, id: string): string {
  const mac = createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, '');
  return encodeURIComponent(`s:${id}.${mac}`);
}

const sessionCookie = target({
  name: 'session cookie',
  files: ['session/session-cookie.ts', 'http/cookies.ts'],
  inputs: fc.record({
    values: fc.array(fc.oneof(changed(COOKIES, 2), fc.constant('{}')), { maxLength: 6 }),
    change: changed([SIGNED], 1),
    isChanged: fc.boolean(),
  }),
  check: ({ values, change, isChanged }) => {
    const sent = values.map((value) => value.replaceAll('{}', () => (isChanged ? change : SIGNED)));
    const header = sent.map((value) => `n=${value}`).join('; ');
    const found = cookieValues(header, 'n');
    const ids = cookie.idsOf(found);
    must(ids.length <= 1 && (ids[0] ?? ID) === ID, 'an id that nobody signed');
    const proving = found.filter((value) => decoded(value) === decodeURIComponent(SIGNED));
    must(ids.length === 0 || proving.length > 0, 'a changed cookie authenticates');
  },
});

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

const codec = new RecordCodec(ring);
const devices = new DeviceCodec(ring);
const credential = new SessionCredentials(ring).of(ID);
const identityRecord = {
  counter: 1n,
  idleDeadline: clock.now() + 1_000,
  accessExpiry: 0,
  record: {
    identity: newLogin().identity,
    createdAt: clock.now(),
    absoluteDeadline: clock.now() + 9_000,
    limitedBy: 'absolute' as const,
  },
};
const RECORDS = {
  identity: codec.encodeIdentity(credential, identityRecord),
  tokens: codec.encodeTokens(credential, { counter: 1n, tokens: tokenSet() }),
  device: devices.encode(credential.storeKey, {
    handle: 'h',
    provider: 'p',
    createdAt: 0,
    client: 'c',
  }),
  box: sealWith(ring, ['login', 'b'], 'aad', 'plain'),
};

const records = target({
  name: 'records of the store',
  files: [
    'session/record-codec.ts',
    'session/device-codec.ts',
    'crypto/sealed-box.ts',
    'crypto/key-ring.ts',
  ],
  inputs: fc.record({
    damage,
    of: fc.constantFrom(...(Object.keys(RECORDS) as (keyof typeof RECORDS)[])),
    as: fc.constantFrom(...(Object.keys(RECORDS) as (keyof typeof RECORDS)[])),
  }),
  check: ({ damage: damages, of, as }) => {
    const bytes = damaged(RECORDS[of], damages);
    const read = decodedAs(as, bytes);
    if (read === undefined) return;
    must(of === as, 'one record was taken for another');
    must(
      JSON.stringify(read) === JSON.stringify(decodedAs(as, RECORDS[as])),
      'a changed record opens',
    );
  },
});

/** The sealed part of what is read; the head is clear, and the store's to write. */
function decodedAs(as: keyof typeof RECORDS, bytes: Buffer): unknown {
  switch (as) {
    case 'identity':
      return (
        new RecordCodec(ring).decodeIdentity(credential, bytes)?.record ??
        codec.decodeIdentity(credential, bytes)?.record
      );
    case 'tokens':
      return codec.decodeTokens(credential, bytes)?.tokens;
    case 'device': {
      const device = devices.decode(credential.storeKey, bytes, RECORDS.identity, 1_000);
      if (device !== undefined) JSON.stringify(deviceView(device));
      return device;
    }
    case 'box':
      return openWith(ring, ['login', 'b'], 'aad', bytes)?.toString();
  }
}

const store = new MemoryStore(clock);
afterAll(() => store.close());
const log = watchedLog([ID]);
const sessions = new SessionRecords(store, clock, config.session, log, new RecordedAudit());
const reader = new SessionReader(sessions, config.cookie, config.session);
const urls = new PublicUrl(config.server);
const views = new SessionViews(new LogoutToken(reader, sessions), urls, config.claims);
const narrow = new SessionViews(new LogoutToken(reader, sessions), urls, { page: ['email'] });
const keys = new AssertionKeys(config.assertion, config.session);
const assertion = new IdentityAssertion(keys, config.assertion, config.claims, clock, urls);
const own = new OwnAssertion(keys, config.assertion, assertion, clock);
const headers = new IdentityHeaders(config.claims);
const telling = new IdentityTelling(headers, assertion);

const PROOF: JsonObject = {
  sub: 'user-1',
  sid: 's',
  acr: 'loa2',
  amr: ['pwd'],
  auth_time: 1_767_225_600,
  email: 'a@example.com',
  name: 'Ann',
  groups: ['staff'],
};
const proof = changedObject(PROOF, {
  sub: ['é', 'a b', '\ud800', '\u0000\r\n', 'x'.repeat(255), ' x '],
  session_expiry: [
    clock.now() / 1_000 + 100.000_001,
    clock.now() / 1_000 + 0.0001,
    1,
    1e10,
    99_999_999_999.999,
  ],
  auth_time: [1.5, -1e300, 1e300],
  name: ['é'.repeat(2_000), '\r\nx: y', ' x ', '100%', '\ud800', '𝒳', true, 5, null],
  groups: [['a', '"', '\u2028', '\ud800'], 'staff', [1], [], ['x'.repeat(5_000)], {}],
  email: ['a@b\r\n', 'x'.repeat(1_025)],
});
const MAPPINGS = ['email', 'name', 'groups'].map((name) => ({ name, source: name }));

function sessionOf(claims: JsonObject): Identity | undefined {
  const { sub } = claims;
  // No login gets this far with another subject (OIDC Core §2).
  if (typeof sub !== 'string' || sub === '' || sub.length > 255) return undefined;
  const source = {
    provider: 'one',
    issuer: 'https://login.example.org',
    subject: sub,
    proof: claims,
    told: claims,
  };
  return given(['login_rejected'], () => toIdentity(source, MAPPINGS));
}

const life = slowTarget({
  name: 'session of an odd user',
  files: [
    ...['session-records', 'session-view', 'session-reader', 'record-codec'].map(
      (name) => `session/${name}.ts`,
    ),
    ...['identity-headers', 'identity-assertion', 'identity-telling', 'own-assertion'].map(
      (name) => `identity/${name}.ts`,
    ),
  ],
  inputs: fc.record({
    proof,
    client: fc.string({ unit: 'binary', maxLength: 200 }),
    expiresIn: fc.constantFrom(null, 0, 1, 300_000),
    damage,
    later: fc.integer({ min: 0, max: 40_000_000 }),
    text: changed(['{}', '{}.x', 'a.b.c'], 1),
  }),
  check: async ({ proof: claims, client, expiresIn, damage: damages, later, text }) => {
    const identity = sessionOf(claims);
    if (identity === undefined) return;
    const id = randomToken();
    const tokens = tokenSet({
      ...(expiresIn !== null && { accessTokenExpiresAt: clock.now() + expiresIn }),
    });
    const created = await givenLater(['login_rejected'], async () => {
      await sessions.create(id, { identity, tokens, client });
      return true;
    });
    if (created === undefined) return;
    const reading = await sessions.read(id, { touch: true });
    if (reading.kind !== 'live') throw new Error('it did not live at all');
    mustBeTold(reading.session, id);
    await mustBeAsserted(reading.session, text);
    const { storeKey } = sessions.credentials.of(id);
    const bytes = await store.readIdentity(storeKey);
    const changedBytes = damaged(bytes ?? Buffer.alloc(0), damages);
    await store.writeIdentity(
      storeKey,
      (bytes ?? Buffer.alloc(0)).subarray(1, 9),
      changedBytes,
      UNLIMITED,
    );
    const passing = new FixedClock(clock.now() + later);
    const elsewhere = new SessionRecords(store, passing, config.session, log, new RecordedAudit());
    const again = await elsewhere.readWithTokens(id, { touch: true });
    must(
      again.kind === 'anonymous' ||
        JSON.stringify(again.session.record) === JSON.stringify(reading.session.record),
      'a changed record is believed',
    );
    await mustBeReplaced(id, identity);
    await sessions.end(storeKey, 'logout');
    must((await sessions.read(id, { touch: true })).kind === 'anonymous', 'it goes on');
    must(
      (await givenLater(['login_rejected'], () =>
        sessions.create(id, { identity, tokens, client }),
      )) === undefined,
      'revived',
    );
  },
});

/** What a refresh brings, as long as the records can be read. */
async function mustBeReplaced(id: string, identity: Identity): Promise<void> {
  const held = await sessions.readWithTokens(id, { touch: false });
  if (held.kind === 'anonymous') return;
  const written = await sessions.replaceTokens(id, held.tokens, tokenSet());
  must(written === 'written', 'the tokens were not written');
  must((await sessions.replaceTokens(id, held.tokens, tokenSet())) === 'conflict', 'written twice');
  await sessions.tellRenewed(id);
  const now = await sessions.read(id, { touch: false });
  if (now.kind === 'live')
    must(
      (await sessions.replaceIdentity(id, now.session, identity)) === 'written',
      'who it is was not written',
    );
}

function mustBeTold(session: LiveSession, id: string): void {
  mustBeHeaders(headers.of(session));
  for (const one of [views, narrow]) {
    const view = JSON.parse(one.of(session, id)) as Record<string, unknown>;
    must(view['authenticated'] === true && view['provider'] === 'one', 'no view');
    for (const name of ['created_at', 'idle_expires_at', 'absolute_expires_at'])
      must(Number.isSafeInteger(view[name]), `${name} is no instant`);
    must(!one.of(session, id).includes(id), 'it tells the session id');
  }
}

async function mustBeAsserted(session: LiveSession, text: string): Promise<void> {
  for (const way of ['assertion', 'both', 'headers'] as const)
    mustBeHeaders(await telling.headersFor(session, { way, audience: 'api' }));
  const { jwt } = await assertion.of(session, 'api');
  const claims = await own.read(text.replace('{}', () => jwt));
  must(
    claims === undefined ? text !== '{}' : isIntact(text),
    'a changed assertion is believed, or a true one is not',
  );
}

const identityHeaders = target({
  name: 'identity headers',
  files: ['identity/identity-headers.ts'],
  inputs: fc.record({
    claims: changedObject(PROOF),
    subject: changed(['user-1', 'é', 'a b']).map((text) => text.slice(0, 255)),
    value: anyJson,
  }),
  check: ({ claims, subject, value }) => {
    const record = {
      ...identityRecord.record,
      identity: {
        provider: 'one',
        issuer: 'https://login.example.org',
        subject,
        claims: { ...claims, email: value },
      },
    };
    const told = headers.of({ counter: 1n, handle: 'h', record, idleDeadline: 1 } as LiveSession);
    mustBeHeaders(told);
    must(told.length === headers.ofNobody.length, 'a header is missing');
    must(
      told.every((one) => one.length <= 4_096),
      'servers refuse headers of this size',
    );
    must(decodeURIComponent(told[1] ?? '') === subject.toWellFormed(), 'two users have one name');
  },
});

const stepUp = target({
  name: 'step-up',
  files: ['session/step-up.ts'],
  inputs: fc.record({
    acr: fc.subarray(['loa2', 'loa3']),
    maxAgeS: fc.constantFrom(null, 0, 60),
    scopes: fc.subarray(['a', 'b', '']),
    identity: changedObject(
      { acr: 'loa2', authTime: clock.now() / 1_000 },
      { authTime: [0, clock.now() / 1_000 - 61], acr: ['loa1', 'loa3'] },
    ),
    scope: fc.oneof(changed(['a b', 'a', '']), fc.constant(null)),
  }),
  check: ({ acr, maxAgeS, scopes, identity, scope }) => {
    const { acr: is, authTime } = identity;
    const facts = {
      ...(typeof is === 'string' && { acr: is }),
      ...(typeof authTime === 'number' && { authTime }),
    };
    const session = {
      record: { identity: { ...newLogin().identity, ...facts } },
    } as unknown as LiveSession;
    const wanted = { acr, scopes, ...(maxAgeS !== null && { maxAgeS }) };
    const passed = given(['step_up_required', 'insufficient_scope'], () => {
      checkStepUp(wanted, session, tokenSet({ ...(scope !== null && { scope }) }), clock.now());
      return true;
    });
    if (passed === undefined) return;
    must(acr.length === 0 || acr.includes(String(facts.acr)), 'a weaker login passes');
    must(
      maxAgeS === null || Number(facts.authTime) >= clock.now() / 1_000 - maxAgeS,
      'an older login passes',
    );
    must(
      scopes.every((one) => (scope ?? '').split(' ').includes(one)),
      'a scope that was not given',
    );
  },
});

const logoutTokens = new LogoutToken(reader, sessions);
const LIVE = 'L'.repeat(43);
const [cookieSecret] = new KeyRing(config.session.keys).deriveSecrets('cookie');
const LIVE_COOKIE = signedBy(cookieSecret, LIVE);
beforeAll(() => sessions.create(LIVE, newLogin()));

function isLive(pair: string): boolean {
  return decoded(pair)?.includes(decodeURIComponent(LIVE_COOKIE)) === true;
}

const logoutLink = slowTarget({
  name: 'logout link',
  files: ['session/logout-token.ts', 'session/session-reader.ts'],
  inputs: fc.record({
    text: fc.oneof(fc.constant('{}'), changed(['{}', '', 'x'], 2)),
    cookie: fc.oneof(fc.constant('{}'), changed(['{}', '', '{}; {}'], 1)),
    old: fc.boolean(),
  }),
  check: async ({ text, cookie: sent, old }) => {
    const token = text.replaceAll('{}', () => logoutTokens.forId(LIVE));
    const value = sent.replaceAll('{}', () => (old ? SIGNED : LIVE_COOKIE));
    const line = asFieldValue(`${config.cookie.name}=${value}`);
    const exchange = exchangeFor({ fields: sent === '' ? [] : [['cookie', line]] });
    // Each pair stands for itself: one that cannot be decoded takes nothing from the others.
    const isThere = !old && line.split(';').some(isLive);
    const reading = await reader.read(exchange, { touch: true });
    must(reading.kind === 'anonymous' || isThere, 'a cookie of nobody');
    const belongs = await logoutTokens.belongsTo(exchange, token);
    must(belongs === (reading.kind === 'live' && text === '{}'), 'a token of another session');
    must((await reader.readHandedIn(token)).kind === 'anonymous', 'a logout token is no cookie');
    must(
      (reader.presented(exchange) === undefined) === (reading.kind === 'anonymous') || old,
      'presented',
    );
    must(
      (await reader.readWithTokens(exchange)).kind === reading.kind,
      'with its tokens it is another',
    );
  },
});

export const sessionTargets: readonly FuzzTarget[] = [
  sessionCookie,
  records,
  life,
  identityHeaders,
  stepUp,
  logoutLink,
];
