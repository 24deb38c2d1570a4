import type { IncomingMessage, ServerResponse } from 'node:http';
import helmet from 'helmet';
import type { FlatHeaders } from './flat-headers.js';

/** What only pages obey, beside what every answer says. */
const FOR_PAGES: ReadonlySet<string> = new Set([
  'cross-origin-opener-policy',
  'origin-agent-cluster',
  'permissions-policy',
]);

export interface SecurityHeaders {
  readonly everywhere: FlatHeaders;
  /** Data that cannot be taken for a page (`nosniff`) has no use for these. */
  readonly pages: FlatHeaders;
}

/**
 * The headers of the answers, computed once from helmet's policy: no answer pays for it again.
 * `frame-ancestors` and the page's own policy are added per page.
 */
export function securityHeaders(https: boolean): SecurityHeaders {
  const headers = new Map<string, string>();
  const recorder = {
    setHeader: (name: string, value: string) => headers.set(name.toLowerCase(), value),
    removeHeader: (name: string) => headers.delete(name.toLowerCase()),
  };
  const policy = helmet({
    contentSecurityPolicy: false,
    strictTransportSecurity: https ? { maxAge: 63_072_000, includeSubDomains: false } : false,
    referrerPolicy: { policy: 'no-referrer' },
    frameguard: { action: 'deny' },
    // A popup or an opener must not reach into our pages, nor another site embed our answers.
    crossOriginOpenerPolicy: { policy: 'same-origin' },
    crossOriginResourcePolicy: { policy: 'same-origin' },
    crossOriginEmbedderPolicy: false,
    // Said to programs that are gone: Internet Explorer, Flash, and the filter of old browsers that did more harm than good.
    xDownloadOptions: false,
    xPermittedCrossDomainPolicies: false,
    xXssProtection: false,
    // Our pages link to nobody, and the application's may decide for themselves.
    xDnsPrefetchControl: false,
  });
  policy(
    { headers: {} } as IncomingMessage,
    recorder as unknown as ServerResponse,
    () => undefined,
  );
  headers.set('permissions-policy', 'camera=(), geolocation=(), microphone=(), payment=(), usb=()');
  const split = (isForPages: boolean): FlatHeaders =>
    [...headers].filter(([name]) => FOR_PAGES.has(name) === isForPages).flat();
  return { everywhere: split(false), pages: split(true) };
}

/** Where the forms of a page may lead: browsers hold every redirect that follows a form to `form-action` as well. */
export type FormTargets = "'self'" | '*';

/** The policy of a page of ours: nothing but its own nonced style and script, framed by nobody. */
export function pagePolicy(nonce: string, forms: FormTargets = "'self'"): string {
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    `form-action ${forms}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** Answers that are no page: nothing in them may run or be framed. */
export const DATA_POLICY = "default-src 'none'; frame-ancestors 'none'";

/** What an application's page gets when it says nothing itself: not framed elsewhere, no foreign base. */
export const APPLICATION_POLICY = "frame-ancestors 'self'; base-uri 'self'; object-src 'none'";
