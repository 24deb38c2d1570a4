import { configOf, HTTPS_ENV, LOOPBACK_ENV } from '../../test/support/config-env.js';
import { fakeExchange } from '../../test/support/fake-exchange.js';
import { clearSessionCookie, cookieValues, setLoginCookie } from './cookies.js';

const https = configOf(HTTPS_ENV).cookie;
const http = configOf(LOOPBACK_ENV).cookie;

describe('cookieValues', () => {
  it.each<[string | undefined, readonly string[]]>([
    [undefined, []],
    ['', []],
    ['a=1', ['1']],
    ['a=1; b=2; a=3', ['1', '3']],
    ['a=1;a=2', ['1', '2']],
    ['  a = 1 ', ['1']],
    ['a', []],
    ['=1', []],
    ['A=1', []],
    ['aa=1; a.=2', []],
    ['a=x=y', ['x=y']],
    ['a=', ['']],
    ['a=%', ['%']],
  ])('reads %p', (header, values) => {
    expect(cookieValues(header, 'a')).toEqual(values);
  });

  it('does not look at a header of unreasonable length', () => {
    expect(cookieValues(`a=1; b=${'x'.repeat(16_384)}`, 'a')).toEqual([]);
  });
});

describe('setLoginCookie', () => {
  const set = (config: typeof https, crossSitePost: boolean) => {
    const exchange = fakeExchange();
    setLoginCookie(exchange, config, 'value', crossSitePost);
    return exchange.res.getHeader('set-cookie');
  };

  it('is Lax, so that it comes with the callback', () => {
    expect(set(https, false)).toBe(
      '__Host-vestibule-login=value; Path=/; HttpOnly; Secure; SameSite=Lax',
    );
  });

  it('is SameSite=None for a form_post over https', () => {
    expect(set(https, true)).toMatch(/; Secure; SameSite=None$/);
  });

  it('is never SameSite=None without Secure, which browsers would drop', () => {
    expect(set(http, true)).toBe('vestibule-login-3000=value; Path=/; HttpOnly; SameSite=Lax');
  });
});

describe('clearSessionCookie', () => {
  it('carries the attributes with which it was set (RFC 6265bis, J-29)', () => {
    const exchange = fakeExchange();
    clearSessionCookie(exchange, https);
    expect(exchange.res.getHeader('set-cookie')).toBe(
      '__Host-vestibule=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=Strict',
    );
  });

  it('keeps other cookies of the answer', () => {
    const exchange = fakeExchange();
    setLoginCookie(exchange, https, 'value', false);
    clearSessionCookie(exchange, https);
    expect(exchange.res.getHeader('set-cookie')).toHaveLength(2);
  });
});
