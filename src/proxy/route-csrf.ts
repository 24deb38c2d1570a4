import type { ProxyRouteConfig } from '../config/config.types.js';
import { headerOf, type Exchange } from '../http/exchange.js';
import type { OwnPage } from '../http/own-page.js';

/**
 * Whether a call comes from our own pages, by the rule of its route. What a page links to or streams cannot carry
 * a header, but the browser itself says where it comes from (Fetch Metadata): same-origin, and no page of its own
 * unless the route is there to be saved as a file. Without these headers nothing passes.
 */
export function isOwnCall(exchange: Exchange, route: ProxyRouteConfig, ownPage: OwnPage): boolean {
  if (ownPage.isProvenBy(exchange)) return true;
  if (route.csrf !== 'fetch-metadata') return false;
  if (headerOf(exchange, 'sec-fetch-site') !== 'same-origin') return false;
  const mode = headerOf(exchange, 'sec-fetch-mode');
  const destination = headerOf(exchange, 'sec-fetch-dest');
  if (mode === 'navigate') return route.download && destination === 'document';
  return LOADS.has(mode ?? '') && PARTS.has(destination ?? '');
}

/** Modes of what a page loads or reads; a WebSocket is judged elsewhere. */
const LOADS: ReadonlySet<string> = new Set(['cors', 'no-cors', 'same-origin']);

/** What a page is made of or reads. A frame would be a page inside ours, a service worker would outlive it. */
const PARTS: ReadonlySet<string> = new Set([
  'audio',
  'audioworklet',
  'empty',
  'font',
  'image',
  'json',
  'manifest',
  'paintworklet',
  'script',
  'sharedworker',
  'style',
  'track',
  'video',
  'worker',
  'xslt',
]);
