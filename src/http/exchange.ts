import type { IncomingMessage } from 'node:http';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { LiveSession } from '../domain/session.js';
import type { MarkedResponse } from './marked-response.js';

/** One request and its answer, as the edge opened it: what was judged once and is used everywhere. */
export interface Exchange {
  readonly req: IncomingMessage;
  readonly res: MarkedResponse;
  /** Request id: in the answer's X-Request-Id, in every error and every log line. */
  readonly id: string;
  readonly method: string;
  /** Below BASE_PATH, judged unambiguous. */
  readonly path: string;
  /** '' or '?…', as it came. */
  readonly search: string;
  /** Who sent it, once somebody has looked. Told in the audit stream, decides nothing. */
  session?: LiveSession;
}

const EXCHANGE = Symbol('exchange');

export function attachExchange(exchange: Exchange): void {
  Object.defineProperty(exchange.req, EXCHANGE, { value: exchange });
}

/** The exchange of a request that came through the edge. */
export function exchangeOf(req: object): Exchange {
  const exchange: unknown = Reflect.get(req, EXCHANGE);
  if (exchange === undefined) throw new TypeError('a request came in beside the edge');
  return exchange as Exchange;
}

/** Injects the exchange into a controller's handler. */
export const Http = createParamDecorator((_data: unknown, context: ExecutionContext): Exchange =>
  exchangeOf(context.switchToHttp().getRequest<object>()),
);

/** The value of a header that may come once; several are joined by Node or the first is taken. */
export function headerOf(exchange: Exchange, name: string): string | undefined {
  const value = exchange.req.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** What a person recognises a device by: the beginning of the User-Agent. */
export function clientNameOf(exchange: Exchange): string {
  return (headerOf(exchange, 'user-agent') ?? '').slice(0, 200);
}

/**
 * A page load by a person, as opposed to a fetch, a frame or an image. Browsers tell by Sec-Fetch-*; without
 * these headers an `Accept: text/html` and no `X-Requested-With` must do.
 */
export function isNavigation(exchange: Exchange): boolean {
  const mode = headerOf(exchange, 'sec-fetch-mode');
  const dest = headerOf(exchange, 'sec-fetch-dest');
  if (mode !== undefined || dest !== undefined) return mode === 'navigate' && dest === 'document';
  const accept = headerOf(exchange, 'accept') ?? '';
  return accept.includes('text/html') && headerOf(exchange, 'x-requested-with') === undefined;
}

/** What the browser itself tells is no page load: an image, a fetch, a frame, a speculative load. Silence passes. */
export function isNoPageLoad(exchange: Exchange): boolean {
  const isTold = ['sec-fetch-mode', 'sec-fetch-dest'].some(
    (name) => headerOf(exchange, name) !== undefined,
  );
  return isPrefetch(exchange) || (isTold && !isNavigation(exchange));
}

/** True for a speculative load, which must neither start nor end anything. */
export function isPrefetch(exchange: Exchange): boolean {
  const purpose = headerOf(exchange, 'sec-purpose') ?? headerOf(exchange, 'purpose') ?? '';
  return purpose.includes('prefetch') || purpose.includes('prerender');
}
