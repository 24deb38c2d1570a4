import type { CsrfConfig, ServerConfig } from '../config/config.types.js';
import { headerOf, type Exchange } from './exchange.js';
import type { FlatHeaders } from './flat-headers.js';

const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE';

const NONE: FlatHeaders = [];
const VARIES: FlatHeaders = ['vary', 'Origin'];

/**
 * CORS for an origin of the exact allow-list, on every answer, so that a page can read a 401 or 503 too.
 * Nothing is reflected that is not configured (Fetch §3.2).
 */
export function corsHeaders(
  origin: string | undefined,
  { allowedOrigins }: Pick<ServerConfig, 'allowedOrigins'>,
): FlatHeaders {
  if (allowedOrigins.length === 0) return NONE;
  if (origin === undefined || !allowedOrigins.includes(origin)) return VARIES;
  return [
    ...VARIES,
    'access-control-allow-origin',
    origin,
    'access-control-allow-credentials',
    'true',
  ];
}

/** Answers a true preflight of an allowed origin; false when it is none. */
export function answerPreflight(
  exchange: Exchange,
  server: ServerConfig,
  csrf: CsrfConfig,
): boolean {
  const origin = headerOf(exchange, 'origin');
  const asked = headerOf(exchange, 'access-control-request-method');
  if (exchange.method !== 'OPTIONS' || origin === undefined || asked === undefined) return false;
  if (!server.allowedOrigins.includes(origin)) return false;
  exchange.res
    .writeHead(204, {
      'Access-Control-Allow-Methods': METHODS,
      'Access-Control-Allow-Headers': `content-type, ${csrf.header}`,
      'Access-Control-Max-Age': '600',
    })
    .end();
  return true;
}
