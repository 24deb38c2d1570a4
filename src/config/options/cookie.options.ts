import { withDefault } from '../option.js';
import { choice, flag, text } from '../values/basic-values.js';

/** RFC 6265 §4.1.1 wants a token; the prefixes of RFC 6265bis are ours to add. */
const cookieStem = text(
  "a cookie name of letters, digits, '-', '_' and '.', without '__Host-' or '__Secure-'",
  /^(?!__(?:host|secure|http)-|__host-http-)[A-Za-z0-9._-]{1,64}$/i,
  'name the stem only; prefix and suffix are added',
);

/** Section `cookie`: the one cookie that a browser holds. */
export const cookieOptions = {
  stem: withDefault({
    key: 'name',
    env: 'COOKIE_NAME',
    type: cookieStem,
    default: 'vestibule',
    doc: 'Stem of the cookie names: `__Host-vestibule` and `__Host-vestibule-login` on https, `vestibule-<port>` and `vestibule-login-<port>` on http (cookies do not tell ports apart).',
  }),
  sameSite: withDefault({
    key: 'sameSite',
    env: 'COOKIE_SAMESITE',
    type: choice('strict', 'lax', 'none'),
    default: 'strict',
    doc: 'SameSite of the session cookie. Strict is the default because the login comes back through a page of our own; `none` needs https.',
  }),
  persistent: withDefault({
    key: 'persistent',
    env: 'COOKIE_PERSISTENT',
    type: flag,
    default: 'false',
    doc: 'Whether the session cookie outlives the browser, up to the absolute limit. Off, because shared machines are common.',
  }),
};
