import type { IncomingMessage } from 'node:http';
import { VestibuleError } from '../errors/vestibule.error.js';

/** RFC 9110 §4.1 asks for 8000 octets at least; most proxies stop at 8 KiB. */
const MOST_URI = 12_288;
/**
 * What Apache and Envoy take; a browser behind three proxies sends half of it. Node stops at 2000, and its older versions drop what
 * is beyond without a word: a proxy's X-Forwarded-For stands at the end.
 */
const MOST_FIELDS = 100;
/** Browsers keep no more than 180 for one host. */
const MOST_COOKIES = 200;
/** The least that so many cookies take: `a;`. */
const COOKIES_LENGTH = 2 * MOST_COOKIES;

/**
 * Refuses a request whose head is larger than anything that is asked here needs, or whose body nobody here can read. All of
 * the head together has 16 KiB, which Node's parser sees to (431).
 * @throws VestibuleError `uri_too_long`, `header_fields_too_large`, `not_implemented`, `bad_request`
 */
export function judgeHead(request: IncomingMessage): void {
  const { url = '', rawHeaders, headers } = request;
  judgeTransferCoding(request);
  if (url.length > MOST_URI) throw new VestibuleError('uri_too_long');
  const { cookie = '' } = headers;
  // rawHeaders is a flat list of names and values.
  const isTooMuch = rawHeaders.length > 2 * MOST_FIELDS || hasManyCookies(cookie);
  if (isTooMuch) throw new VestibuleError('header_fields_too_large');
}

/**
 * A body leaves here in chunks whatever coding it came in, so another coding's meaning would be lost on the way (RFC 9112
 * §6.1); and framing by chunks is faulty in HTTP/1.0.
 */
function judgeTransferCoding({ headers, httpVersion }: IncomingMessage): void {
  const { 'transfer-encoding': coding } = headers;
  if (coding === undefined) return;
  if (coding.toLowerCase() !== 'chunked') throw new VestibuleError('not_implemented');
  if (httpVersion === '1.0') throw new VestibuleError('bad_request');
}

function hasManyCookies(cookie: string): boolean {
  return cookie.length > COOKIES_LENGTH && cookie.split(';').length > MOST_COOKIES;
}
