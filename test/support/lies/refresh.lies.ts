import { LOGOUT_EVENT } from '../logout-tokens.js';
import { hmacToken } from '../signing-key.js';
import type { Lie, TellToken } from './lie.types.js';
import { body, type TellAnswer } from './token-answer.lies.js';
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

export interface RefreshLie extends Lie<TellToken> {
  /** How the refresh before it went, which is not a lie yet. */
  readonly before?: TellToken;
}

const WEEK_S = 604_800;

/** ID tokens of a refresh that are not about the login that is refreshed (OIDC Core §12.2). */
export const REFRESH_LIES: readonly RefreshLie[] = [
  {
    rows: ['A-42', 'F-18', 'D-21', 'ATK-73'],
    lie: 'another issuer',
    tell: saying({ iss: 'https://evil.example' }),
  },
  {
    rows: ['A-43', 'D-21', 'F-19', 'ATK-73'],
    lie: 'another `sub`',
    tell: saying({ sub: 'mallory' }),
  },
  { rows: ['F-19'], lie: 'no `sub`', tell: without('sub') },
  {
    rows: ['F-20', 'D-21', 'ATK-73'],
    lie: 'another audience',
    tell: saying({ aud: 'another-client' }),
  },
  { rows: ['F-20'], lie: 'no `aud`', tell: without('aud') },
  {
    rows: ['F-20'],
    lie: 'a second audience, and no `azp`',
    tell: claiming((claims, { clientId }) => ({ ...claims, aud: [clientId, 'another-client'] })),
  },
  {
    rows: ['F-20'],
    lie: 'an `azp` that is another client',
    tell: saying({ azp: 'another-client' }),
  },
  { rows: ['D-21', 'F-22'], lie: 'another nonce', tell: saying({ nonce: 'x'.repeat(43) }) },
  { rows: ['F-22'], lie: 'a nonce that is a number', tell: saying({ nonce: 7 }) },
  {
    rows: ['D-21', 'F-22'],
    lie: 'another nonce, after a refresh without one',
    before: without('nonce'),
    tell: saying({ nonce: 'x'.repeat(43) }),
  },
  {
    rows: ['F-22', 'E-30'],
    lie: 'the ID token of an earlier login',
    tell: ({ earlier }) => earlier,
  },
  {
    rows: ['ATK-73', 'A-10', 'E-17'],
    lie: 'a broken signature',
    tell: ({ token }) => flipped(token),
  },
  {
    rows: ['ATK-73', 'A-10'],
    lie: "a stranger's signature under a known `kid`",
    tell: byStranger(({ header }) => ({ kid: header['kid'] })),
  },
  { rows: ['A-10'], lie: 'an unknown `kid`', tell: byStranger(() => ({ kid: 'nobody' })) },
  {
    rows: ['ATK-73', 'A-09', 'E-18'],
    lie: 'no signature (`alg: none`)',
    tell: ({ claims }) => unprotected({ alg: 'none' }, claims),
  },
  {
    rows: ['A-33', 'E-18'],
    lie: 'HS256 by the client secret',
    tell: ({ claims, clientSecret }) => hmacToken(claims, clientSecret),
  },
  { rows: ['F-09'], lie: 'an `exp` of 35 seconds ago', tell: dated('exp', -35) },
  { rows: ['F-10'], lie: 'an `iat` of last week', tell: dated('iat', -WEEK_S) },
  { rows: ['A-34'], lie: 'a wrong `at_hash`', tell: saying({ at_hash: 'AAAAAAAAAAAAAAAAAAAAAA' }) },
  { rows: ['E-21'], lie: 'a logout token', tell: saying({ events: { [LOGOUT_EVENT]: {} } }) },
  { rows: ['E-21'], lie: 'a JWT access token', tell: headed({ typ: 'at+jwt' }) },
  { rows: ['D-07'], lie: 'no JWT', tell: () => 'not.a.jwt' },
];

export interface OddAnswer extends Lie<TellAnswer> {
  /** Which refresh token is sent the next time. */
  readonly next: 'old' | 'new';
}

const member = (name: string, value: unknown): TellAnswer =>
  body((all) => ({ ...all, [name]: value }));

/** Answers of a refresh that are odd and no lies: what they leave out stays, and nothing runs in a circle. */
export const ODD_ANSWERS: readonly OddAnswer[] = [
  {
    rows: ['ATK-77', 'D-22'],
    lie: 'no refresh token',
    tell: member('refresh_token', undefined),
    next: 'old',
  },
  {
    rows: ['ATK-77'],
    lie: 'an empty refresh token',
    tell: member('refresh_token', ''),
    next: 'old',
  },
  { rows: ['F-23'], lie: 'no ID token', tell: member('id_token', undefined), next: 'new' },
  { rows: ['ATK-77'], lie: 'no `expires_in`', tell: member('expires_in', undefined), next: 'new' },
  {
    rows: ['ATK-77'],
    lie: '`expires_in: "3600"`',
    tell: member('expires_in', '3600'),
    next: 'new',
  },
  { rows: ['ATK-77'], lie: '`expires_in: 0`', tell: member('expires_in', 0), next: 'new' },
  { rows: ['ATK-77'], lie: '`expires_in: -1`', tell: member('expires_in', -1), next: 'new' },
  { rows: ['ATK-77'], lie: '`expires_in: 1e300`', tell: member('expires_in', 1e300), next: 'new' },
  {
    rows: ['ATK-77'],
    lie: '`expires_in: 20`, less than we renew ahead of time',
    tell: member('expires_in', 20),
    next: 'new',
  },
  { rows: ['ATK-77'], lie: 'a narrower scope', tell: member('scope', 'openid'), next: 'new' },
];
