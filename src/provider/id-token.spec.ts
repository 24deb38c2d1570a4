import { createHash, createSecretKey } from 'node:crypto';
import {
  createLocalJWKSet,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  SignJWT,
  type JWK,
  type JWTPayload,
} from 'jose';
import { hmacToken, unsignedToken } from '../../test/support/signing-key.js';
import { verifyIdToken, type IdTokenExpectation } from './id-token.js';

const NOW_S = 1_800_000_000;
const ISSUER = 'https://login.example';
const CLIENT = 'app';
const NONCE = 'n'.repeat(43);

const claims = {
  iss: ISSUER,
  sub: 'user-1',
  aud: CLIENT,
  iat: NOW_S - 5,
  exp: NOW_S + 300,
  nonce: NONCE,
};

const expected: IdTokenExpectation = {
  issuers: [ISSUER],
  clientId: CLIENT,
  algorithm: 'RS256',
  now: NOW_S * 1000,
  nonce: NONCE,
};

interface Signer {
  readonly jwk: JWK;
  readonly spki: string;
  sign(payload: object, header?: object): Promise<string>;
}

async function newSigner(alg: string, kid: string): Promise<Signer> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return {
    jwk: { ...(await exportJWK(publicKey)), kid, alg },
    spki: await exportSPKI(publicKey),
    sign: (payload, header = {}) =>
      new SignJWT(payload as JWTPayload)
        .setProtectedHeader({ alg, kid, ...header })
        .sign(privateKey),
  };
}

let rsa: Signer;
let stranger: Signer;
let ec: Signer;
let ed: Signer;
let keys: ReturnType<typeof createLocalJWKSet>;

beforeAll(async () => {
  [rsa, stranger, ec, ed] = await Promise.all([
    newSigner('RS256', 'rsa'),
    newSigner('RS256', 'rsa'),
    newSigner('ES256', 'ec'),
    newSigner('EdDSA', 'ed'),
  ]);
  keys = createLocalJWKSet({ keys: [rsa.jwk, ec.jwk, ed.jwk] });
});

const verify = (token: string, more: Partial<IdTokenExpectation> = {}) =>
  verifyIdToken(token, keys, { ...expected, ...more });

/** The claims with some changed; undefined takes one away. */
async function judged(change: object, more: Partial<IdTokenExpectation> = {}): Promise<string> {
  const token = await rsa.sign({ ...claims, ...change });
  return verify(token, more).then(
    () => 'accepted',
    (error: { code: string; detail?: string; claim?: string }) =>
      error.detail ?? `${error.code} ${error.claim ?? ''}`.trim(),
  );
}

describe('a good ID token', () => {
  it('gives its claims', async () => {
    const token = await rsa.sign({ ...claims, email: 'user@example.com' });
    await expect(verify(token)).resolves.toMatchObject({
      iss: ISSUER,
      sub: 'user-1',
      email: 'user@example.com',
    });
  });

  it.each([
    ['ES256', () => ec],
    ['EdDSA', () => ed],
  ])('may be signed with %s where the configuration says so', async (algorithm, signer) => {
    const token = await signer().sign(claims);
    await expect(verify(token, { algorithm })).resolves.toMatchObject({ sub: 'user-1' });
  });
});

describe('the signature', () => {
  it('must be there: alg none is refused', async () => {
    await expect(verify(unsignedToken(claims))).rejects.toMatchObject({
      code: 'ERR_JOSE_ALG_NOT_ALLOWED',
    });
  });

  it('cannot be made with the public key as an HMAC secret (RFC 8725 §2.1)', async () => {
    await expect(verify(hmacToken(claims, rsa.spki, 'rsa'))).rejects.toMatchObject({
      code: 'ERR_JOSE_ALG_NOT_ALLOWED',
    });
  });

  it('must have the configured algorithm, not another that a published key has', async () => {
    const token = await ec.sign(claims);
    await expect(verify(token)).rejects.toMatchObject({ code: 'ERR_JOSE_ALG_NOT_ALLOWED' });
  });

  it('must be by a published key', async () => {
    await expect(verify(await stranger.sign(claims))).rejects.toMatchObject({
      code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
    });
  });

  it('is not looked up in a key that the token brings along', async () => {
    const token = await stranger.sign(claims, { jwk: stranger.jwk });
    await expect(verify(token)).rejects.toMatchObject({
      code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
    });
  });

  it('covers the claims', async () => {
    const [header, , signature] = (await rsa.sign(claims)).split('.');
    const other = Buffer.from(JSON.stringify({ ...claims, sub: 'admin' })).toString('base64url');
    await expect(verify(`${header}.${other}.${signature}`)).rejects.toMatchObject({
      code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
    });
  });

  it('allows no header extension that we do not understand (RFC 7515 §4.1.11)', async () => {
    const token = await rsa.sign(claims);
    const [, payload, signature] = token.split('.');
    const header = Buffer.from(
      JSON.stringify({ alg: 'RS256', kid: 'rsa', crit: ['x'], x: 1 }),
    ).toString('base64url');
    await expect(verify(`${header}.${payload}.${signature}`)).rejects.toMatchObject({
      code: 'ERR_JOSE_NOT_SUPPORTED',
    });
  });
});

describe('the claims', () => {
  it.each<[string, object]>([
    ['iss', { iss: undefined }],
    ['sub', { sub: undefined }],
    ['aud', { aud: undefined }],
    ['exp', { exp: undefined }],
    ['iat', { iat: undefined }],
  ])('%s must be there', async (claim, change) => {
    expect(await judged(change)).toBe(`ERR_JWT_CLAIM_VALIDATION_FAILED ${claim}`);
  });

  it.each<[string, object, string]>([
    ['iss: another issuer', { iss: 'https://evil.example' }, 'ERR_JWT_CLAIM_VALIDATION_FAILED iss'],
    ['iss: with a slash', { iss: `${ISSUER}/` }, 'ERR_JWT_CLAIM_VALIDATION_FAILED iss'],
    ['aud: another client', { aud: 'other' }, 'ERR_JWT_CLAIM_VALIDATION_FAILED aud'],
    ['aud: others only', { aud: ['a', 'b'], azp: CLIENT }, 'ERR_JWT_CLAIM_VALIDATION_FAILED aud'],
    ['aud: us, without azp for one', { aud: [CLIENT] }, 'accepted'],
    ['aud: several without azp', { aud: [CLIENT, 'other'] }, 'id token: azp'],
    ['aud: several with our azp', { aud: ['other', CLIENT], azp: CLIENT }, 'accepted'],
    ['azp: another client', { aud: [CLIENT, 'other'], azp: 'other' }, 'id token: azp'],
    ['azp: another client for one audience', { azp: 'other' }, 'id token: azp'],
    ['exp: over, within tolerance', { exp: NOW_S - 29 }, 'accepted'],
    ['exp: over', { exp: NOW_S - 31 }, 'ERR_JWT_EXPIRED exp'],
    ['exp: a text', { exp: String(NOW_S + 300) }, 'ERR_JWT_CLAIM_VALIDATION_FAILED exp'],
    ['nbf: within tolerance', { nbf: NOW_S + 30 }, 'accepted'],
    ['nbf: not yet', { nbf: NOW_S + 31 }, 'ERR_JWT_CLAIM_VALIDATION_FAILED nbf'],
    ['iat: ahead, within tolerance', { iat: NOW_S + 30 }, 'accepted'],
    ['iat: ahead', { iat: NOW_S + 31 }, 'id token: iat (clock?)'],
    ['iat: ten minutes old', { iat: NOW_S - 600 }, 'accepted'],
    ['iat: older', { iat: NOW_S - 601 }, 'id token: iat (clock?)'],
    ['iat: a text', { iat: String(NOW_S) }, 'ERR_JWT_CLAIM_VALIDATION_FAILED iat'],
    ['sub: empty', { sub: '' }, 'id token: sub'],
    ['sub: null', { sub: null }, 'id token: sub'],
    ['sub: a number', { sub: 1 }, 'id token: sub'],
    ['sub: 255 characters', { sub: 'x'.repeat(255) }, 'accepted'],
    ['sub: 256 characters', { sub: 'x'.repeat(256) }, 'id token: sub'],
    ['nonce: another', { nonce: 'm'.repeat(43) }, 'id token: nonce'],
    ['nonce: a prefix', { nonce: NONCE.slice(0, -1) }, 'id token: nonce'],
    ['nonce: none', { nonce: undefined }, 'id token: nonce'],
    ['nonce: a list', { nonce: [NONCE] }, 'id token: nonce'],
  ])('%s', async (_what, change, verdict) => {
    expect(await judged(change)).toBe(verdict);
  });

  it('need no nonce in a refreshed token (OIDC Core §12.2)', async () => {
    const token = await rsa.sign({ ...claims, nonce: undefined });
    const { nonce: _nonce, ...refreshed } = expected;
    await expect(verifyIdToken(token, keys, refreshed)).resolves.toMatchObject({ sub: 'user-1' });
  });
});

describe('another kind of token of the same provider (RFC 8725 §3.11)', () => {
  const EVENT = 'http://schemas.openid.net/event/backchannel-logout';

  it.each(['logout+jwt', 'LOGOUT+JWT', 'application/logout+jwt', 'at+jwt', 'application/at+jwt'])(
    'is no ID token: one of type %s',
    async (typ) => {
      await expect(verify(await rsa.sign(claims, { typ }))).rejects.toMatchObject({
        code: 'login_rejected',
        detail: 'id token: kind',
      });
    },
  );

  it.each<[string, unknown]>([
    ['a logout', { [EVENT]: {} }],
    ['nothing', {}],
    ['null', null],
  ])('is no ID token: one whose events say %s', async (_what, events) => {
    expect(await judged({ events })).toBe('id token: kind');
  });

  it.each([[undefined], ['JWT'], ['jwt'], ['id_token+jwt'], ['application/jwt']])(
    'is not what a token of type %s is',
    async (typ) => {
      const token = await rsa.sign(claims, { typ });
      await expect(verify(token)).resolves.toMatchObject({ sub: 'user-1' });
    },
  );
});

describe('a nonce that the provider may leave out', () => {
  const optional = { nonceOptional: true };

  it.each<[string, object, string]>([
    ['left out', { nonce: undefined }, 'accepted'],
    ['null', { nonce: null }, 'accepted'],
    ['the right one', {}, 'accepted'],
    ['another', { nonce: 'm'.repeat(43) }, 'id token: nonce'],
    ['empty', { nonce: '' }, 'id token: nonce'],
    ['a number', { nonce: 0 }, 'id token: nonce'],
    ['false', { nonce: false }, 'id token: nonce'],
  ])('%s', async (_what, change, verdict) => {
    expect(await judged(change, optional)).toBe(verdict);
  });
});

describe('an issuer with several names', () => {
  const issuers = { issuers: [ISSUER, 'login.example'] };

  it.each<[string, string]>([
    [ISSUER, 'accepted'],
    ['login.example', 'accepted'],
    ['https://login.example/', 'ERR_JWT_CLAIM_VALIDATION_FAILED iss'],
    ['login.example.evil.example', 'ERR_JWT_CLAIM_VALIDATION_FAILED iss'],
    ['login', 'ERR_JWT_CLAIM_VALIDATION_FAILED iss'],
  ])('may call itself %s in its tokens: %s', async (iss, verdict) => {
    expect(await judged({ iss }, issuers)).toBe(verdict);
  });
});

describe('a MAC by the client secret', () => {
  const secret = 'a-client-secret';
  const mac = (change: object = {}): string => hmacToken({ ...claims, ...change }, secret);
  const verifyMac = (token: string) =>
    verifyIdToken(token, () => createSecretKey(secret, 'utf8'), {
      ...expected,
      algorithm: 'HS256',
    });

  it('is believed where the configuration says so', async () => {
    await expect(verifyMac(mac())).resolves.toMatchObject({ sub: 'user-1' });
    await expect(verifyMac(mac({ aud: [CLIENT] }))).resolves.toMatchObject({ sub: 'user-1' });
  });

  it.each<[string, object]>([
    ['another audience and our azp (OIDC Core §3.1.3.7-8)', { aud: [CLIENT, 'x'], azp: CLIENT }],
    ['another audience', { aud: [CLIENT, 'x'] }],
    ['the azp of another', { azp: 'x' }],
  ])('is refused with %s', async (_what, change) => {
    await expect(verifyMac(mac(change))).rejects.toMatchObject({ detail: 'id token: azp' });
  });

  it('is refused with a signature by a key', async () => {
    await expect(verifyMac(await rsa.sign(claims))).rejects.toMatchObject({
      code: 'ERR_JOSE_ALG_NOT_ALLOWED',
    });
  });
});

describe('at_hash', () => {
  const half = (digest: string, bytes: number): string =>
    createHash(digest).update('access').digest().subarray(0, bytes).toString('base64url');

  it.each<[string, unknown, string]>([
    ['right', half('sha256', 16), 'accepted'],
    ['absent', undefined, 'accepted'],
    [
      'of another token',
      createHash('sha256').update('x').digest().subarray(0, 16).toString('base64url'),
      'id token: at_hash',
    ],
    ['the whole hash', half('sha256', 32), 'id token: at_hash'],
    ['empty', '', 'id token: at_hash'],
    ['null', null, 'id token: at_hash'],
  ])('%s', async (_what, atHash, verdict) => {
    expect(await judged({ at_hash: atHash }, { accessToken: 'access' })).toBe(verdict);
  });

  it('is made with the hash of the algorithm', async () => {
    const token = await ed.sign({ ...claims, at_hash: half('sha512', 32) });
    const more = { algorithm: 'EdDSA', accessToken: 'access' };
    await expect(verify(token, more)).resolves.toMatchObject({ sub: 'user-1' });
    await expect(verify(token, { ...more, accessToken: 'other' })).rejects.toMatchObject({
      detail: 'id token: at_hash',
    });
  });
});

describe('auth_time', () => {
  it.each<[string, object, number | undefined, string]>([
    ['young enough', { auth_time: NOW_S - 60 }, 60, 'accepted'],
    ['too old, within tolerance', { auth_time: NOW_S - 90 }, 60, 'accepted'],
    ['too old', { auth_time: NOW_S - 91 }, 60, 'id token: auth_time'],
    ['absent though asked for', {}, 60, 'id token: auth_time'],
    ['null though asked for', { auth_time: null }, 60, 'id token: auth_time'],
    ['max_age 0 and just now', { auth_time: NOW_S }, 0, 'accepted'],
    ['not asked for', {}, undefined, 'accepted'],
    ['null, not asked for', { auth_time: null }, undefined, 'accepted'],
    ['a text', { auth_time: String(NOW_S) }, undefined, 'id token: auth_time'],
    ['negative', { auth_time: -1 }, undefined, 'id token: auth_time'],
  ])('%s', async (_what, change, maxAge, verdict) => {
    expect(await judged(change, maxAge === undefined ? {} : { maxAge })).toBe(verdict);
  });
});

describe('acr', () => {
  it.each<[string, object, string | undefined, string]>([
    ['the one asked for', { acr: 'gold' }, 'gold', 'accepted'],
    ['one of those asked for', { acr: 'gold' }, 'silver gold', 'accepted'],
    ['another', { acr: 'bronze' }, 'silver gold', 'id token: acr'],
    ['part of one', { acr: 'gol' }, 'gold', 'id token: acr'],
    ['none though asked for', {}, 'gold', 'id token: acr'],
    ['not asked for', { acr: 'bronze' }, undefined, 'accepted'],
  ])('%s', async (_what, change, acrValues, verdict) => {
    expect(await judged(change, acrValues === undefined ? {} : { acrValues })).toBe(verdict);
  });
});
