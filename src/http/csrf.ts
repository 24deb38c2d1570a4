import type { CsrfConfig, ServerConfig } from '../config/config.types.js';
import { headerOf, type Exchange } from './exchange.js';
import type { CsrfRule } from './route-table.js';

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

type OriginConfig = Pick<ServerConfig, 'origin' | 'allowedOrigins'>;

/**
 * True when a request may act: it carries the static header, which a foreign page cannot send without a
 * preflight that we refuse, and the browser, where it says so, calls it our own page's
 * (draft-ietf-oauth-browser-based-apps §6.1.3.3).
 */
export function provesOwnPage(exchange: Exchange, csrf: CsrfConfig, server: OriginConfig): boolean {
  return headerOf(exchange, csrf.header) === csrf.value && comesFromOwnPage(exchange, server);
}

/** What the browser itself tells of the sender: Sec-Fetch-Site first, else Origin; silence passes. */
export function comesFromOwnPage(exchange: Exchange, server: OriginConfig): boolean {
  const origin = headerOf(exchange, 'origin');
  if (origin !== undefined && server.allowedOrigins.includes(origin)) return true;
  const site = headerOf(exchange, 'sec-fetch-site');
  if (site !== undefined) return site === 'same-origin';
  return origin === undefined || origin === server.origin;
}

/** True where the browser names our own page as the sender by `Origin`, which must be there (RFC 6455 §10.2). */
export function hasOwnOrigin(exchange: Exchange, server: OriginConfig): boolean {
  const origin = headerOf(exchange, 'origin');
  return (
    origin !== undefined && (origin === server.origin || server.allowedOrigins.includes(origin))
  );
}

/** True for a read that no other site started. */
export function isOwnRead(exchange: Exchange, server: OriginConfig): boolean {
  const origin = headerOf(exchange, 'origin');
  if (origin !== undefined && server.allowedOrigins.includes(origin)) return true;
  const site = headerOf(exchange, 'sec-fetch-site');
  if (site !== undefined) return site !== 'cross-site';
  return origin === undefined || origin === server.origin;
}

/** Methods that ask for nothing to change (RFC 9110 §9.2.1). */
export function isSafeMethod(method: string): boolean {
  return SAFE_METHODS.has(method);
}

/** Judges a request by its row of the route table. */
export function passesCsrf(
  rule: CsrfRule,
  exchange: Exchange,
  csrf: CsrfConfig,
  server: OriginConfig,
): boolean {
  if (typeof rule === 'object') return true;
  switch (rule) {
    case 'header':
      return provesOwnPage(exchange, csrf, server);
    case 'safe-read':
      return SAFE_METHODS.has(exchange.method) && isOwnRead(exchange, server);
    case 'navigation':
      return SAFE_METHODS.has(exchange.method);
    default: {
      const unknown: never = rule;
      return unknown;
    }
  }
}
