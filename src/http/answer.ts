import { randomBytes } from 'node:crypto';
import { errorEntry } from '../errors/error-catalogue.js';
import { toProblem } from '../errors/problem-details.js';
import type { VestibuleError } from '../errors/vestibule.error.js';
import { isNavigation, type Exchange } from './exchange.js';
import { errorPage } from './pages/error.page.js';
import type { Page } from './pages/html.js';
import { DATA_POLICY, pagePolicy, type FormTargets } from './security-headers.js';

export function sendJson(
  exchange: Exchange,
  status: number,
  body: object,
  type = 'application/json',
): void {
  sendJsonText(exchange, status, JSON.stringify(body), type);
}

/** The same with a body that is JSON already. */
export function sendJsonText(
  exchange: Exchange,
  status: number,
  text: string,
  type = 'application/json',
): void {
  sendText(exchange, status, text, `${type}; charset=utf-8`);
}

/** Text that no browser shows as a page. */
export function sendText(exchange: Exchange, status: number, text: string, type: string): void {
  const length = Buffer.byteLength(text);
  exchange.res.isData = true;
  exchange.res
    .writeHead(status, [
      'content-type',
      type,
      'content-length',
      String(length),
      'content-security-policy',
      DATA_POLICY,
    ])
    // Of as many bytes as characters, it is ASCII: Node need not encode it.
    .end(text, length === text.length ? 'latin1' : 'utf8');
}

export function sendPage(
  exchange: Exchange,
  status: number,
  page: Page,
  forms?: FormTargets,
): void {
  const nonce = randomBytes(16).toString('base64url');
  const text = page(nonce).markup;
  exchange.res
    .writeHead(status, {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Length': Buffer.byteLength(text),
      'Content-Security-Policy': pagePolicy(nonce, forms),
    })
    .end(text);
}

/** An empty page that these origins may frame, and nobody else (Front-Channel Logout 1.0 §2). */
export function sendFramed(exchange: Exchange, origins: readonly string[]): void {
  exchange.res.removeHeader('X-Frame-Options');
  exchange.res.setHeader('Cross-Origin-Resource-Policy', 'cross-origin');
  exchange.res
    .writeHead(200, {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Length': 0,
      'Content-Security-Policy': `default-src 'none'; frame-ancestors ${origins.join(' ')}`,
    })
    .end();
}

/** 302 for a GET that moves on, 303 after a POST or a callback: the browser follows with GET (RFC 9700 §4.12). */
export function sendRedirect(exchange: Exchange, status: 302 | 303, location: string): void {
  exchange.res.writeHead(status, { Location: location, 'Content-Length': 0 }).end();
}

/** An error of the catalogue: a page for a person who navigates, RFC 9457 for everything else. */
export function sendError(
  exchange: Exchange,
  error: VestibuleError,
  links: { readonly login: string },
): void {
  const { res } = exchange;
  if (res.headersSent) {
    res.destroy();
    return;
  }
  const { retryAfter } = errorEntry(error.code);
  if (retryAfter !== undefined) res.setHeader('Retry-After', retryAfter);
  const problem = toProblem(error, exchange.id);
  if (isNavigation(exchange)) sendPage(exchange, error.status, errorPage(problem, links));
  else sendJson(exchange, error.status, problem, 'application/problem+json');
}
