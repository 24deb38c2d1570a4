import { createSecretKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { jwtVerify, type JWTVerifyResult } from 'jose';
import type { ClientMetadata, ServerMetadata } from 'openid-client';
import { providerConfig } from '../../test/support/provider-config.js';
import { FixedClock } from '../../test/support/fixed-clock.js';
import type { ClientCredentials, PrivateJwk } from '../config/provider-config.types.js';
import { clientAuthentication } from './client-auth.js';

const server: ServerMetadata = {
  issuer: 'https://login.example',
  token_endpoint: 'https://login.example/token',
};
const NOW_S = Date.UTC(2026, 0, 1) / 1000;
const SECRET = 'a secret with : + % ~';

interface Given extends Partial<ClientCredentials> {
  readonly clientId?: string;
}

async function authenticate({ clientId = 'app', ...given }: Given) {
  const { credentials } = providerConfig();
  const client: ClientMetadata = { client_id: clientId };
  const body = new URLSearchParams();
  const headers = new Headers();
  const prove = clientAuthentication({ ...credentials, ...given }, new FixedClock());
  await Promise.resolve<unknown>(prove(server, client, body, headers));
  return { authorization: headers.get('authorization'), body: Object.fromEntries(body) };
}

async function basic(clientId: string, secret: string, more: Given = {}): Promise<string> {
  const { authorization } = await authenticate({
    method: 'client_secret_basic',
    clientId,
    secret,
    ...more,
  });
  return Buffer.from((authorization ?? '').replace(/^Basic /, ''), 'base64').toString('utf8');
}

describe('client_secret_basic', () => {
  it.each([
    ['*', '*'],
    ['-', '-'],
    ['.', '.'],
    ['_', '_'],
    [':', '%3A'],
    ['+', '%2B'],
    ['%', '%25'],
    [' ', '+'],
    ['ö', '%C3%B6'],
    ['~', '%7E'],
    ['&=', '%26%3D'],
    ['!', '%21'],
    ['aZ09', 'aZ09'],
    ['', ''],
  ])('form-urlencodes %p to %p in both parts (RFC 6749 §2.3.1, D-43)', async (value, encoded) => {
    await expect(basic(`id${value}`, value)).resolves.toBe(`id${encoded}:${encoded}`);
  });

  it('keeps id and secret apart when both contain a colon', async () => {
    await expect(basic('a:b', 'c:d')).resolves.toBe('a%3Ab:c%3Ad');
  });

  it('leaves both parts as they are for a provider that does not decode them (D-43)', async () => {
    await expect(basic('a+b', 'c%:~', { basicEncoding: 'raw' })).resolves.toBe('a+b:c%:~');
  });

  it('puts nothing into the body', async () => {
    const { authorization, body } = await authenticate({ method: 'client_secret_basic' });
    expect(authorization).toMatch(/^Basic [A-Za-z0-9+/]+=*$/);
    expect(body).toEqual({});
  });
});

describe('client_secret_post', () => {
  it('puts id and secret into the body and nothing into a header', async () => {
    const sent = await authenticate({ method: 'client_secret_post', secret: 'a:+ö' });
    expect(sent).toEqual({
      authorization: null,
      body: { client_id: 'app', client_secret: 'a:+ö' },
    });
  });
});

describe('none', () => {
  it('names the client and sends no secret', async () => {
    await expect(authenticate({ method: 'none' })).resolves.toEqual({
      authorization: null,
      body: { client_id: 'app' },
    });
  });
});

describe('tls_client_auth', () => {
  it('names the client; the certificate of the connection is the proof (RFC 8705 §2.1)', async () => {
    await expect(authenticate({ method: 'tls_client_auth' })).resolves.toEqual({
      authorization: null,
      body: { client_id: 'app' },
    });
  });
});

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const p521 = generateKeyPairSync('ec', { namedCurve: 'P-521' });
const ed = generateKeyPairSync('ed25519');
type KeyPair = typeof rsa;

/** What an assertion says to one who has the key. */
async function read(assertion: string, key: KeyObject): Promise<JWTVerifyResult> {
  return jwtVerify(assertion, key, { currentDate: new Date(NOW_S * 1000) });
}

async function assertionBy(
  key: Omit<PrivateJwk, 'key'> & { readonly pair?: KeyPair },
  more: Given = {},
): Promise<JWTVerifyResult> {
  const { pair = rsa, ...names } = key;
  const keys = [{ key: pair.privateKey, ...names }];
  const { body } = await authenticate({ method: 'private_key_jwt', keys, ...more });
  return read(body['client_assertion'] ?? '', pair.publicKey);
}

describe('private_key_jwt', () => {
  it('sends an assertion about the client, and nothing else (RFC 7523 §2.2) (C-21)', async () => {
    const { authorization, body } = await authenticate({
      method: 'private_key_jwt',
      keys: [{ key: rsa.privateKey }],
      secret: 'unused',
    });
    expect(authorization).toBeNull();
    expect(body).toEqual({
      client_id: 'app',
      client_assertion: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    });
  });

  it('is about the client, for the issuer, and lives a minute by our clock (H-32, C-21, D-45)', async () => {
    const { payload } = await assertionBy({});
    expect(payload).toEqual({
      iss: 'app',
      sub: 'app',
      aud: 'https://login.example',
      jti: expect.any(String),
      iat: NOW_S,
      exp: NOW_S + 60,
    });
  });

  it('has an id of its own each time (H-32, C-21, D-45)', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => assertionBy({})));
    expect(new Set(all.map(({ payload }) => payload.jti)).size).toBe(20);
  });

  it('is meant for the token endpoint where the provider wants that', async () => {
    const { payload } = await assertionBy({}, { assertionAudience: 'token_endpoint' });
    expect(payload.aud).toBe('https://login.example/token');
  });

  it('names its key where the key has a name (D-45)', async () => {
    const named = await assertionBy({ kid: 'key-7' });
    expect(named.protectedHeader).toEqual({ alg: 'RS256', kid: 'key-7' });
    const nameless = await assertionBy({});
    expect(nameless.protectedHeader).toEqual({ alg: 'RS256' });
  });

  it('is signed by the first key', async () => {
    const keys = [
      { key: ed.privateKey, kid: 'new' },
      { key: rsa.privateKey, kid: 'old' },
    ];
    const { body } = await authenticate({ method: 'private_key_jwt', keys });
    const { protectedHeader } = await read(body['client_assertion'] ?? '', ed.publicKey);
    expect(protectedHeader.kid).toBe('new');
  });

  it.each<[string, string, KeyPair]>([
    ['RS256', 'RSA', rsa],
    ['ES256', 'P-256', p256],
    ['ES384', 'P-384', p384],
    ['ES512', 'P-521', p521],
    ['EdDSA', 'Ed25519', ed],
  ])('is %s with a key of %s', async (alg, _kind, pair) => {
    const { protectedHeader } = await assertionBy({ pair });
    expect(protectedHeader.alg).toBe(alg);
  });

  it("takes the key's own algorithm, and the configured one before it", async () => {
    const own = await assertionBy({ alg: 'PS384' });
    expect(own.protectedHeader.alg).toBe('PS384');
    const configured = await assertionBy({ alg: 'PS384' }, { assertionAlg: 'PS256' });
    expect(configured.protectedHeader.alg).toBe('PS256');
  });

  it('without a key is a fault of ours, told before anything is sent', () => {
    const given = { ...providerConfig().credentials, method: 'private_key_jwt' as const };
    expect(() => clientAuthentication(given, new FixedClock())).toThrow(RangeError);
  });
});

describe('client_secret_jwt', () => {
  async function assertion(more: Given = {}): Promise<JWTVerifyResult> {
    const { authorization, body } = await authenticate({
      method: 'client_secret_jwt',
      secret: SECRET,
      ...more,
    });
    expect([authorization, body['client_secret'], body['client_id']]).toEqual([
      null,
      undefined,
      'app',
    ]);
    return read(body['client_assertion'] ?? '', createSecretKey(SECRET, 'utf8'));
  }

  it('is a MAC by the bytes of the secret, and does not send it (OIDC Core §9)', async () => {
    const { protectedHeader, payload } = await assertion();
    expect(protectedHeader).toEqual({ alg: 'HS256' });
    expect(payload).toMatchObject({
      iss: 'app',
      sub: 'app',
      aud: 'https://login.example',
      iat: NOW_S,
      exp: NOW_S + 60,
    });
  });

  it('may be made with a longer hash', async () => {
    expect((await assertion({ assertionAlg: 'HS512' })).protectedHeader.alg).toBe('HS512');
  });

  it('is not believed with another secret', async () => {
    const { body } = await authenticate({ method: 'client_secret_jwt', secret: 'another' });
    await expect(
      read(body['client_assertion'] ?? '', createSecretKey(SECRET, 'utf8')),
    ).rejects.toMatchObject({ code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' });
  });
});
