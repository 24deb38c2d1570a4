import { stringifySetCookie } from 'cookie';
import type { CookieConfig } from '../config/config.types.js';
import type { Exchange } from './exchange.js';

const MAX_COOKIE_HEADER = 16_384;

/** Every value that a Cookie header carries under one name, in order; broken pairs are passed over. */
export function cookieValues(header: string | undefined, name: string): string[] {
  if (header === undefined || header.length > MAX_COOKIE_HEADER) return [];
  const values: string[] = [];
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=');
    if (equals !== -1 && pair.slice(0, equals).trim() === name)
      values.push(pair.slice(equals + 1).trim());
  }
  return values;
}

/** Attributes that all cookies of ours share; a deletion must carry the same ones (RFC 6265bis §5.6). */
const shared = (config: CookieConfig) =>
  ({ httpOnly: true, secure: config.secure, path: '/' }) as const;

/** Sets the browser-binding cookie of the login transactions. Lax, because it must come with the callback. */
export function setLoginCookie(
  exchange: Exchange,
  config: CookieConfig,
  value: string,
  crossSitePost: boolean,
): void {
  exchange.res.appendHeader(
    'Set-Cookie',
    stringifySetCookie(config.loginName, value, {
      ...shared(config),
      sameSite: crossSitePost && config.secure ? 'none' : 'lax',
    }),
  );
}

/** Deletes the session cookie. */
export function clearSessionCookie(exchange: Exchange, config: CookieConfig): void {
  exchange.res.appendHeader(
    'Set-Cookie',
    stringifySetCookie(config.name, '', {
      ...shared(config),
      sameSite: config.sameSite,
      expires: new Date(0),
    }),
  );
}
