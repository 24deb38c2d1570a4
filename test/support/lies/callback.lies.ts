import type { Lie } from './lie.types.js';

/** A true answer of the provider that has not arrived yet, and others that a liar may have got hold of. */
export interface CallbackTruth {
  readonly callback: URL;
  readonly issuer: string;
  /** The answer to another login of the same browser. */
  readonly sameBrowser: URL;
  /** The answer to a login of somebody else, in their browser. */
  readonly otherBrowser: URL;
}

/** What arrives in its place. */
export interface Arriving {
  readonly url: string;
  /** By a form, or handed in by a script of our page. */
  readonly by?: 'form' | 'script';
  readonly body?: string;
}
export type TellCallback = (truth: CallbackTruth) => string | Arriving;
type ToAddress = (truth: CallbackTruth) => string;

export interface CallbackLie extends Lie<TellCallback> {
  readonly answer: string;
  /** The provider was asked for the tokens of the code, and refused. */
  readonly redeemed?: true;
  /** The login cannot be completed any more; otherwise its true answer still can come. */
  readonly spent?: true;
}

const MISSING = '400 login_state_missing';
const UNKNOWN = '400 login_state_unknown';
const REJECTED = '400 login_rejected';
const INVENTED = 'A'.repeat(43);

/** The true address with other parameters; undefined takes one away. */
const changed =
  (change: (truth: CallbackTruth) => Readonly<Record<string, string | undefined>>): ToAddress =>
  (truth) => {
    const url = new URL(truth.callback);
    for (const [name, value] of Object.entries(change(truth))) {
      if (value === undefined) url.searchParams.delete(name);
      else url.searchParams.set(name, value);
    }
    return url.href;
  };
const saying = (lie: Readonly<Record<string, string | undefined>>): ToAddress => changed(() => lie);
/** One more parameter behind the true ones. */
const also =
  (name: string, value: (truth: CallbackTruth) => string): TellCallback =>
  (truth) => {
    const url = new URL(truth.callback);
    url.searchParams.append(name, value(truth));
    return url.href;
  };
const own = (name: string) => (truth: CallbackTruth) => truth.callback.searchParams.get(name) ?? '';
const asError = (lie: Readonly<Record<string, string | undefined>>): ToAddress =>
  saying({ code: undefined, error: 'access_denied', ...lie });
const codeOf = (answer: URL): string => answer.searchParams.get('code') ?? '';
const query =
  (text: string): TellCallback =>
  ({ callback }) =>
    `${callback.origin}${callback.pathname}${text}`;

const STATE: readonly CallbackLie[] = [
  {
    rows: ['C-11', 'D-08', 'H-02', 'ATK-28'],
    lie: 'a `state` that nobody gave',
    tell: saying({ state: INVENTED }),
    answer: UNKNOWN,
  },
  {
    rows: ['C-11'],
    lie: 'the `state` with another last letter',
    tell: changed((truth) => ({ state: `${own('state')(truth).slice(0, -1)}_` })),
    answer: UNKNOWN,
  },
  {
    rows: ['C-12', 'ATK-28'],
    lie: 'no `state`',
    tell: saying({ state: undefined }),
    answer: MISSING,
  },
  {
    rows: ['C-12', 'ATK-28'],
    lie: 'an empty `state`',
    tell: saying({ state: '' }),
    answer: UNKNOWN,
  },
  {
    rows: ['ATK-28'],
    lie: 'a `state` of 8 kB',
    tell: saying({ state: 's'.repeat(8_192) }),
    answer: UNKNOWN,
  },
  {
    rows: ['ATK-28'],
    lie: 'a `state` of 20 kB',
    tell: saying({ state: 's'.repeat(20_480) }),
    answer: '431',
  },
  {
    rows: ['ATK-28'],
    lie: 'a `state` with a line end',
    tell: changed((truth) => ({ state: `${own('state')(truth)}\r\n` })),
    answer: UNKNOWN,
  },
  {
    rows: ['ATK-30', 'H-02', 'H-06'],
    lie: 'the whole answer to a login of another browser',
    tell: ({ otherBrowser }) => otherBrowser.href,
    answer: UNKNOWN,
  },
];

const REPEATED: readonly CallbackLie[] = [
  {
    rows: ['D-09', 'ATK-28'],
    lie: 'two `state`',
    tell: also('state', () => INVENTED),
    answer: '400 bad_request',
  },
  {
    rows: ['D-09', 'ATK-28'],
    lie: 'the same `state` twice',
    tell: also('state', own('state')),
    answer: '400 bad_request',
  },
  {
    rows: ['D-09', 'ATK-28'],
    lie: 'two `code`',
    tell: also('code', () => 'another'),
    answer: '400 bad_request',
  },
  {
    rows: ['D-09'],
    lie: 'two `iss`',
    tell: also('iss', ({ issuer }) => issuer),
    answer: '400 bad_request',
  },
  {
    rows: ['D-09'],
    lie: 'two `error`',
    tell: (truth) => `${asError({})(truth)}&error=access_denied`,
    answer: '400 bad_request',
  },
  {
    rows: ['ATK-28'],
    lie: 'a code and an error',
    tell: saying({ error: 'access_denied' }),
    answer: MISSING,
  },
];

const SHAPES: readonly CallbackLie[] = [
  { rows: ['ATK-28'], lie: 'nothing', tell: query(''), answer: MISSING },
  { rows: ['ATK-28'], lie: 'separators only (`?&`)', tell: query('?&'), answer: MISSING },
  { rows: ['ATK-28'], lie: 'only a code', tell: query('?code=abc'), answer: MISSING },
  {
    rows: ['ATK-28'],
    lie: 'only a true `state`',
    tell: saying({ code: undefined }),
    answer: MISSING,
  },
  { rows: ['ATK-28'], lie: 'an empty code', tell: saying({ code: '' }), answer: MISSING },
  {
    rows: ['ATK-28'],
    lie: 'a code as `code[]`',
    tell: saying({ 'code[]': 'abc', code: undefined }),
    answer: MISSING,
  },
  {
    rows: ['H-02'],
    lie: 'tokens in place of a code',
    tell: saying({
      code: undefined,
      access_token: 'a-token',
      id_token: 'e30.e30.',
      token_type: 'Bearer',
    }),
    answer: MISSING,
  },
  {
    rows: ['ATK-30'],
    lie: 'the true answer as a form of another site',
    tell: ({ callback }) => ({
      url: `${callback.origin}${callback.pathname}`,
      by: 'form',
      body: callback.searchParams.toString(),
    }),
    answer: UNKNOWN,
  },
  {
    rows: ['ATK-30', 'H-14'],
    lie: 'the true answer handed in by a script',
    tell: ({ callback }) => ({
      url: `${callback.origin}${callback.pathname}`,
      by: 'script',
      body: JSON.stringify(Object.fromEntries(callback.searchParams)),
    }),
    answer: REJECTED,
  },
];

const SENDER: readonly CallbackLie[] = [
  {
    rows: ['C-09', 'D-10', 'H-18', 'ATK-35'],
    lie: 'another `iss`',
    tell: saying({ iss: 'https://evil.example' }),
    answer: REJECTED,
  },
  {
    rows: ['C-09', 'H-18'],
    lie: 'the `iss` with a slash more',
    tell: changed(({ issuer }) => ({ iss: `${issuer}/` })),
    answer: REJECTED,
  },
  {
    rows: ['C-09', 'H-18'],
    lie: 'the `iss` in capitals',
    tell: changed(({ issuer }) => ({ iss: issuer.toUpperCase() })),
    answer: REJECTED,
  },
  { rows: ['C-09', 'H-18'], lie: 'an empty `iss`', tell: saying({ iss: '' }), answer: REJECTED },
  {
    rows: ['C-10', 'D-10', 'H-19', 'ATK-35'],
    lie: 'no `iss`, although it was promised',
    tell: saying({ iss: undefined }),
    answer: REJECTED,
  },
  {
    rows: ['H-21', 'ATK-36'],
    lie: 'an error with another `iss`',
    tell: asError({ iss: 'https://evil.example' }),
    answer: REJECTED,
  },
  {
    rows: ['H-21', 'ATK-36'],
    lie: 'an error without `iss`',
    tell: asError({ iss: undefined }),
    answer: REJECTED,
  },
  {
    rows: ['D-11', 'ATK-36'],
    lie: 'an error with another `state`',
    tell: asError({ state: INVENTED }),
    answer: UNKNOWN,
  },
];

const ERRORS: readonly CallbackLie[] = [
  {
    rows: ['D-12', 'ATK-36'],
    lie: 'a refusal, where the person agreed',
    tell: asError({ error_description: '<script>alert(1)</script>' }),
    answer: '403 login_denied',
    spent: true,
  },
  {
    rows: ['D-12', 'ATK-36'],
    lie: 'an error that is a script',
    tell: asError({ error: '<script>alert(1)</script>' }),
    answer: '403 login_denied',
    spent: true,
  },
  {
    rows: ['A-28', 'ATK-36'],
    lie: '`login_required`, which nobody asked for',
    tell: asError({ error: 'login_required' }),
    answer: '403 login_denied',
    spent: true,
  },
  {
    rows: ['ATK-36'],
    lie: '`server_error`',
    tell: asError({ error: 'server_error' }),
    answer: '503 provider_unreachable',
    spent: true,
  },
];

const CODES: readonly CallbackLie[] = [
  {
    rows: ['H-06'],
    lie: 'the code of another login of the same browser',
    tell: changed(({ sameBrowser }) => ({ code: codeOf(sameBrowser) })),
    answer: REJECTED,
    redeemed: true,
    spent: true,
  },
  {
    rows: ['H-06', 'ATK-33'],
    lie: "somebody else's code",
    tell: changed(({ otherBrowser }) => ({ code: codeOf(otherBrowser) })),
    answer: REJECTED,
    redeemed: true,
    spent: true,
  },
  {
    rows: ['H-06'],
    lie: 'a code that nobody gave',
    tell: saying({ code: 'made-up' }),
    answer: REJECTED,
    redeemed: true,
    spent: true,
  },
];

/** Where nothing but the nonce binds the code, and the provider names no issuer of its own accord. */
export const UNPROMISED_LIES: readonly CallbackLie[] = [
  {
    rows: ['H-20', 'H-18'],
    lie: 'another `iss`',
    tell: saying({ iss: 'https://evil.example/' }),
    answer: REJECTED,
  },
  {
    rows: ['H-20'],
    lie: 'the `iss` without its slash',
    tell: changed(({ issuer }) => ({ iss: issuer.slice(0, -1) })),
    answer: REJECTED,
  },
  {
    rows: ['H-20', 'H-21'],
    lie: 'an error with another `iss`',
    tell: asError({ iss: 'https://evil.example/' }),
    answer: REJECTED,
  },
  {
    rows: ['H-06', 'H-07'],
    lie: "somebody else's code, whose ID token has their nonce",
    tell: changed(({ otherBrowser }) => ({ code: codeOf(otherBrowser) })),
    answer: REJECTED,
    redeemed: true,
    spent: true,
  },
  {
    rows: ['H-06', 'H-07'],
    lie: 'the code of another login of the same browser',
    tell: changed(({ sameBrowser }) => ({ code: codeOf(sameBrowser) })),
    answer: REJECTED,
    redeemed: true,
    spent: true,
  },
];

/** Answers of the authorization endpoint that are not true (RFC 9700 §4.4, §4.5, §4.7; RFC 9207 §2.4). */
export const CALLBACK_LIES: readonly CallbackLie[] = [
  ...STATE,
  ...REPEATED,
  ...SHAPES,
  ...SENDER,
  ...ERRORS,
  ...CODES,
];
