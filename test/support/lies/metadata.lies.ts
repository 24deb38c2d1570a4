import type { Answer } from '../op-host.js';
import type { SigningKey } from '../signing-key.js';
import type { Lie } from './lie.types.js';
import { body, type TellAnswer } from './token-answer.lies.js';

/** What a liar at a public document may know. */
export interface DocumentTruth {
  /** Another origin, where true-looking documents lie. */
  readonly elsewhere: string;
  readonly stranger: SigningKey;
}
export type TellDocument = (answer: Answer, truth: DocumentTruth) => Answer;

const issuerIn = (change: (issuer: string) => unknown): TellAnswer =>
  body((all) => ({ ...all, issuer: change(String(all['issuer'])) }));
const without = (name: string): TellAnswer => body(({ [name]: _gone, ...rest }) => rest);
const html: TellAnswer = (answer) => ({
  ...answer,
  headers: { 'content-type': 'text/html' },
  body: '<!doctype html><h1>Welcome</h1>',
});
const cutOff: TellAnswer = (answer) => ({ ...answer, body: answer.body.slice(0, -20) });

/** Lies of the discovery document (OIDC Discovery §4.3, RFC 8414 §3.3): no login begins. */
export const DISCOVERY_LIES: readonly Lie<TellDocument>[] = [
  {
    rows: ['A-18', 'D-36', 'F-27'],
    lie: 'another issuer',
    tell: issuerIn(() => 'https://evil.example'),
  },
  { rows: ['A-18'], lie: 'the issuer with a slash more', tell: issuerIn((issuer) => `${issuer}/`) },
  {
    rows: ['A-18'],
    lie: 'the issuer in capitals',
    tell: issuerIn((issuer) => issuer.toUpperCase()),
  },
  { rows: ['A-18'], lie: 'the issuer in a list', tell: issuerIn((issuer) => [issuer]) },
  { rows: ['A-18'], lie: 'no issuer', tell: without('issuer') },
  {
    rows: ['A-18', 'ATK-87'],
    lie: 'a redirect to another host that tells the truth',
    tell: (_answer, { elsewhere }) => ({
      status: 302,
      headers: { location: `${elsewhere}/discovery` },
      body: '',
    }),
  },
  {
    rows: ['ATK-87'],
    lie: 'a redirect to an address of the cloud',
    tell: () => ({ status: 301, headers: { location: 'http://169.254.169.254/' }, body: '' }),
  },
  { rows: ['A-18'], lie: 'an HTML page', tell: html },
  { rows: ['A-18'], lie: 'the true document in a list', tell: body((all) => [all]) },
  { rows: ['A-18'], lie: 'JSON that breaks off', tell: cutOff },
  {
    rows: ['A-18'],
    lie: 'the true document under status 404',
    tell: (answer) => ({ ...answer, status: 404 }),
  },
];

/** Documents that are taken, and by which no login can begin in safety. */
export const METADATA_LIES: readonly Lie<TellDocument>[] = [
  {
    rows: ['ATK-33'],
    lie: 'no PKCE but `plain`',
    tell: body((all) => ({ ...all, code_challenge_methods_supported: ['plain'] })),
  },
  {
    rows: ['ATK-33'],
    lie: 'an authorization endpoint that is a script',
    tell: body((all) => ({ ...all, authorization_endpoint: 'javascript:alert(1)' })),
  },
];

/** Lies of the key set (RFC 7517 §5), told to a product that has no keys yet. */
export const KEY_SET_LIES: readonly Lie<TellDocument>[] = [
  { rows: ['ATK-87'], lie: 'an HTML page', tell: html },
  { rows: ['ATK-87'], lie: 'JSON that breaks off', tell: cutOff },
  { rows: ['ATK-87'], lie: 'keys that are no list', tell: body(() => ({ keys: {} })) },
  { rows: ['ATK-87'], lie: 'status 404', tell: (answer) => ({ ...answer, status: 404 }) },
  {
    rows: ['ATK-87'],
    lie: 'a redirect to the keys of another host',
    tell: (_answer, { elsewhere }) => ({
      status: 302,
      headers: { location: `${elsewhere}/keys` },
      body: '',
    }),
  },
];

/** Key sets that are taken, and in which the right key is not. */
export const WRONG_KEYS: readonly Lie<TellDocument>[] = [
  { rows: ['A-10'], lie: 'no keys', tell: body(() => ({ keys: [] })) },
  {
    rows: ['A-07'],
    lie: 'several keys without a `kid`, and none of them signed',
    tell: (answer, { stranger }) => {
      const { kid: _kid, ...nameless } = stranger.publicJwk;
      return body(() => ({ keys: [nameless, nameless] }))(answer);
    },
  },
];
