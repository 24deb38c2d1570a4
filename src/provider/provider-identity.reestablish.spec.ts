import { FixedClock } from '../../test/support/fixed-clock.js';
import { JsonServer } from '../../test/support/json-server.js';
import { providerAt } from '../../test/support/provider-config.js';
import { RecordedEvents } from '../../test/support/recorded-events.js';
import { newSigningKey, publicKeys } from '../../test/support/signing-key.js';
import type { AllowRules, ProviderConfig } from '../config/provider-config.types.js';
import type { Identity } from '../domain/identity.js';
import type { TokenSet } from '../domain/token-set.js';
import type { Reestablished } from './provider-identity.js';
import { providerParts } from './provider-parts.js';
import type { TokenAnswer } from './token-answer.js';

const key = newSigningKey('key-1');
const stranger = newSigningKey('key-1');
const clock = new FixedClock();
const nowS = clock.now() / 1000;
const NONCE = 'the-nonce-of-the-login';
let server: JsonServer;
let log: RecordedEvents;

beforeAll(async () => {
  server = await JsonServer.start();
});
afterAll(() => server.stop());
beforeEach(() => {
  log = new RecordedEvents();
  userinfo({ sub: 'user-1' });
});

function userinfo(body: object, status = 200): void {
  server.answerWith((req, res) => {
    const isKeys = req.url === '/jwks';
    res.writeHead(isKeys ? 200 : status, { 'content-type': 'application/json' });
    res.end(JSON.stringify(isKeys ? publicKeys([key]) : body));
  });
}

const signed = (more: object = {}, by = key): string =>
  by.sign({ iss: server.origin, sub: 'user-1', aud: 'app', iat: nowS, exp: nowS + 300, ...more });
const before = (more: object = {}): TokenSet => ({
  tokenType: 'Bearer',
  obtainedAt: 0,
  idToken: signed({ nonce: NONCE, ...more }),
});
const known: Identity = {
  provider: 'generic',
  issuer: 'the issuer',
  subject: 'user-1',
  providerSessionId: 'sid-1',
  authTime: 1_000,
  acr: 'gold',
  amr: ['pwd'],
  sessionExpiry: nowS + 1_000,
  claims: { name: 'Alice Archer', email: 'alice@example.com' },
};
const claims = ['name', 'email', 'groups'].map((name) => ({ name, source: name }));
const BY_ID_TOKEN: Partial<ProviderConfig> = { userinfo: false, claims };
const BY_USERINFO: Partial<ProviderConfig> = { userinfo: true, claims };
const PLAIN: Partial<ProviderConfig> = { identityFrom: 'userinfo', userinfo: true, claims };
const rules = (more: Partial<AllowRules>): AllowRules => ({
  ...providerAt(server.origin).allow,
  ...more,
});

function reestablish(
  answer: TokenAnswer,
  more: Partial<ProviderConfig> = {},
  tokens: TokenSet = before(),
): Promise<Reestablished> {
  const config = providerAt(server.origin, { timeoutMs: 3_000, ...more });
  const metadata = {
    issuer: server.origin,
    jwks_uri: `${server.origin}/jwks`,
    userinfo_endpoint: `${server.origin}/userinfo`,
  };
  const { identity } = providerParts(config, clock, log);
  return identity.reestablish(metadata, { accessToken: 'access', ...answer }, tokens, known);
}

describe('an ID token of a refresh', () => {
  it('brings the claims of now, and leaves the facts of the login (F-21, P-55)', async () => {
    const idToken = signed({ name: 'Alice Baker', auth_time: nowS, sid: 'sid-2', acr: 'silver' });
    await expect(reestablish({ idToken }, BY_ID_TOKEN)).resolves.toEqual({
      kind: 'same',
      identity: { ...known, claims: { name: 'Alice Baker' } },
    });
  });

  it('that brings no claims leaves everything', async () => {
    await expect(reestablish({ idToken: signed() }, BY_ID_TOKEN)).resolves.toEqual({
      kind: 'same',
    });
  });

  it('that was not sent leaves everything (F-23)', async () => {
    await expect(reestablish({}, BY_ID_TOKEN)).resolves.toEqual({ kind: 'same' });
  });

  it('moves the end that the provider sets, where it says one (P-54)', async () => {
    const idToken = signed({ name: 'A', session_expiry: nowS + 60 });
    await expect(reestablish({ idToken }, BY_ID_TOKEN)).resolves.toMatchObject({
      identity: { sessionExpiry: nowS + 60 },
    });
    const silent = signed({ name: 'A' });
    await expect(reestablish({ idToken: silent }, BY_ID_TOKEN)).resolves.toMatchObject({
      identity: { sessionExpiry: known.sessionExpiry },
    });
  });

  it.each([
    ['another subject (F-19)', () => signed({ sub: 'user-2' }), 'another subject'],
    ['another issuer (F-18)', () => signed({ iss: 'https://evil.example' }), 'token: iss'],
    ['another audience (F-20)', () => signed({ aud: 'another' }), 'token: aud'],
    ['another nonce (F-22)', () => signed({ nonce: 'another' }), 'id token: nonce'],
    [
      'a stranger’s signature',
      () => signed({}, stranger),
      'JWSSignatureVerificationFailed ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
    ],
  ])('with %s is about somebody else', async (_what, idToken, cause) => {
    await expect(reestablish({ idToken: idToken() }, BY_ID_TOKEN)).resolves.toEqual({
      kind: 'other',
      cause,
    });
  });

  it('may repeat the nonce of the login, or leave it out', async () => {
    for (const nonce of [NONCE, undefined]) {
      const idToken = signed({ nonce, name: 'A' });
      await expect(reestablish({ idToken }, BY_ID_TOKEN)).resolves.toMatchObject({ kind: 'same' });
    }
  });

  it.each([
    ['was made eleven minutes ago by the clock here', { iat: nowS - 660 }, -660],
    ['will be made in a minute', { iat: nowS + 60, exp: nowS + 360 }, 60],
    ['was over before it came', { iat: nowS - 90, exp: nowS - 40 }, -90],
  ])('that %s is not believed, and ends nothing (R-23)', async (_what, times, aheadS) => {
    const idToken = signed({ name: 'Alice Baker', nonce: NONCE, ...times });
    const old = before({ iat: nowS - 690 });
    await expect(reestablish({ idToken }, BY_ID_TOKEN, old)).resolves.toEqual({
      kind: 'unverifiable',
    });
    expect(log.events).toContainEqual({
      name: 'provider.clock_differs',
      fields: { provider: 'generic', ahead_s: aheadS },
    });
  });

  it.each([
    ['another subject', () => signed({ sub: 'user-2', iat: nowS - 660 }), 'another subject'],
    ['a stranger’s signature', () => signed({ iat: nowS - 660 }, stranger), /^JWSSignature/],
    ['another nonce', () => signed({ nonce: 'another', iat: nowS + 60 }), 'id token: nonce'],
    [
      'an end before its beginning',
      () => signed({ iat: nowS, exp: nowS - 60 }),
      'token: exp (clock?)',
    ],
    ['an older time than what we have', () => signed({ iat: nowS - 660 }), 'id token: iat'],
    ['no time at all', () => signed({ iat: undefined }), /iat/],
    ['a time that is none', () => signed({ iat: 'now' }), /iat/],
  ])(
    'of another time with %s is about somebody else all the same',
    async (_what, idToken, cause) => {
      await expect(reestablish({ idToken: idToken() }, BY_ID_TOKEN)).resolves.toEqual({
        kind: 'other',
        cause: typeof cause === 'string' ? cause : expect.stringMatching(cause),
      });
    },
  );

  it('that nobody can verify now says nothing', async () => {
    server.answerWith((_req, res) => void res.writeHead(503).end());
    await expect(reestablish({ idToken: signed({ sub: 'user-2' }) })).resolves.toEqual({
      kind: 'unverifiable',
    });
  });
});

describe('the rules', () => {
  it.each<[string, () => AllowRules, object]>([
    ['groups', () => rules({ groups: ['staff'] }), { groups: ['guests'] }],
    ['groups that are gone', () => rules({ groups: ['staff'] }), { name: 'Alice' }],
    [
      'a domain',
      () => rules({ domains: ['example.com'] }),
      { email: 'a@else.example', email_verified: true },
    ],
    [
      'an address that is not verified any more',
      () => rules({ emails: ['a@example.com'] }),
      { email: 'a@example.com', email_verified: false },
    ],
    [
      'a claim that is not kept',
      () => rules({ claims: [{ claim: 'level', value: '2' }] }),
      { level: 1 },
    ],
  ])('shut out who does not fulfil them any more: %s', async (_what, allow, change) => {
    const idToken = signed(change);
    const outcome = await reestablish({ idToken }, { ...BY_ID_TOKEN, allow: allow() });
    expect(outcome).toEqual({ kind: 'not_allowed' });
  });

  it('are not applied to an answer that brings nothing of what they ask for', async () => {
    const allow = rules({ groups: ['staff'] });
    const outcome = await reestablish({ idToken: signed() }, { ...BY_ID_TOKEN, allow });
    expect(outcome).toEqual({ kind: 'same' });
  });

  it('are applied to the word of userinfo before that of the ID token of the login', async () => {
    const allow = rules({ groups: ['staff'] });
    const login = before({ groups: ['staff'] });
    userinfo({ sub: 'user-1', groups: ['guests'] });
    const config = { ...BY_USERINFO, allow };
    await expect(reestablish({}, config, login)).resolves.toEqual({ kind: 'not_allowed' });
    userinfo({ sub: 'user-1', name: 'Alice Baker' });
    await expect(reestablish({}, config, login)).resolves.toMatchObject({
      kind: 'same',
      identity: { claims: { name: 'Alice Baker', groups: ['staff'] } },
    });
  });
});

describe('userinfo in a refresh', () => {
  it.each([
    ['beside an ID token', BY_USERINFO, () => ({ idToken: signed() })],
    ['without one', BY_USERINFO, () => ({})],
    ['that says who it is', PLAIN, () => ({})],
  ])('brings the claims of now, %s', async (_how, config, answer) => {
    userinfo({ sub: 'user-1', name: 'Alice Baker', session_expiry: 1 });
    await expect(reestablish(answer(), config)).resolves.toEqual({
      kind: 'same',
      identity: { ...known, claims: { name: 'Alice Baker' } },
    });
  });

  it.each([
    ['beside an ID token', BY_USERINFO],
    ['that says who it is', PLAIN],
  ])('of another user, %s, is about somebody else', async (_how, config) => {
    userinfo({ sub: 'user-2' });
    await expect(reestablish({ idToken: signed() }, config)).resolves.toEqual({
      kind: 'other',
      cause: 'userinfo: sub',
    });
  });

  it.each([
    ['beside an ID token', BY_USERINFO],
    ['that says who it is', PLAIN],
  ])('that cannot be had, %s, leaves everything, and the log tells', async (_how, config) => {
    userinfo({}, 503);
    const idToken = signed({ name: 'Alice Baker', groups: ['guests'] });
    const allow = rules({ groups: ['staff'] });
    await expect(reestablish({ idToken }, { ...config, allow })).resolves.toEqual({ kind: 'same' });
    expect(log.count('provider.userinfo_failed')).toBe(1);
  });
});

describe('an access token that says who it is', () => {
  const config: Partial<ProviderConfig> = { ...BY_ID_TOKEN, identityFrom: 'access_token' };
  const access = (more: object): string =>
    key.sign(
      {
        iss: server.origin,
        sub: 'user-1',
        aud: 'https://api.example',
        client_id: 'app',
        iat: nowS,
        exp: nowS + 300,
        ...more,
      },
      { typ: 'at+jwt' },
    );

  it('brings the claims of now', async () => {
    const accessToken = access({ name: 'Alice Baker' });
    await expect(reestablish({ accessToken }, config)).resolves.toMatchObject({
      kind: 'same',
      identity: { claims: { name: 'Alice Baker' } },
    });
  });

  it('of another time is not believed, and ends nothing (R-23)', async () => {
    const accessToken = access({ iat: nowS + 60, exp: nowS + 360 });
    await expect(reestablish({ accessToken }, config)).resolves.toEqual({
      kind: 'unverifiable',
    });
  });

  it('of another user is about somebody else', async () => {
    const accessToken = access({ sub: 'user-2' });
    await expect(reestablish({ accessToken }, config)).resolves.toMatchObject({ kind: 'other' });
  });
});
