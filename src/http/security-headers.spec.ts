import { pairsOf, type FlatHeaders } from './flat-headers.js';
import {
  APPLICATION_POLICY,
  DATA_POLICY,
  pagePolicy,
  securityHeaders,
} from './security-headers.js';

const https = namesIn(securityHeaders(true).everywhere);
const http = namesIn(securityHeaders(false).everywhere);
const pages = namesIn(securityHeaders(true).pages);

function namesIn(headers: FlatHeaders): ReadonlyMap<string, string> {
  return new Map(pairsOf(headers));
}

describe('securityHeaders', () => {
  it.each([
    ['x-content-type-options', 'nosniff'],
    ['x-frame-options', 'DENY'],
    ['referrer-policy', 'no-referrer'],
    ['cross-origin-resource-policy', 'same-origin'],
    ['strict-transport-security', 'max-age=63072000'],
  ])('has %s: %s (E-37)', (name, value) => {
    expect(https.get(name)).toBe(value);
  });

  it('asks for https only where there is https (RFC 6797 §7.2)', () => {
    expect(http.has('strict-transport-security')).toBe(false);
    expect(http.get('x-content-type-options')).toBe('nosniff');
  });

  it('has for pages what only they obey: no opener, no powerful features', () => {
    expect(pages.get('cross-origin-opener-policy')).toBe('same-origin');
    expect(pages.get('permissions-policy')).toContain('camera=()');
    expect([...pages.keys()].filter((name) => https.has(name))).toEqual([]);
  });
});

describe('the policies', () => {
  it('let a page of ours run only what carries its nonce', () => {
    const policy = pagePolicy('abc');
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'nonce-abc'");
    expect(policy).toContain("style-src 'nonce-abc'");
    expect(policy).toContain("form-action 'self'");
    expect(policy).toContain("base-uri 'none'");
    expect(policy).not.toContain('unsafe');
  });

  it.each([
    ['a page', pagePolicy('abc'), "frame-ancestors 'none'"],
    ['data', DATA_POLICY, "frame-ancestors 'none'"],
    ['the application', APPLICATION_POLICY, "frame-ancestors 'self'"],
  ])('say who may frame %s', (_what, policy, directive) => {
    expect(policy.split('; ')).toContain(directive);
  });
});
