import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import * as fc from 'fast-check';
import { attachExchange, type Exchange } from '../../../src/http/exchange.js';
import { RecordedResponse } from '../../support/fake-exchange.js';
import { changed } from './texts.js';

/** Header fields as they came: a name that comes twice does so here as well. */
export type Fields = readonly (readonly [name: string, value: string])[];

/** A header as Node lets it in: its bytes but for control characters (RFC 9110 §5.5). */
export function asFieldValue(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what no parser lets through
  return text.replaceAll(/[\u0000-\u0008\u000a-\u001f\u007f\u0100-\uffff]/g, '').trim();
}

/** Some of the given headers, each with one of its values, changed or not; now and then twice. */
export function fields(
  values: Readonly<Record<string, readonly string[]>>,
  most = 5,
): fc.Arbitrary<Fields> {
  const one = fc.constantFrom(...Object.keys(values)).chain((name) => {
    const known = values[name] ?? [];
    const value = fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...known) },
      { weight: 2, arbitrary: changed(known, 2).map(asFieldValue) },
    );
    return fc.tuple(fc.constant(name), value);
  });
  return fc.array(one, { maxLength: most });
}

export interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly search?: string;
  readonly fields?: Fields;
  readonly body?: string;
  readonly peer?: string;
}

export type FuzzedExchange = Exchange & { readonly res: RecordedResponse };

/** An exchange as the edge opens it, with the headers joined as Node joins them. */
export function exchangeFor(asked: Asked): FuzzedExchange {
  const { method = 'GET', path = '/', search = '', fields: given = [], body, peer } = asked;
  const socket = new Socket();
  Object.defineProperty(socket, 'remoteAddress', { value: peer });
  const req = new IncomingMessage(socket);
  Object.assign(req, { method, url: `${path}${search}` });
  for (const [name, value] of given) {
    req.rawHeaders.push(name, value);
    addHeader(req, name.toLowerCase(), value);
  }
  if (body !== undefined) {
    req.headers['content-length'] = String(Buffer.byteLength(body));
    req.push(body);
  }
  req.push(null);
  const res = new RecordedResponse(req);
  res.setHeader('X-Request-Id', 'request-1');
  const exchange = { req, res, id: 'request-1', method, path, search };
  attachExchange(exchange);
  return exchange;
}

/** Of these Node keeps the first (node:http, message.headers). */
const FIRST: ReadonlySet<string> = new Set([
  'age',
  'authorization',
  'content-length',
  'content-type',
  'etag',
  'expires',
  'from',
  'host',
  'if-modified-since',
  'if-unmodified-since',
  'last-modified',
  'location',
  'max-forwards',
  'proxy-authorization',
  'referer',
  'retry-after',
  'server',
  'user-agent',
]);

function addHeader({ headers }: IncomingMessage, name: string, value: string): void {
  const known = headers[name];
  if (typeof known !== 'string') headers[name] = value;
  else if (!FIRST.has(name)) headers[name] = `${known}${name === 'cookie' ? '; ' : ', '}${value}`;
}
