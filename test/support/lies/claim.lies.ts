import { halfHash } from '../emulators/provider-key.js';
import { readToken } from '../signing-key.js';
import type { TokenLie, TokenTruth } from './lie.types.js';
import { claiming, dated, saying, skewed, without } from './token-forgery.js';

const WEEK_S = 604_800;
const HOUR_S = 3_600;
const issuerIn =
  (change: (issuer: string) => string) =>
  ({ claims, sign }: TokenTruth): string =>
    sign({ ...claims, iss: change(String(claims['iss'])) });

const ISSUER: readonly TokenLie[] = [
  {
    rows: ['A-02', 'C-17', 'F-02', 'ATK-34'],
    lie: 'another issuer',
    tell: saying({ iss: 'https://evil.example' }),
  },
  {
    rows: ['F-02'],
    lie: 'the issuer with a slash more, or less',
    tell: issuerIn((issuer) => (issuer.endsWith('/') ? issuer.slice(0, -1) : `${issuer}/`)),
  },
  {
    rows: ['F-02'],
    lie: 'the issuer in capitals',
    tell: issuerIn((issuer) => issuer.toUpperCase()),
  },
  {
    rows: ['F-02'],
    lie: 'the issuer with another scheme',
    tell: issuerIn((issuer) => issuer.replace('http:', 'https:')),
  },
  {
    rows: ['F-02'],
    lie: 'the issuer with another port',
    tell: issuerIn((issuer) => issuer.replace(/:\d+/, ':1')),
  },
  {
    rows: ['F-02'],
    lie: 'the issuer as a list',
    tell: claiming((claims) => ({ ...claims, iss: [claims['iss']] })),
  },
  { rows: ['C-16'], lie: 'no `iss`', tell: without('iss') },
];

const SUBJECT: readonly TokenLie[] = [
  { rows: ['A-03'], lie: 'no `sub`', tell: without('sub') },
  { rows: ['A-03'], lie: 'a `sub` that is null', tell: saying({ sub: null }) },
  { rows: ['A-03'], lie: 'a `sub` that is a number', tell: saying({ sub: 7 }) },
  { rows: ['A-03'], lie: 'a `sub` that is a list', tell: saying({ sub: ['alice'] }) },
  { rows: ['F-15', 'D-18'], lie: 'an empty `sub`', tell: saying({ sub: '' }) },
  {
    rows: ['F-15', 'D-18'],
    lie: 'a `sub` of 300 characters',
    tell: saying({ sub: 's'.repeat(300) }),
  },
];

const AUDIENCE: readonly TokenLie[] = [
  {
    rows: ['A-04', 'C-17', 'E-33', 'F-03', 'ATK-34'],
    lie: 'the audience is another client',
    tell: saying({ aud: 'another-client' }),
  },
  {
    rows: ['A-04', 'F-03'],
    lie: 'the audience begins with our client id',
    tell: claiming((claims, { clientId }) => ({ ...claims, aud: `${clientId}x` })),
  },
  { rows: ['A-15', 'C-16'], lie: 'no `aud`', tell: without('aud') },
  { rows: ['A-04'], lie: 'an empty list of audiences', tell: saying({ aud: [] }) },
  {
    rows: ['A-04'],
    lie: 'an `aud` that is an object',
    tell: claiming((claims, { clientId }) => ({ ...claims, aud: { [clientId]: true } })),
  },
  {
    rows: ['F-03'],
    lie: 'several audiences, and we are none of them',
    tell: claiming((claims, { clientId }) => ({
      ...claims,
      aud: ['one-client', 'another-client'],
      azp: clientId,
    })),
  },
  {
    rows: ['C-13', 'D-15', 'F-04'],
    lie: 'a second audience, and no `azp`',
    tell: claiming((claims, { clientId }) => ({
      ...claims,
      aud: [clientId, 'another-client'],
      azp: undefined,
    })),
  },
  {
    rows: ['D-16', 'F-05', 'ATK-34'],
    lie: 'an `azp` that is another client',
    tell: saying({ azp: 'another-client' }),
  },
  {
    rows: ['F-04', 'F-05'],
    lie: 'a second audience, and it is the `azp`',
    tell: claiming((claims, { clientId }) => ({
      ...claims,
      aud: [clientId, 'another-client'],
      azp: 'another-client',
    })),
  },
  {
    rows: ['F-08'],
    lie: 'a second audience under a MAC, although the `azp` is us',
    tell: claiming((claims, { clientId }) => ({
      ...claims,
      aud: [clientId, 'another-client'],
      azp: clientId,
    })),
    only: 'secret',
  },
];

const TIMES: readonly TokenLie[] = [
  { rows: ['A-05'], lie: 'no `iat`', tell: without('iat') },
  { rows: ['A-05'], lie: 'an `iat` that is a text', tell: saying({ iat: 'now' }) },
  { rows: ['D-14', 'F-10'], lie: 'an `iat` of last week', tell: dated('iat', -WEEK_S) },
  { rows: ['D-14', 'F-10', 'ATK-34'], lie: 'an `iat` in an hour', tell: dated('iat', HOUR_S) },
  { rows: ['ATK-102'], lie: 'a clock that is ten minutes ahead', tell: skewed(600) },
  { rows: ['ATK-102'], lie: 'an `iat` in 45 seconds', tell: dated('iat', 45) },
  { rows: ['C-15', 'ATK-34'], lie: 'an `exp` of six minutes ago', tell: dated('exp', -360) },
  {
    rows: ['D-13', 'F-09', 'ATK-102'],
    lie: 'an `exp` of 35 seconds ago',
    tell: dated('exp', -35),
  },
  { rows: ['C-16', 'F-09'], lie: 'no `exp`', tell: without('exp') },
  { rows: ['C-16', 'F-09'], lie: 'an `exp` that is a text', tell: saying({ exp: 'tomorrow' }) },
  { rows: ['ATK-102'], lie: 'an `nbf` in an hour', tell: dated('nbf', HOUR_S) },
  { rows: ['ATK-102'], lie: 'an `nbf` that is a text', tell: saying({ nbf: 'now' }) },
];

const REQUEST: readonly TokenLie[] = [
  {
    rows: ['A-12', 'C-17', 'F-11', 'H-07', 'ATK-34'],
    lie: 'another nonce',
    tell: saying({ nonce: 'x'.repeat(43) }),
  },
  {
    rows: ['E-30', 'F-11'],
    lie: 'the ID token of an earlier login of the same person',
    tell: ({ earlier }) => earlier,
  },
  {
    rows: ['E-30', 'F-11'],
    lie: 'the nonce of an earlier login',
    tell: claiming((claims, { earlier }) => ({
      ...claims,
      nonce: readToken(earlier).claims['nonce'],
    })),
  },
  { rows: ['C-16', 'F-11', 'ATK-34'], lie: 'no nonce', tell: without('nonce') },
  { rows: ['F-11'], lie: 'a nonce that is null', tell: saying({ nonce: null }) },
  { rows: ['F-11'], lie: 'an empty nonce', tell: saying({ nonce: '' }) },
  {
    rows: ['F-11'],
    lie: 'the nonce in a list',
    tell: claiming((claims) => ({ ...claims, nonce: [claims['nonce']] })),
  },
  {
    rows: ['D-19', 'F-13'],
    lie: 'no `auth_time`, where `max_age` was asked for',
    tell: without('auth_time'),
    query: { max_age: '60' },
  },
  {
    rows: ['D-19', 'F-13'],
    lie: 'an older `auth_time` than `max_age` allows',
    tell: dated('auth_time', -300),
    query: { max_age: '60' },
  },
  { rows: ['F-13'], lie: 'an `auth_time` that is a text', tell: saying({ auth_time: 'now' }) },
  {
    rows: ['D-20', 'F-12'],
    lie: 'no `acr`, where one was asked for',
    tell: without('acr'),
    query: { acr_values: 'urn:example:gold' },
  },
  {
    rows: ['D-20', 'F-12'],
    lie: 'a weaker `acr` than was asked for',
    tell: saying({ acr: 'urn:example:silver' }),
    query: { acr_values: 'urn:example:gold' },
  },
];

const SUBSTITUTION: readonly TokenLie[] = [
  {
    rows: ['A-34', 'D-17', 'ATK-34'],
    lie: 'the `at_hash` of another access token',
    tell: claiming((claims, { header }) => ({
      ...claims,
      at_hash: halfHash(String(header['alg']), 'another access token'),
    })),
  },
  { rows: ['A-34'], lie: 'an `at_hash` that is a number', tell: saying({ at_hash: 7 }) },
  { rows: ['A-34'], lie: 'an empty `at_hash`', tell: saying({ at_hash: '' }) },
];

/** Every claim of an ID token: missing, of another type, of another value (OIDC Core §3.1.3.7). */
export const CLAIM_LIES: readonly TokenLie[] = [
  ...ISSUER,
  ...SUBJECT,
  ...AUDIENCE,
  ...TIMES,
  ...REQUEST,
  ...SUBSTITUTION,
];
