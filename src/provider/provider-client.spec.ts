import { generateKeyPairSync } from 'node:crypto';
import { CompactEncrypt } from 'jose';
import { FixedClock } from '../../test/support/fixed-clock.js';
import { JsonServer } from '../../test/support/json-server.js';
import { newTransaction } from '../../test/support/login-fixtures.js';
import { providerAt } from '../../test/support/provider-config.js';
import { RecordedEvents } from '../../test/support/recorded-events.js';
import { newSigningKey, publicKeys, unsignedToken } from '../../test/support/signing-key.js';
import type { ProviderConfig } from '../config/provider-config.types.js';
import type { Identity } from '../domain/identity.js';
import type { TokenSet } from '../domain/token-set.js';
import { ProviderClient } from './provider-client.js';
import { providerParts } from './provider-parts.js';

const key = newSigningKey('a');
const stranger = newSigningKey('a');
const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';
let server: JsonServer;
let revoked: string[];

beforeAll(async () => {
  server = await JsonServer.start();
});
afterAll(() => server.stop());
beforeEach(() => {
  revoked = [];
});

const tokens: TokenSet = {
  accessToken: 'access-1',
  refreshToken: 'refresh-1',
  tokenType: 'Bearer',
  obtainedAt: 0,
};
const identity = (): Identity => ({
  provider: 'generic',
  issuer: server.origin,
  subject: 'user-1',
  claims: {},
});

function client(more: Partial<ProviderConfig> = {}): ProviderClient {
  const clock = new FixedClock(Date.now());
  const config = providerAt(server.origin, { timeoutMs: 1_000, ...more });
  const log = new RecordedEvents();
  return new ProviderClient(config, providerParts(config, clock, log), clock, log);
}

/** A provider whose token endpoint answers with `answer`. */
function provide(answer: object): void {
  const { origin } = server;
  const answers: Readonly<Record<string, object>> = {
    '/.well-known/openid-configuration': {
      issuer: origin,
      token_endpoint: `${origin}/token`,
      jwks_uri: `${origin}/jwks`,
      revocation_endpoint: `${origin}/revoke`,
    },
    '/jwks': publicKeys([key]),
    '/token': {
      token_type: 'Bearer',
      access_token: 'access-2',
      refresh_token: 'refresh-2',
      ...answer,
    },
    '/revoke': {},
  };
  server.answerWith((req, res) => {
    let body = '';
    req.on('data', (chunk: Buffer) => (body += chunk.toString()));
    req.on('end', () => {
      if (req.url === '/revoke') revoked.push(new URLSearchParams(body).get('token') ?? '');
      res.writeHead(200, { 'content-type': 'application/json' });
      res.end(JSON.stringify(answers[req.url ?? '']));
    });
  });
}

function idToken(claims: object = {}, signer = key): string {
  const now = Math.floor(Date.now() / 1000);
  return signer.sign({
    iss: server.origin,
    sub: 'user-1',
    aud: 'app',
    iat: now,
    exp: now + 300,
    ...claims,
  });
}

const keyFetches = (): number => server.asked.filter((call) => call === 'GET /jwks').length;

describe('the authorization request', () => {
  it.each<[string, Record<string, string>, string[]]>([
    ['once each', {}, ['urn:orders', 'urn:billing']],
    ['but not twice', { resource: 'urn:billing' }, ['urn:billing', 'urn:orders']],
    ['beside another', { resource: 'urn:own' }, ['urn:own', 'urn:orders', 'urn:billing']],
  ])('asks for every API (RFC 8707 §2), %s', async (_how, authorizationParams, asked) => {
    const byHand = { authorization_endpoint: `${server.origin}/auth` };
    const resources = ['urn:orders', 'urn:billing'];
    const url = await client({
      metadata: { byHand },
      authorizationParams,
      resources,
    }).authorizationUrl({ ...newTransaction(), parameters: {} });
    expect(new URL(url).searchParams.getAll('resource')).toEqual(asked);
  });
});

describe('refresh', () => {
  it('brings the new tokens', async () => {
    provide({ id_token: idToken() });
    await expect(client().refresh(tokens, identity())).resolves.toMatchObject({
      kind: 'refreshed',
      tokens: { accessToken: 'access-2', refreshToken: 'refresh-2' },
    });
    expect(revoked).toEqual([]);
  });

  it.each<[string, () => string]>([
    ['names another user', () => idToken({ sub: 'user-2' })],
    ['is signed by a stranger', () => idToken({}, stranger)],
    ['is of yesterday', () => idToken({ iat: Math.floor(Date.now() / 1000) - 86_400 })],
  ])('revokes tokens whose ID token %s', async (_what, token) => {
    provide({ id_token: token() });
    const before = { ...tokens, idToken: idToken() };
    await expect(client().refresh(before, identity())).resolves.toEqual({
      kind: 'failed',
      failure: 'invalid_grant',
    });
    expect(revoked).toEqual(['refresh-2']);
  });

  it('says that nothing was sent when the provider cannot be discovered', async () => {
    server.answerJson({}, 503);
    await expect(client().refresh(tokens, identity())).resolves.toEqual({
      kind: 'failed',
      failure: 'not_sent',
    });
  });

  it('asks nobody without a refresh token', async () => {
    server.asked.length = 0;
    const { refreshToken: _none, ...without } = tokens;
    await expect(client().refresh(without, identity())).resolves.toMatchObject({ kind: 'failed' });
    expect(server.asked).toEqual([]);
  });
});

describe('an encrypted ID token', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const encrypted = { decryptionKeys: [{ key: privateKey }] };
  const seal = (signed: string): Promise<string> =>
    new CompactEncrypt(Buffer.from(signed))
      .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM' })
      .encrypt(publicKey);
  const transaction = newTransaction();

  it('is kept as what was inside it: as a hint only that can be read (OIDC Core §3.1.2.1)', async () => {
    const signed = idToken({ nonce: transaction.nonce });
    provide({ id_token: await seal(signed) });
    const redeemed = await client(encrypted).redeem('the-code', transaction);
    expect(redeemed.tokens.idToken).toBe(signed);
  });

  it('is kept so after a refresh, too, whose nonce is compared with the one before', async () => {
    const before = { ...tokens, idToken: idToken({ nonce: 'n-1' }) };
    const signed = idToken({ nonce: 'n-1' });
    provide({ id_token: await seal(signed) });
    await expect(client(encrypted).refresh(before, identity())).resolves.toMatchObject({
      kind: 'refreshed',
      tokens: { idToken: signed },
    });
    provide({ id_token: await seal(idToken({ nonce: 'n-2' })) });
    await expect(client(encrypted).refresh(before, identity())).resolves.toEqual({
      kind: 'failed',
      failure: 'invalid_grant',
    });
  });

  it.each<[string, (signed: string) => Promise<string>, string]>([
    [
      'that is not encrypted (F-01)',
      (signed) => Promise.resolve(signed),
      'id token: not encrypted',
    ],
    [
      'that somebody else can read',
      () => Promise.resolve('a.b.c.d.e'),
      'id token: no key decrypts it',
    ],
  ])('is refused: one %s, and its tokens are revoked', async (_what, make, detail) => {
    provide({ id_token: await make(idToken({ nonce: transaction.nonce })) });
    await expect(client(encrypted).redeem('the-code', transaction)).rejects.toMatchObject({
      code: 'login_rejected',
      detail,
    });
    expect(revoked).toEqual(['refresh-2']);
  });

  it.each<[string, () => Promise<string>]>([
    ['nothing signed', () => seal(JSON.stringify({ sub: 'user-1' }))],
    ['what a stranger signed', () => seal(idToken({ nonce: transaction.nonce }, stranger))],
    ['what nobody signed', () => seal(unsignedToken({ sub: 'user-1' }))],
    ['another encrypted one', async () => seal(await seal(idToken({ nonce: transaction.nonce })))],
  ])('is refused with %s inside', async (_what, make) => {
    provide({ id_token: await make() });
    await expect(client(encrypted).redeem('the-code', transaction)).rejects.toMatchObject({
      code: 'login_rejected',
    });
    expect(revoked).toEqual(['refresh-2']);
  });

  it('is refused where nobody agreed on one', async () => {
    provide({ id_token: await seal(idToken({ nonce: transaction.nonce })) });
    await expect(client().redeem('the-code', transaction)).rejects.toMatchObject({
      detail: 'id token: no key decrypts it',
    });
  });
});

describe('redeeming a code', () => {
  it.each(['state', 'nonce', 'codeVerifier'] as const)(
    'asks nobody for tokens when the transaction has lost its %s (D-06)',
    async (lost) => {
      provide({ id_token: idToken() });
      server.asked.length = 0;
      const whole = newTransaction({ issuer: server.origin });
      await expect(client().redeem('the-code', { ...whole, [lost]: '' })).rejects.toMatchObject({
        code: 'login_rejected',
        detail: 'incomplete transaction',
      });
      expect(server.asked).not.toContain('POST /token');
      // Whole, the same transaction does reach the token endpoint.
      await expect(client().redeem('the-code', whole)).rejects.toMatchObject({
        code: 'login_rejected',
      });
      expect(server.asked).toContain('POST /token');
    },
  );
});

describe('a logout token', () => {
  const logoutToken = (claims: object = {}, signer = key): string =>
    idToken({ jti: 'jti-1', sid: 'sid-1', events: { [LOGOUT_EVENT]: {} }, ...claims }, signer);

  it('of this provider for this client tells whose sessions end', async () => {
    provide({});
    await expect(client().verifyLogoutToken(logoutToken())).resolves.toEqual({
      issuer: server.origin,
      subject: 'user-1',
      providerSessionId: 'sid-1',
      tokenId: 'jti-1',
    });
  });

  it.each<[string, () => string]>([
    ['for another client', () => logoutToken({ aud: 'app-2' })],
    ['of another issuer', () => logoutToken({ iss: 'https://evil.example' })],
    ['signed by a stranger', () => logoutToken({}, stranger)],
    ['without the event', () => logoutToken({ events: {} })],
    ['that is no token', () => 'x'],
  ])('%s is refused with our own error', async (_what, token) => {
    provide({});
    await expect(client().verifyLogoutToken(token())).rejects.toMatchObject({
      code: 'logout_token_rejected',
    });
  });

  it('is not judged while the provider cannot be reached: it may try again', async () => {
    server.answerJson({}, 503);
    await expect(client().verifyLogoutToken(logoutToken())).rejects.toMatchObject({
      code: 'provider_unreachable',
    });
  });

  it("of a provider that publishes no keys is our fault, not the sender's", async () => {
    server.answerJson({ issuer: server.origin });
    await expect(client().verifyLogoutToken(logoutToken())).rejects.toMatchObject({
      code: 'provider_misconfigured',
    });
  });

  it('with an unknown key does not keep a login from seeing a rotated one', async () => {
    provide({ id_token: idToken() });
    const one = client();
    const flood = logoutToken({}, newSigningKey('unknown'));
    await expect(one.verifyLogoutToken(flood)).rejects.toBeDefined();
    await expect(one.verifyLogoutToken(flood)).rejects.toBeDefined();
    await one.refresh(tokens, identity());
    const before = keyFetches();
    provide({ id_token: idToken({}, stranger) });
    await one.refresh(tokens, identity());
    expect(keyFetches()).toBe(before + 1);
  });
});
