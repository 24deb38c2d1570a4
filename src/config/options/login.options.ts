import { withDefault } from '../option.js';
import { flag, integer, list, text } from '../values/basic-values.js';
import { duration } from '../values/duration.js';
import { localPath } from '../values/path-values.js';

/** What a browser may never choose: these parameters are ours, or change what is asked for and where it goes. */
const OURS =
  'client_id|redirect_uri|response_type|response_mode|scope|state|nonce|code_challenge|code_challenge_method|request|request_uri|registration|return_to|provider';

const loginParameter = text(
  'the name of a request parameter that is not one of ours',
  new RegExp(`^(?!(?:${OURS})$)[A-Za-z0-9_.-]{1,64}$`),
  `list names such as prompt, login_hint; these are set by Vestibule: ${OURS.replaceAll('|', ', ')}`,
);

/** Section `login`: logging in and out. */
export const loginOptions = {
  parameters: withDefault({
    key: 'parameters',
    env: 'LOGIN_PARAMETERS',
    type: list('parameter names', loginParameter),
    default: 'prompt,login_hint,ui_locales,acr_values,max_age',
    doc: 'Parameters of `/login` that are handed on to the provider. All others are dropped.',
  }),
  transactionMs: withDefault({
    key: 'transaction',
    type: duration('10s', '24h'),
    default: '10m',
    doc: 'How long a user may take at the provider.',
  }),
  stubMs: withDefault({
    key: 'stub',
    type: duration('10s', '24h'),
    default: '60m',
    doc: 'How long a finished login is remembered, so that a page reloaded or gone back to leads on instead of failing.',
  }),
  transactionsPerBrowser: withDefault({
    key: 'transactionsPerBrowser',
    type: integer(1, 100),
    default: '12',
    doc: 'Logins that one browser may have open at once (tabs); the oldest gives way.',
  }),
  browsers: withDefault({
    key: 'browsers',
    env: 'LOGIN_BROWSERS',
    type: integer(100, 10_000_000),
    default: '100000',
    doc: 'Browsers that may have logins open at once, finished ones included for the time of `login.stub`; above that the one that began the longest ago gives way. It bounds what a flood of logins from many networks takes in Redis: some 120 MiB with the default.',
  }),
  postLogoutUrl: withDefault({
    key: 'postLogoutUrl',
    env: 'POST_LOGOUT_URL',
    type: localPath,
    default: '/',
    doc: 'Where a browser ends after the logout: a path of our own origin.',
  }),
  idTokenHint: withDefault({
    key: 'idTokenHint',
    env: 'LOGOUT_ID_TOKEN_HINT',
    type: flag,
    default: 'true',
    doc: 'Whether the ID token goes along to the provider at logout. Most providers ask the user again without it.',
  }),
};
