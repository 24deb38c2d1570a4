import { FixedClock } from '../../test/support/fixed-clock.js';
import { JsonServer } from '../../test/support/json-server.js';
import { providerAt } from '../../test/support/provider-config.js';
import { RecordedEvents } from '../../test/support/recorded-events.js';
import { newSigningKey, publicKeys } from '../../test/support/signing-key.js';
import type { ProviderConfig } from '../config/provider-config.types.js';
import type { Identity } from '../domain/identity.js';
import type { AudienceRequest, TokenSet } from '../domain/token-set.js';
import { providerParts } from './provider-parts.js';
import type { TokenGrants } from './token-grants.js';

const key = newSigningKey('key-1');
const clock = new FixedClock();
const nowS = clock.now() / 1000;
let server: JsonServer;
let log: RecordedEvents;
let sent: URLSearchParams[];

beforeAll(async () => {
  server = await JsonServer.start();
});
afterAll(() => server.stop());
beforeEach(() => {
  log = new RecordedEvents();
  sent = [];
});

const before: TokenSet = {
  accessToken: 'access-1',
  refreshToken: 'refresh-1',
  idToken: 'id-1',
  scope: 'openid orders',
  tokenType: 'Bearer',
  obtainedAt: 1,
  refreshSentAt: clock.now(),
};
const identity = (): Identity => ({
  provider: 'generic',
  issuer: server.origin,
  subject: 'user-1',
  claims: {},
});
const orders: AudienceRequest = {
  key: 'orders',
  via: 'refresh',
  resource: 'urn:orders',
  audience: 'orders',
  scope: 'orders:read',
};

/** The token endpoint answers so, and the keys are there unless they are not. */
function answer(
  body: object | string,
  {
    status = 200,
    headers = {},
    keys = true,
  }: { status?: number; headers?: object; keys?: boolean } = {},
): void {
  server.answerWith((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      if (req.url === '/jwks')
        return void res.writeHead(keys ? 200 : 503).end(JSON.stringify(publicKeys([key])));
      sent.push(new URLSearchParams(Buffer.concat(chunks).toString()));
      res.writeHead(status, { 'content-type': 'application/json', ...headers });
      res.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  });
}

const metadata = () => ({
  issuer: server.origin,
  token_endpoint: `${server.origin}/token`,
  jwks_uri: `${server.origin}/jwks`,
});
const grants = (more: Partial<ProviderConfig> = {}): TokenGrants =>
  providerParts(providerAt(server.origin, { timeoutMs: 3_000, ...more }), clock, log).grants;
const refresh = (more: Partial<ProviderConfig> = {}, audience?: AudienceRequest) =>
  grants(more).refresh(metadata(), before, identity(), { audience });
const tokens = (more: object = {}): object => ({
  token_type: 'Bearer',
  access_token: 'access-2',
  expires_in: 60,
  ...more,
});
const idToken = (more: object = {}): string =>
  key.sign({ iss: server.origin, sub: 'user-1', aud: 'app', iat: nowS, exp: nowS + 300, ...more });
const reports = () => log.events.filter(({ name }) => name === 'token.refresh_failed');

describe('a refresh', () => {
  it('sends the refresh token, and asks for no audience and no scope of its own', async () => {
    answer(tokens());
    await refresh();
    expect(sent.map((form) => Object.fromEntries(form))).toEqual([
      { grant_type: 'refresh_token', refresh_token: 'refresh-1' },
    ]);
  });

  it('keeps what the answer leaves out, but for the note that it was sent', async () => {
    answer(tokens());
    const { refreshSentAt: _note, ...kept } = before;
    await expect(refresh()).resolves.toEqual({
      kind: 'refreshed',
      tokens: {
        ...kept,
        accessToken: 'access-2',
        obtainedAt: clock.now(),
        accessTokenExpiresAt: clock.now() + 60_000,
      },
    });
  });

  it('takes what the answer brings', async () => {
    const told = idToken();
    answer(tokens({ refresh_token: 'refresh-2', id_token: told, scope: 'openid' }));
    await expect(refresh()).resolves.toMatchObject({
      kind: 'refreshed',
      tokens: { refreshToken: 'refresh-2', idToken: told, scope: 'openid' },
    });
  });

  it('without a refresh token is not tried', async () => {
    answer(tokens());
    const { refreshToken: _none, ...without } = before;
    await expect(grants().refresh(metadata(), without, identity())).resolves.toEqual({
      kind: 'failed',
      failure: 'invalid_grant',
    });
    expect(sent).toEqual([]);
  });

  it('takes the tokens and not the ID token that nobody can verify now', async () => {
    answer(tokens({ id_token: idToken() }), { keys: false });
    await expect(refresh()).resolves.toMatchObject({
      kind: 'refreshed',
      tokens: { accessToken: 'access-2', idToken: 'id-1' },
    });
  });

  it('about another user is refused with its tokens, and the log tells why', async () => {
    answer(tokens({ refresh_token: 'refresh-2', id_token: idToken({ sub: 'user-2' }) }));
    await expect(refresh()).resolves.toMatchObject({
      kind: 'refused',
      failure: 'invalid_grant',
      tokens: { accessToken: 'access-2', refreshToken: 'refresh-2' },
    });
    expect(reports()).toMatchObject([
      { fields: { failure: 'invalid_grant', cause: 'another subject' } },
    ]);
  });

  it('of a user who may not come in any more says so, with what is to be revoked', async () => {
    const { allow } = providerAt(server.origin);
    answer(tokens({ id_token: idToken({ groups: ['guests'] }) }));
    await expect(refresh({ allow: { ...allow, groups: ['staff'] } })).resolves.toMatchObject({
      kind: 'not_allowed',
      tokens: { accessToken: 'access-2', refreshToken: 'refresh-1' },
    });
    expect(reports()).toMatchObject([{ fields: { failure: 'not_allowed' } }]);
  });

  it.each([
    ['with tokens used up the old one', { token_type: 'mac' }, 'unknown', 'token_type'],
    ['without a token did not', { access_token: undefined }, 'refused', 'access_token'],
  ])('answered by what cannot be believed, %s', async (_what, odd, failure, member) => {
    answer(tokens(odd));
    await expect(refresh()).resolves.toMatchObject({ kind: 'refused', failure });
    const cause = `token answer: ${member}`;
    expect(reports()).toMatchObject([{ fields: { failure, cause } }]);
  });

  it.each([
    ['an OAuth error', { error: 'invalid_scope' }, 400, 'refused'],
    ['a page', '<h1>closed</h1>', 403, 'temporary'],
    ['a page that calls itself well', '<h1>closed</h1>', 200, 'temporary'],
    ['a redirect', '', 302, 'temporary'],
    ['a missing endpoint', '', 404, 'temporary'],
  ])('answered by %s', async (_what, body, status, failure) => {
    answer(body, {
      status,
      headers: { 'content-type': typeof body === 'string' ? 'text/html' : 'application/json' },
    });
    await expect(refresh()).resolves.toEqual({ kind: 'failed', failure });
  });

  it('tells how long the provider wants to be left alone', async () => {
    answer({}, { status: 429, headers: { 'retry-after': '17' } });
    await expect(refresh()).resolves.toEqual({
      kind: 'failed',
      failure: 'temporary',
      retryAfterMs: 17_000,
    });
  });
});

describe('a refresh for one API (RFC 8707)', () => {
  it('says for whom, and leaves the session’s own tokens but for a rotated refresh token', async () => {
    answer(tokens({ refresh_token: 'refresh-2', id_token: 'not judged', scope: 'orders:read' }));
    const { refreshSentAt: _note, ...kept } = before;
    const earlier = { billing: { accessToken: 'for-billing', obtainedAt: 1 } };
    const outcome = await grants().refresh(
      metadata(),
      { ...before, audiences: earlier },
      identity(),
      { audience: orders },
    );
    expect(outcome).toEqual({
      kind: 'refreshed',
      tokens: {
        ...kept,
        refreshToken: 'refresh-2',
        audiences: {
          ...earlier,
          orders: {
            accessToken: 'access-2',
            obtainedAt: clock.now(),
            accessTokenExpiresAt: clock.now() + 60_000,
          },
        },
      },
    });
    expect(Object.fromEntries(sent[0]!)).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'refresh-1',
      resource: 'urn:orders',
      audience: 'orders',
      scope: 'orders:read',
    });
  });
});

describe('an exchange (RFC 8693)', () => {
  it('gives the access token for one that the API takes', async () => {
    answer(tokens({ refresh_token: 'never kept' }));
    const outcome = await grants().exchange(metadata(), before, { ...orders, via: 'exchange' });
    expect(outcome).toEqual({
      kind: 'exchanged',
      token: {
        accessToken: 'access-2',
        obtainedAt: clock.now(),
        accessTokenExpiresAt: clock.now() + 60_000,
      },
    });
    expect(Object.fromEntries(sent[0]!)).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: 'access-1',
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      resource: 'urn:orders',
      audience: 'orders',
      scope: 'orders:read',
    });
  });

  it('is not tried without an access token', async () => {
    answer(tokens());
    const { accessToken: _none, ...without } = before;
    const outcome = await grants().exchange(metadata(), without, orders);
    expect(outcome).toEqual({ kind: 'failed', failure: 'refused' });
    expect(sent).toEqual([]);
  });

  it.each([
    ['an answer without a token', {}, 200],
    ['an error', { error: 'invalid_target' }, 400],
    ['an outage', {}, 503],
  ])('fails with %s, and says so', async (_what, body, status) => {
    answer(body, { status });
    const outcome = await grants().exchange(metadata(), before, orders);
    expect(outcome.kind).toBe('failed');
    expect(reports()).toHaveLength(1);
  });
});
