import { createLocalJWKSet } from 'jose';
import {
  hmacToken,
  newSigningKey,
  publicKeys,
  unsignedToken,
} from '../../test/support/signing-key.js';
import { claimedParties, verifyLogoutToken } from './logout-token.js';

const NOW_S = 1_800_000_000;
const ISSUER = 'https://login.example';
const CLIENT = 'app';
const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const key = newSigningKey('key-1');
const stranger = newSigningKey('key-1');
const keys = createLocalJWKSet(publicKeys([key]) as Parameters<typeof createLocalJWKSet>[0]);

const claims = {
  iss: ISSUER,
  aud: CLIENT,
  iat: NOW_S - 5,
  exp: NOW_S + 120,
  jti: 'jti-1',
  sub: 'user-1',
  sid: 'sid-1',
  events: { [EVENT]: {} },
};

const verify = (token: string) =>
  verifyLogoutToken(token, keys, {
    issuer: ISSUER,
    issuers: [ISSUER],
    clientId: CLIENT,
    algorithm: 'RS256',
    now: NOW_S * 1000,
  });

/** What becomes of the claims with some changed (undefined takes one away): the order, or why it was refused. */
async function judged(change: object, header: object = {}): Promise<unknown> {
  const token = key.sign({ ...claims, ...change }, { typ: 'logout+jwt', ...header });
  return verify(token).catch(
    (error: { code: string; detail?: string; claim?: string }) =>
      error.detail ?? `${error.code} ${error.claim ?? ''}`.trim(),
  );
}

const ORDER = { issuer: ISSUER, subject: 'user-1', providerSessionId: 'sid-1', tokenId: 'jti-1' };

describe('a valid logout token', () => {
  it('tells whose sessions end', async () => {
    await expect(judged({})).resolves.toEqual(ORDER);
  });

  it.each<[string, object, object]>([
    ['only the subject', { sid: undefined }, { ...ORDER, providerSessionId: undefined }],
    ['only the session', { sub: undefined }, { ...ORDER, subject: undefined }],
    ['null for the session', { sid: null }, { ...ORDER, providerSessionId: undefined }],
  ])('may name %s', async (_name, change, order) => {
    const got = await judged(change);
    expect(got).toEqual(order);
    expect(Object.values(got as object)).not.toContain(undefined);
  });

  it.each<[string, object]>([
    ['claims that nobody knows', { trace: 'x', nested: { a: 1 } }],
    ['other events besides', { events: { [EVENT]: {}, 'urn:other': {} } }],
    ['members in the event', { events: { [EVENT]: { reason: 'x' } } }],
    ['several audiences, ours among them', { aud: ['other', CLIENT] }],
    ['no expiry, when it is young', { exp: undefined, iat: NOW_S - 140 }],
    ['an old date, when the expiry is to come', { iat: NOW_S - 2_900 }],
    ['an expiry within the tolerance of clocks', { exp: NOW_S - 29 }],
    ['a date within the tolerance of clocks', { iat: NOW_S + 29 }],
    ['a very long session id', { sid: 'x'.repeat(2_048) }],
  ])('may have %s', async (_name, change) => {
    await expect(judged(change)).resolves.toMatchObject({ tokenId: 'jti-1' });
  });

  it.each([[undefined], ['logout+jwt'], ['application/logout+jwt'], ['LOGOUT+JWT'], ['JWT']])(
    'may be of type %s (F-42)',
    async (typ) => {
      await expect(judged({}, { typ })).resolves.toEqual(ORDER);
    },
  );
});

describe('a logout token is refused (D-52)', () => {
  const issuer = 'ERR_JWT_CLAIM_VALIDATION_FAILED iss';
  const audience = 'ERR_JWT_CLAIM_VALIDATION_FAILED aud';

  it.each<[string, object, string]>([
    ['of another issuer (B-08, F-30)', { iss: 'https://evil.example' }, issuer],
    ['of an issuer with a slash more', { iss: `${ISSUER}/` }, issuer],
    ['without issuer (F-30)', { iss: undefined }, issuer],
    ['for another client (F-30)', { aud: 'other' }, audience],
    ['for our id with a suffix (B-07)', { aud: `${CLIENT}-suffix` }, audience],
    ['for a list without us', { aud: ['other', `${CLIENT}2`] }, audience],
    ['for nobody (F-30)', { aud: undefined }, audience],
    ['without a date (F-30)', { iat: undefined }, 'ERR_JWT_CLAIM_VALIDATION_FAILED iat'],
    ['with a date that is none', { iat: 'now' }, 'ERR_JWT_CLAIM_VALIDATION_FAILED iat'],
    ['with a date to come (F-30)', { iat: NOW_S + 31 }, 'logout token: iat (clock?)'],
    [
      'that is old and has no expiry (F-30)',
      { exp: undefined, iat: NOW_S - 151 },
      'logout token: iat (clock?)',
    ],
    [
      'that is older than our memory of replays',
      { iat: NOW_S - 3_001 },
      'logout token: iat (clock?)',
    ],
    ['that has expired (F-30)', { exp: NOW_S - 31 }, 'ERR_JWT_EXPIRED exp'],
    ['with an expiry that is none (F-30)', { exp: 'soon' }, 'ERR_JWT_CLAIM_VALIDATION_FAILED exp'],
    ['before its time', { nbf: NOW_S + 60 }, 'ERR_JWT_CLAIM_VALIDATION_FAILED nbf'],
    ['without events (B-04)', { events: undefined }, 'logout token: events'],
    ['with events that are null', { events: null }, 'logout token: events'],
    ['with events as a text', { events: EVENT }, 'logout token: events'],
    ['with events as a list', { events: [EVENT] }, 'logout token: events'],
    ['with another event (B-05)', { events: { 'urn:other': {} } }, 'logout token: events'],
    ['with an event that is a text (F-32)', { events: { [EVENT]: 'x' } }, 'logout token: events'],
    ['with an event that is null', { events: { [EVENT]: null } }, 'logout token: events'],
    ['with an event that is a list', { events: { [EVENT]: [] } }, 'logout token: events'],
    ['with a nonce (B-06, F-33)', { nonce: 'n' }, 'logout token: nonce'],
    ['with an empty nonce (F-33)', { nonce: '' }, 'logout token: nonce'],
    ['with a nonce that is null (F-33)', { nonce: null }, 'logout token: nonce'],
    [
      'without subject and session (F-31)',
      { sub: undefined, sid: undefined },
      'logout token: neither sub nor sid',
    ],
    ['with an empty subject', { sub: '' }, 'logout token: sub'],
    ['with a subject that is a number', { sub: 7 }, 'logout token: sub'],
    ['with a subject that is too long', { sub: 'x'.repeat(256) }, 'logout token: sub'],
    ['with an empty session', { sid: '' }, 'logout token: sid'],
    ['with a session that is an object', { sid: {} }, 'logout token: sid'],
    ['with a session that is too long', { sid: 'x'.repeat(2_049) }, 'logout token: sid'],
    ['without an id', { jti: undefined }, 'ERR_JWT_CLAIM_VALIDATION_FAILED jti'],
    ['with an empty id', { jti: '' }, 'logout token: jti'],
    ['with an id that is null', { jti: null }, 'logout token: jti'],
  ])('%s', async (_name, change, reason) => {
    await expect(judged(change)).resolves.toBe(reason);
  });

  it.each([['at+jwt'], ['application/at+jwt'], ['identity+jwt'], ['secevent+jwt'], ['']])(
    'of type "%s" (RFC 8725 §3.11) (D-52, E-34)',
    async (typ) => {
      await expect(judged({}, { typ })).resolves.toBe('logout token: typ');
    },
  );

  it.each<[string, string, string]>([
    ['unsigned (B-02, F-29)', unsignedToken(claims), 'ERR_JOSE_ALG_NOT_ALLOWED'],
    [
      'signed with our public key as a secret (RFC 8725 §2.1, F-29)',
      hmacToken(claims, key.publicKey.export({ format: 'pem', type: 'spki' }).toString(), 'key-1'),
      'ERR_JOSE_ALG_NOT_ALLOWED',
    ],
    [
      'that says another algorithm (B-03, F-29)',
      key.sign(claims, { alg: 'ES256' }),
      'ERR_JOSE_ALG_NOT_ALLOWED',
    ],
    [
      'that says PS256 although RS256 is registered',
      key.sign(claims, { alg: 'PS256' }),
      'ERR_JOSE_ALG_NOT_ALLOWED',
    ],
    [
      'signed by somebody else (F-29)',
      stranger.sign(claims),
      'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
    ],
    [
      'signed with a key that the provider does not have',
      key.sign(claims, { kid: 'key-2' }),
      'ERR_JWKS_NO_MATCHING_KEY',
    ],
    ['that is no token', 'a.b', 'ERR_JWS_INVALID'],
  ])('%s', async (_name, token, code) => {
    await expect(verify(token)).rejects.toMatchObject({ code });
  });

  it('when it is an ID token', async () => {
    const { events: _events, jti: _jti, ...idToken } = claims;
    await expect(verify(key.sign({ ...idToken, jti: 'x', acr: '0' }))).rejects.toMatchObject({
      detail: 'logout token: events',
    });
    await expect(verify(key.sign({ ...idToken, nonce: 'n' }))).rejects.toMatchObject({
      claim: 'jti',
    });
  });
});

describe('the parties that a token claims', () => {
  it('are told without any verification', () => {
    expect(claimedParties(stranger.sign(claims))).toEqual({ issuer: ISSUER, audience: [CLIENT] });
    expect(claimedParties(unsignedToken({ iss: 7, aud: ['a', 'b'] }))).toEqual({
      issuer: 7,
      audience: ['a', 'b'],
    });
  });

  it.each([[''], ['x'], ['a.b.c'], ['..'], ['e30.W10.']])('are nobody for "%s"', (text) => {
    expect(claimedParties(text)).toBeUndefined();
  });
});
