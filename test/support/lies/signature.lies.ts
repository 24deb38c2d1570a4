import { signWithSecret } from '../emulators/provider-key.js';
import { LOGOUT_EVENT } from '../logout-tokens.js';
import { hmacToken, type SigningKey, type TokenClaims } from '../signing-key.js';
import type { TellToken, TokenLie, TokenTruth } from './lie.types.js';
import {
  byStranger,
  encryptedTo,
  flipped,
  headed,
  saying,
  signedAs,
  unprotected,
} from './token-forgery.js';

const partsOf = (token: string): readonly [string, string, string] => {
  const [header = '', claims = '', signature = ''] = token.split('.');
  return [header, claims, signature];
};
const encoded = (claims: TokenClaims): string =>
  Buffer.from(JSON.stringify(claims)).toString('base64url');
const rsaOf = ({ published }: TokenTruth): SigningKey =>
  published.find(({ publicJwk }) => publicJwk.kty === 'RSA') ?? raise('no RSA key');
const ecOf = ({ published }: TokenTruth): SigningKey =>
  published.find(({ publicJwk }) => publicJwk.kty === 'EC') ?? raise('no EC key');
/** Where a key is looked up by its name alone, the name leads to one that the liar knows. */
const naming =
  (kid: string): TellToken =>
  ({ claims, header, stranger }) =>
    String(header['alg']).startsWith('HS')
      ? hmacToken(claims, '', kid)
      : stranger.sign(claims, { kid });

const BROKEN: readonly TokenLie[] = [
  {
    rows: ['A-09', 'C-18', 'D-03', 'D-05', 'E-18', 'E-42', 'ATK-34'],
    lie: 'no signature (`alg: none`)',
    tell: ({ claims }) => unprotected({ alg: 'none' }, claims),
  },
  {
    rows: ['A-09', 'E-18'],
    lie: '`alg: none` in other letters',
    tell: ({ claims }) => unprotected({ alg: 'nOnE' }, claims),
  },
  {
    rows: ['A-09', 'E-18'],
    lie: '`alg: none` over the old signature',
    tell: ({ claims, token }) => unprotected({ alg: 'none' }, claims, partsOf(token)[2]),
  },
  {
    rows: ['A-09', 'E-18'],
    lie: 'no `alg` at all',
    tell: ({ claims, token }) => unprotected({ typ: 'JWT' }, claims, partsOf(token)[2]),
  },
  {
    rows: ['A-10', 'A-33', 'D-01', 'D-02', 'E-17', 'F-06'],
    lie: 'a broken signature',
    tell: ({ token }) => flipped(token),
  },
  {
    rows: ['A-10', 'E-17', 'E-42'],
    lie: 'nothing behind the second dot',
    tell: ({ token }) => `${partsOf(token).slice(0, 2).join('.')}.`,
  },
  {
    rows: ['A-10', 'E-17', 'F-06'],
    lie: 'other claims under the old signature',
    tell: ({ token, claims }) => {
      const [header, , signature] = partsOf(token);
      return [header, encoded({ ...claims, sub: 'mallory' }), signature].join('.');
    },
  },
  {
    rows: ['A-10', 'F-06'],
    lie: "a stranger's signature under a known `kid`",
    tell: byStranger(({ header }) => ({ kid: header['kid'], alg: header['alg'] })),
    only: 'published',
  },
  {
    rows: ['A-33', 'D-03'],
    lie: 'a MAC by another secret',
    tell: ({ claims }) => hmacToken(claims, 'another secret'),
    only: 'secret',
  },
  {
    rows: ['A-33'],
    lie: 'a MAC by no secret at all',
    tell: ({ claims }) => hmacToken(claims, ''),
    only: 'secret',
  },
];

const ALGORITHMS: readonly TokenLie[] = [
  {
    rows: ['A-33', 'D-03', 'E-18', 'F-08', 'ATK-34'],
    lie: 'HS256 by the public key as the secret',
    tell: (truth) => {
      const { publicKey, kid } = rsaOf(truth);
      const pem = publicKey.export({ format: 'pem', type: 'spki' }).toString();
      return hmacToken(truth.claims, pem, kid);
    },
    only: 'published',
  },
  {
    rows: ['A-33', 'D-03', 'E-18', 'F-08'],
    lie: 'HS256 by the client secret, where RS256 is configured',
    tell: ({ claims, clientSecret }) => hmacToken(claims, clientSecret),
    only: 'published',
  },
  {
    rows: ['D-04', 'E-18', 'F-07'],
    lie: 'RS512 by the right key, where RS256 is configured',
    tell: (truth) => signedAs('RS512', rsaOf(truth), truth.claims),
    only: 'published',
  },
  {
    rows: ['C-19', 'E-18', 'F-07'],
    lie: 'PS256 by the right key, where RS256 is configured',
    tell: (truth) => signedAs('PS256', rsaOf(truth), truth.claims),
    only: 'published',
  },
  {
    rows: ['C-19', 'E-18', 'F-07'],
    lie: 'ES256 by another key that is published, where RS256 is configured',
    tell: (truth) => ecOf(truth).sign(truth.claims),
    only: 'published',
  },
  {
    rows: ['C-19', 'E-18', 'F-07', 'F-08'],
    lie: 'RS256 by a real key of the provider, where HS256 is configured',
    tell: (truth) => (truth.published[0] ?? truth.stranger).sign(truth.claims),
    only: 'secret',
  },
  {
    rows: ['E-18', 'F-07'],
    lie: 'HS512 by the client secret, where HS256 is configured',
    tell: ({ claims, clientSecret }) => signWithSecret('HS512', clientSecret, claims),
    only: 'secret',
  },
];

const HEADERS: readonly TokenLie[] = [
  {
    rows: ['A-10', 'ATK-34'],
    lie: 'an unknown `kid`',
    tell: byStranger(() => ({ kid: 'nobody' })),
    only: 'published',
  },
  {
    rows: ['E-19'],
    lie: 'a path for a `kid`',
    tell: naming('../../../../dev/null'),
  },
  { rows: ['E-19'], lie: 'SQL for a `kid`', tell: naming("' UNION SELECT '' --") },
  {
    rows: ['E-19'],
    lie: 'a key of its own in the header (`jwk`)',
    tell: byStranger(({ stranger }) => ({ kid: undefined, jwk: stranger.publicJwk })),
  },
  {
    rows: ['E-19'],
    lie: 'the address of a key set in the header (`jku`)',
    tell: byStranger(({ strangerUrl }) => ({ jku: strangerUrl })),
  },
  {
    rows: ['E-19'],
    lie: 'the address of a certificate in the header (`x5u`)',
    tell: byStranger(({ strangerUrl }) => ({ x5u: strangerUrl })),
  },
  {
    rows: ['E-19'],
    lie: 'a key in the header as `x5c`',
    tell: byStranger(({ stranger }) => ({
      x5c: [stranger.publicKey.export({ format: 'der', type: 'spki' }).toString('base64')],
    })),
  },
  {
    rows: ['E-18'],
    lie: 'a critical header that nobody knows',
    tell: headed({ crit: ['x'], x: 1 }),
  },
];

const KINDS: readonly TokenLie[] = [
  {
    rows: ['E-21'],
    lie: 'a logout token',
    tell: ({ claims, sign }) => {
      const { nonce: _nonce, ...rest } = claims;
      const events = { [LOGOUT_EVENT]: {} };
      return sign({ ...rest, jti: 'a-logout', events }, { typ: 'logout+jwt' });
    },
  },
  {
    rows: ['E-21'],
    lie: 'a logout token that has our nonce and says nothing of its type',
    tell: saying({ jti: 'a-logout', events: { [LOGOUT_EVENT]: {} } }),
  },
  {
    rows: ['E-21'],
    lie: 'a JWT access token (RFC 9068)',
    tell: ({ claims, sign, clientId }) => {
      const { iss, sub, exp, iat } = claims;
      const api = { aud: 'urn:some:api', client_id: clientId, scope: 'openid', jti: 'an-access' };
      return sign({ iss, sub, exp, iat, ...api }, { typ: 'at+jwt' });
    },
  },
  {
    rows: ['E-21'],
    lie: 'a JWT access token with our audience and nonce',
    tell: headed({ typ: 'application/at+jwt' }),
  },
  {
    rows: ['E-21'],
    lie: 'the access token of the same answer',
    tell: ({ accessToken }) => accessToken,
  },
  {
    rows: ['F-01'],
    lie: 'encrypted, although no key was agreed on',
    tell: ({ token, stranger }) =>
      encryptedTo(stranger.publicJwk as object, token, { alg: 'RSA-OAEP', enc: 'A256GCM' }),
  },
  { rows: ['D-07', 'F-14'], lie: 'no ID token', tell: () => undefined },
  { rows: ['D-07', 'F-14'], lie: 'an empty ID token', tell: () => '' },
  { rows: ['D-07', 'F-14'], lie: 'an ID token that is no JWT', tell: () => 'not.a.jwt' },
];

/** What is wrong with signature, algorithm, header or the kind of an ID token (RFC 8725 §2). */
export const SIGNATURE_LIES: readonly TokenLie[] = [...BROKEN, ...ALGORITHMS, ...HEADERS, ...KINDS];

function raise(message: string): never {
  throw new Error(message);
}
