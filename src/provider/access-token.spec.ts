import { createLocalJWKSet } from 'jose';
import {
  hmacToken,
  newSigningKey,
  publicKeys,
  unsignedToken,
} from '../../test/support/signing-key.js';
import { verifyAccessToken } from './access-token.js';

const NOW_S = 1_800_000_000;
const ISSUER = 'https://login.example';
const key = newSigningKey('key-1');
const stranger = newSigningKey('key-1');
const keys = createLocalJWKSet(publicKeys([key]) as Parameters<typeof createLocalJWKSet>[0]);

const claims = {
  iss: ISSUER,
  sub: 'user-1',
  aud: 'https://api.example',
  client_id: 'app',
  iat: NOW_S - 5,
  exp: NOW_S + 300,
};

const verify = (token: string) =>
  verifyAccessToken(token, keys, {
    issuers: [ISSUER, 'login.example'],
    clientId: 'app',
    algorithm: 'RS256',
    now: NOW_S * 1000,
  });

/** What becomes of the claims with some changed; undefined takes one away. */
function judged(change: object, header: object = {}): Promise<string> {
  return verify(key.sign({ ...claims, ...change }, { typ: 'at+jwt', ...header })).then(
    ({ sub }) => sub,
    (error: { code: string; detail?: string; claim?: string }) =>
      error.detail ?? `${error.code} ${error.claim ?? ''}`.trim(),
  );
}

describe('an access token that says who logged in', () => {
  it.each<[string, object]>([
    ['is meant for an API', {}],
    ['is meant for nobody', { aud: undefined }],
    ['does not name its client', { client_id: undefined }],
    ['calls the issuer as the configuration allows', { iss: 'login.example' }],
    ['expired within the tolerance of clocks', { exp: NOW_S - 29 }],
    ['was made within the tolerance of clocks', { iat: NOW_S + 29 }],
    ['does not say when it was made', { iat: undefined }],
    ['calls its client azp', { client_id: undefined, azp: 'app' }],
    ['is one by its class, too', { token_class: 'access_token' }],
  ])('is believed when it %s', async (_what, change) => {
    expect(await judged(change)).toBe('user-1');
  });

  it.each([[undefined], ['at+jwt'], ['application/at+jwt'], ['AT+JWT'], ['JWT']])(
    'may be of type %s (RFC 9068 §2.1)',
    async (typ) => {
      expect(await judged({}, { typ })).toBe('user-1');
    },
  );

  it.each([[undefined], ['JWT']])(
    'must name its client when it is of type %s, as no ID token does',
    async (typ) => {
      expect(await judged({ client_id: undefined }, { typ })).toBe('access token: typ');
      expect(await judged({ client_id: undefined, azp: 'app' }, { typ })).toBe('access token: typ');
    },
  );

  it.each<[string, object, string]>([
    ['of another client', { client_id: 'other' }, 'access token: client_id'],
    ['of another client, called azp', { azp: 'other' }, 'access token: client_id'],
    ['that is a logout token by its events', { events: {} }, 'access token: kind'],
    ['that is an ID token by its hash', { at_hash: 'x' }, 'access token: kind'],
    ['that is a hybrid ID token by its hash', { c_hash: 'x' }, 'access token: kind'],
    [
      'that is a refresh token by its class',
      { token_class: 'refresh_token' },
      'access token: kind',
    ],
    ['of a time to come', { iat: NOW_S + 31 }, 'access token: iat (clock?)'],
    ['of another issuer', { iss: `${ISSUER}/` }, 'ERR_JWT_CLAIM_VALIDATION_FAILED iss'],
    ['of no issuer', { iss: undefined }, 'ERR_JWT_CLAIM_VALIDATION_FAILED iss'],
    ['that expired', { exp: NOW_S - 31 }, 'ERR_JWT_EXPIRED exp'],
    ['that never expires', { exp: undefined }, 'ERR_JWT_CLAIM_VALIDATION_FAILED exp'],
    ['about nobody', { sub: undefined }, 'ERR_JWT_CLAIM_VALIDATION_FAILED sub'],
    ['about an empty subject', { sub: '' }, 'access token: sub'],
    ['about a number', { sub: 7 }, 'access token: sub'],
    ['about a subject of 256 characters', { sub: 'x'.repeat(256) }, 'access token: sub'],
  ])('is refused: one %s', async (_what, change, verdict) => {
    expect(await judged(change)).toBe(verdict);
  });

  it.each(['logout+jwt', 'application/logout+jwt', 'secevent+jwt', 'dpop+jwt'])(
    'is refused: a token of type %s',
    async (typ) => {
      expect(await judged({}, { typ })).toBe('access token: typ');
    },
  );

  it.each<[string, () => string]>([
    ['signed by a stranger', () => stranger.sign(claims)],
    ['not signed', () => unsignedToken(claims)],
    ['signed with the public key as a secret', () => hmacToken(claims, 'x'.repeat(32), 'key-1')],
    ['of another algorithm', () => key.sign(claims, { alg: 'PS256' })],
    ['that is opaque', () => 'opaque-access-token'],
    ['that is empty', () => ''],
  ])('is refused: one %s', async (_what, token) => {
    await expect(verify(token())).rejects.toMatchObject({
      code: expect.stringMatching(/^ERR_J(?:OSE|WS|WT)_/),
    });
  });
});
