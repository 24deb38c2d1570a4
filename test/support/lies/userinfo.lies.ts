import type { Answer } from '../op-host.js';
import { hmacToken, type TokenClaims } from '../signing-key.js';
import type { Lie, TokenTruth } from './lie.types.js';
import { flipped, unprotected } from './token-forgery.js';

/** What a liar at the userinfo endpoint may know. */
export type UserinfoTruth = Pick<
  TokenTruth,
  'sign' | 'stranger' | 'clientId' | 'clientSecret' | 'now'
> & { readonly issuer: string; readonly claims: TokenClaims };
export type TellUserinfo = (answer: Answer, truth: UserinfoTruth) => Answer;

export interface UserinfoLie extends Lie<TellUserinfo> {
  /** The endpoint counts as out of order: the login goes on without it, and nothing of the answer is taken. */
  readonly ignored?: true;
  /** Where userinfo alone says who logged in, it cannot be about another. */
  readonly aboutAnother?: true;
}

const PLANTED = { name: 'Mallory Moss', email: 'mallory@evil.example', email_verified: true };

const claims =
  (change: (claims: TokenClaims) => unknown): TellUserinfo =>
  (answer, truth) => ({ ...answer, body: JSON.stringify(change(truth.claims)) });
const saying = (lie: TokenClaims): TellUserinfo => claims((all) => ({ ...all, ...lie }));
const status =
  (code: number): TellUserinfo =>
  (answer, truth) => ({
    ...answer,
    status: code,
    body: JSON.stringify({ ...truth.claims, ...PLANTED }),
  });
/** Claims as a signed JWT (OIDC Core §5.3.2) whose issuer and audience are right, unless `lie` says otherwise. */
const signed =
  (
    lie: TokenClaims,
    write = (truth: UserinfoTruth, all: TokenClaims) => truth.sign(all),
  ): TellUserinfo =>
  (answer, truth) => {
    const all = { ...truth.claims, ...PLANTED, iss: truth.issuer, aud: truth.clientId, ...lie };
    return { ...answer, headers: { 'content-type': 'application/jwt' }, body: write(truth, all) };
  };

/** Lies of the userinfo endpoint (OIDC Core §5.3.2, §5.3.4). */
export const USERINFO_LIES: readonly UserinfoLie[] = [
  {
    rows: ['A-11', 'F-16', 'D-54'],
    lie: 'another `sub`',
    tell: saying({ ...PLANTED, sub: 'mallory' }),
    aboutAnother: true,
  },
  {
    rows: ['A-11', 'F-16'],
    lie: 'the same `sub` in capitals',
    tell: claims((all) => ({ ...all, sub: String(all['sub']).toUpperCase() })),
    aboutAnother: true,
  },
  { rows: ['F-16'], lie: 'no `sub`', tell: saying({ ...PLANTED, sub: undefined }) },
  { rows: ['F-16'], lie: 'an empty `sub`', tell: saying({ ...PLANTED, sub: '' }) },
  {
    rows: ['F-16'],
    lie: 'a `sub` in a list',
    tell: claims((all) => ({ ...all, sub: [all['sub']] })),
  },
  { rows: ['F-15'], lie: 'a `sub` of 300 characters', tell: saying({ sub: 's'.repeat(300) }) },
  { rows: ['F-16'], lie: 'the true claims in a list', tell: claims((all) => [all]) },
  {
    rows: ['F-16'],
    lie: 'JSON that breaks off',
    tell: (answer) => ({ ...answer, body: answer.body.slice(0, -5) }),
  },
  {
    rows: ['F-16'],
    lie: 'claims as `text/html`',
    tell: (answer) => ({ ...answer, headers: { 'content-type': 'text/html' } }),
  },
  { rows: ['F-17'], lie: 'a JWT for another client', tell: signed({ aud: 'another-client' }) },
  { rows: ['F-17'], lie: 'a JWT for nobody', tell: signed({ aud: undefined }) },
  { rows: ['F-17'], lie: 'a JWT of another issuer', tell: signed({ iss: 'https://evil.example' }) },
  { rows: ['F-17'], lie: 'a JWT of no issuer', tell: signed({ iss: undefined }) },
  {
    rows: ['F-16', 'F-17'],
    lie: 'a JWT about another subject',
    tell: signed({ sub: 'mallory' }),
    aboutAnother: true,
  },
  {
    rows: ['E-17', 'F-17'],
    lie: 'a JWT with a broken signature',
    tell: signed({}, (truth, all) => flipped(truth.sign(all))),
  },
  {
    rows: ['E-17', 'F-17'],
    lie: "a JWT with a stranger's signature",
    tell: signed({}, (truth, all) => truth.stranger.sign(all)),
  },
  {
    rows: ['E-18', 'F-17'],
    lie: 'a JWT without a signature',
    tell: signed({}, (_truth, all) => unprotected({ alg: 'none' }, all)),
  },
  {
    rows: ['E-18', 'F-17'],
    lie: 'a JWT under HS256 by the client secret',
    tell: signed({}, ({ clientSecret }, all) => hmacToken(all, clientSecret)),
  },
  { rows: ['F-16'], lie: '401 with claims', tell: status(401), ignored: true },
  { rows: ['F-16'], lie: '500 with claims', tell: status(500), ignored: true },
  { rows: ['F-16'], lie: '206 with claims', tell: status(206), ignored: true },
  {
    rows: ['ATK-87'],
    lie: 'a redirect to another host',
    tell: () => ({ status: 302, headers: { location: 'http://169.254.169.254/' }, body: '' }),
    ignored: true,
  },
];
