import { FixedClock } from '../../test/support/fixed-clock.js';
import { JsonServer } from '../../test/support/json-server.js';
import { newTransaction } from '../../test/support/login-fixtures.js';
import { providerAt } from '../../test/support/provider-config.js';
import { RecordedEvents } from '../../test/support/recorded-events.js';
import { newSigningKey, publicKeys } from '../../test/support/signing-key.js';
import type { ProviderConfig } from '../config/provider-config.types.js';
import type { Identity } from '../domain/identity.js';
import { providerParts } from './provider-parts.js';
import type { TokenAnswer } from './token-answer.js';

const key = newSigningKey('key-1');
const stranger = newSigningKey('key-1');
const clock = new FixedClock();
const nowS = clock.now() / 1000;
const transaction = newTransaction();
let server: JsonServer;
let log: RecordedEvents;

beforeAll(async () => {
  server = await JsonServer.start();
});
afterAll(() => server.stop());
beforeEach(() => {
  log = new RecordedEvents();
  userinfo({ sub: 'user-1', name: 'of userinfo' });
  server.asked.length = 0;
});

/** From now on the userinfo endpoint answers so. */
function userinfo(body: object | string, { status = 200, type = 'application/json' } = {}): void {
  server.answerWith((req, res) => {
    const isKeys = req.url === '/jwks';
    res.writeHead(isKeys ? 200 : status, { 'content-type': isKeys ? 'application/json' : type });
    const said = isKeys ? publicKeys([key]) : body;
    res.end(typeof said === 'string' ? said : JSON.stringify(said));
  });
}

const claims = (more: object = {}) => ({
  iss: server.origin,
  sub: 'user-1',
  aud: 'app',
  iat: nowS,
  exp: nowS + 300,
  nonce: transaction.nonce,
  ...more,
});
const idToken = (more: object = {}, by = key): string => by.sign(claims(more));
const jwtAccess = (more: object = {}, by = key): string =>
  by.sign(claims({ nonce: undefined, aud: 'https://api.example', client_id: 'app', ...more }), {
    typ: 'at+jwt',
  });

function establish(
  answer: TokenAnswer,
  more: Partial<ProviderConfig> = {},
  metadata = {},
): Promise<Identity> {
  const config = providerAt(server.origin, { timeoutMs: 3_000, ...more });
  const { identity } = providerParts(config, clock, log);
  const known = {
    issuer: server.origin,
    jwks_uri: `${server.origin}/jwks`,
    userinfo_endpoint: `${server.origin}/userinfo`,
    ...metadata,
  };
  return identity.establish(known, answer, transaction);
}

/** The subject, or why there is none. */
function judged(answer: TokenAnswer, more: Partial<ProviderConfig> = {}): Promise<unknown> {
  return establish(answer, more).then(
    ({ subject }) => subject,
    (error: { detail?: string; code?: string }) => error.detail ?? error.code,
  );
}

const accessToken = 'opaque-access-token';
const calls = (): string[] => server.asked.filter((call) => call !== 'GET /jwks');

describe('an identity by the ID token', () => {
  it('has its claims, and those that userinfo adds', async () => {
    userinfo({ sub: 'user-1', name: 'of userinfo', email: 'a@example.com' });
    const answer = { idToken: idToken({ name: 'of the token' }), accessToken };
    await expect(establish(answer)).resolves.toMatchObject({
      issuer: server.origin,
      subject: 'user-1',
      claims: { name: 'of the token', email: 'a@example.com' },
    });
    expect(calls()).toEqual(['GET /userinfo']);
  });

  it.each<[string, Partial<ProviderConfig>, TokenAnswer, object]>([
    ['is switched off', { userinfo: false }, { accessToken }, {}],
    ['does not exist', {}, { accessToken }, { userinfo_endpoint: undefined }],
    ['cannot be asked without an access token', {}, {}, {}],
  ])('asks no userinfo where it %s', async (_what, more, tokens, metadata) => {
    const answer = { ...tokens, idToken: idToken() };
    await expect(establish(answer, more, metadata)).resolves.toMatchObject({ subject: 'user-1' });
    expect(calls()).toEqual([]);
  });

  it('needs one: an access token alone is plain OAuth 2.0 (D-07)', async () => {
    expect(await judged({ accessToken: jwtAccess() })).toBe('no id token');
    expect(await judged({})).toBe('no id token');
    expect(server.asked).toEqual([]);
  });

  it.each<[string, () => string]>([
    ['of a stranger', () => idToken({}, stranger)],
    ['with another nonce', () => idToken({ nonce: 'x'.repeat(43) })],
    ['without nonce', () => idToken({ nonce: undefined })],
  ])('is none with a token %s, and userinfo is not asked', async (_what, token) => {
    await expect(establish({ idToken: token(), accessToken })).rejects.toBeDefined();
    expect(calls()).toEqual([]);
  });

  it.each<[string, object, unknown]>([
    ['none', { nonce: undefined }, 'user-1'],
    ['null', { nonce: null }, 'user-1'],
    ['the right one', {}, 'user-1'],
    ['a wrong one', { nonce: 'x'.repeat(43) }, 'id token: nonce'],
    ['an empty one', { nonce: '' }, 'id token: nonce'],
    ['a list', { nonce: [transaction.nonce] }, 'id token: nonce'],
  ])('where the nonce is optional may have %j', async (_what, more, verdict) => {
    expect(await judged({ idToken: idToken(more) }, { nonce: 'optional' })).toBe(verdict);
  });

  it.each<[string, () => void]>([
    ['fails', () => userinfo({}, { status: 500 })],
    ['does not know the token', () => userinfo({ error: 'invalid_token' }, { status: 401 })],
    ['redirects', () => userinfo({}, { status: 302 })],
    [
      'hangs',
      () =>
        server.answerWith((req, res) => {
          if (req.url === '/jwks') res.writeHead(200).end(JSON.stringify(publicKeys([key])));
        }),
    ],
  ])('goes without more claims when userinfo %s, and it is logged', async (_what, prepare) => {
    prepare();
    await expect(
      establish({ idToken: idToken({ name: 'A' }), accessToken }),
    ).resolves.toMatchObject({ claims: { sub: 'user-1', name: 'A' } });
    expect(log.count('provider.userinfo_failed')).toBe(1);
  });

  it.each<[string, () => void]>([
    ['names another subject (A-11, F-16)', () => userinfo({ sub: 'mallory' })],
    ['names no subject', () => userinfo({ name: 'A' })],
    ['is an empty 200 (ATK-105)', () => userinfo('')],
    [
      'is signed by a stranger',
      () =>
        userinfo(stranger.sign({ iss: server.origin, aud: 'app', sub: 'user-1' }), {
          type: 'application/jwt',
        }),
    ],
    [
      'is signed for another client',
      () =>
        userinfo(key.sign({ iss: server.origin, aud: 'other', sub: 'user-1' }), {
          type: 'application/jwt',
        }),
    ],
  ])('is none when userinfo %s (D-54)', async (_what, prepare) => {
    prepare();
    await expect(establish({ idToken: idToken(), accessToken })).rejects.toBeDefined();
    expect(log.count('provider.userinfo_failed')).toBe(0);
  });
});

describe('an identity by the access token', () => {
  const mode: Partial<ProviderConfig> = { identityFrom: 'access_token', userinfo: false };

  it('needs no ID token', async () => {
    expect(await judged({ accessToken: jwtAccess() }, mode)).toBe('user-1');
    expect(calls()).toEqual([]);
  });

  it('may have more claims by userinfo of the same subject', async () => {
    const more = { ...mode, userinfo: true };
    await expect(establish({ accessToken: jwtAccess() }, more)).resolves.toMatchObject({
      claims: { name: 'of userinfo' },
    });
    userinfo({ sub: 'mallory' });
    expect(await judged({ accessToken: jwtAccess() }, more)).toBe('userinfo: sub');
  });

  it.each<[string, () => TokenAnswer, unknown]>([
    ['no access token', () => ({}), 'no access token'],
    ['only an ID token', () => ({ idToken: idToken() }), 'no access token'],
    ['an opaque one', () => ({ accessToken }), 'ERR_JWS_INVALID'],
    ['one of a stranger', () => ({ accessToken: jwtAccess({}, stranger) }), expect.any(String)],
    [
      'one of another client',
      () => ({ accessToken: jwtAccess({ client_id: 'other' }) }),
      'access token: client_id',
    ],
  ])('is none with %s', async (_what, answer, verdict) => {
    expect(await judged(answer(), mode)).toEqual(verdict);
  });

  it.each<[string, object, unknown]>([
    ['agrees', {}, 'user-1'],
    ['is about another subject', { sub: 'mallory' }, 'access_token: sub'],
    ['is of another login', { nonce: 'x'.repeat(43) }, 'id token: nonce'],
  ])('compares an ID token that comes along: one that %s', async (_what, more, verdict) => {
    const answer = { accessToken: jwtAccess(), idToken: idToken(more) };
    expect(await judged(answer, mode)).toBe(verdict);
  });
});

describe('an identity by userinfo', () => {
  const mode: Partial<ProviderConfig> = { identityFrom: 'userinfo' };

  it('needs an access token only, and asks once', async () => {
    await expect(establish({ accessToken }, mode)).resolves.toMatchObject({
      subject: 'user-1',
      claims: { sub: 'user-1', name: 'of userinfo' },
    });
    expect(server.asked).toEqual(['GET /userinfo']);
  });

  it.each<[string, () => void, unknown]>([
    ['names nobody', () => userinfo({}), 'userinfo: sub'],
    ['fails', () => userinfo({}, { status: 500 }), 'userinfo: status 500'],
    ['does not know the token', () => userinfo({}, { status: 401 }), 'userinfo: status 401'],
  ])('is none when the endpoint %s', async (_what, prepare, verdict) => {
    prepare();
    expect(await judged({ accessToken }, mode)).toBe(verdict);
  });

  it('is none without an access token', async () => {
    expect(await judged({ idToken: idToken() }, mode)).toBe('no access token');
  });

  it.each<[string, object, unknown]>([
    ['agrees', {}, 'user-1'],
    ['is about another subject', { sub: 'mallory' }, 'userinfo: sub'],
  ])('compares an ID token that comes along: one that %s', async (_what, more, verdict) => {
    expect(await judged({ accessToken, idToken: idToken(more) }, mode)).toBe(verdict);
  });

  it('knows the user by our name of the issuer, whatever form `iss` has', async () => {
    const tokenIssuers = [server.origin, 'login.example'];
    const answer = { accessToken, idToken: idToken({ iss: 'login.example' }) };
    await expect(establish(answer, { tokenIssuers })).resolves.toMatchObject({
      issuer: server.origin,
    });
  });
});

describe('who may not come in', () => {
  const { allow } = providerAt('http://127.0.0.1:1');
  const only = (groups: string[]): Partial<ProviderConfig> => ({ allow: { ...allow, groups } });

  it.each<[string, object, object, unknown]>([
    ['the ID token', { groups: ['staff'] }, {}, 'user-1'],
    ['userinfo', {}, { groups: ['staff'] }, 'user-1'],
    ['nobody', {}, {}, 'not_allowed'],
    [
      'the ID token, which wins over userinfo',
      { groups: [] },
      { groups: ['staff'] },
      'not_allowed',
    ],
  ])('is told by what %s says', async (_who, proof, more, verdict) => {
    userinfo({ sub: 'user-1', ...more });
    expect(await judged({ idToken: idToken(proof), accessToken }, only(['staff']))).toBe(verdict);
  });
});
