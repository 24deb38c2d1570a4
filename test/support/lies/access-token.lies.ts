import { LOGOUT_EVENT } from '../logout-tokens.js';
import { hmacToken } from '../signing-key.js';
import type { TokenLie } from './lie.types.js';
import {
  byStranger,
  claiming,
  dated,
  flipped,
  headed,
  saying,
  unprotected,
  without,
} from './token-forgery.js';

const HOUR_S = 3_600;

/** Lies about an access token that says who logged in (RFC 9068 §4), where there is no ID token. */
export const ACCESS_TOKEN_LIES: readonly TokenLie[] = [
  {
    rows: ['A-02', 'C-17', 'F-02'],
    lie: 'another issuer',
    tell: saying({ iss: 'https://evil.example' }),
  },
  {
    rows: ['F-02'],
    lie: 'the issuer with a slash more',
    tell: claiming((claims) => ({ ...claims, iss: `${String(claims['iss'])}/` })),
  },
  { rows: ['C-16'], lie: 'no `iss`', tell: without('iss') },
  { rows: ['A-03'], lie: 'no `sub`', tell: without('sub') },
  { rows: ['A-03'], lie: 'a `sub` that is a number', tell: saying({ sub: 7 }) },
  { rows: ['F-15', 'D-18'], lie: 'an empty `sub`', tell: saying({ sub: '' }) },
  {
    rows: ['F-15', 'D-18'],
    lie: 'a `sub` of 300 characters',
    tell: saying({ sub: 's'.repeat(300) }),
  },
  {
    rows: ['E-33'],
    lie: 'a `client_id` that is another client',
    tell: saying({ client_id: 'another-client' }),
  },
  {
    rows: ['E-33', 'F-05'],
    lie: 'no `client_id`, and an `azp` that is another client',
    tell: claiming((claims) => ({ ...claims, client_id: undefined, azp: 'another-client' })),
  },
  { rows: ['C-16', 'F-09'], lie: 'no `exp`', tell: without('exp') },
  { rows: ['D-13', 'F-09', 'ATK-102'], lie: 'an `exp` of 35 seconds ago', tell: dated('exp', -35) },
  { rows: ['ATK-102'], lie: 'an `nbf` in an hour', tell: dated('nbf', HOUR_S) },
  { rows: ['D-14', 'F-10', 'ATK-102'], lie: 'an `iat` in an hour', tell: dated('iat', HOUR_S) },
  {
    rows: ['A-09', 'E-18'],
    lie: 'no signature (`alg: none`)',
    tell: ({ claims }) => unprotected({ alg: 'none' }, claims),
  },
  {
    rows: ['A-10', 'A-32', 'E-17'],
    lie: 'a broken signature',
    tell: ({ token }) => flipped(token),
  },
  {
    rows: ['A-10', 'E-18'],
    lie: "a stranger's signature under the known `kid`",
    tell: byStranger(({ header }) => ({ kid: header['kid'] })),
  },
  { rows: ['A-10'], lie: 'an unknown `kid`', tell: byStranger(() => ({ kid: 'nobody' })) },
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
    rows: ['A-33', 'E-18'],
    lie: 'HS256 by the public key as the secret',
    tell: ({ claims, published: [key] }) =>
      hmacToken(claims, String(key?.publicKey.export({ format: 'pem', type: 'spki' })), key?.kid),
  },
  {
    rows: ['E-18', 'E-19'],
    lie: 'a critical header that nobody knows',
    tell: headed({ crit: ['x'], x: 1 }),
  },
  {
    rows: ['E-21'],
    lie: 'a logout token',
    tell: claiming((claims) => ({ ...claims, events: { [LOGOUT_EVENT]: {} } })),
  },
  { rows: ['E-21'], lie: 'a logout token that says its type', tell: headed({ typ: 'logout+jwt' }) },
  {
    rows: ['E-21'],
    lie: 'an ID token',
    tell: ({ claims, sign, clientId }) => {
      const { iss, sub, exp, iat } = claims;
      return sign({ iss, sub, exp, iat, aud: [clientId], auth_time: iat });
    },
  },
  {
    rows: ['E-21'],
    lie: 'the refresh token of the same answer',
    tell: ({ answer }) => String(answer['refresh_token']),
  },
  { rows: ['F-14'], lie: 'an opaque text', tell: () => 'an-opaque-token-of-nobody-in-particular' },
  { rows: ['F-14'], lie: 'no access token', tell: () => undefined },
];
