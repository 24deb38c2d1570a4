import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { attachExchange, type Exchange } from '../../src/http/exchange.js';
import { MarkedResponse } from '../../src/http/marked-response.js';

/** A response that keeps what was sent instead of writing it to a socket. */
export class RecordedResponse extends MarkedResponse {
  body = '';

  override end(...args: unknown[]): this {
    const [chunk] = args;
    if (typeof chunk === 'string') this.body += chunk;
    return super.end();
  }

  get json(): unknown {
    return JSON.parse(this.body);
  }
}

interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly search?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** What a body reader finds in the request. */
  readonly body?: string;
}

/** An exchange as the edge opens it, without a connection. */
export function fakeExchange(asked: Asked = {}): Exchange & { readonly res: RecordedResponse } {
  const { method = 'GET', path = '/', search = '', headers = {}, body } = asked;
  const req = new IncomingMessage(new Socket());
  Object.assign(req, { method, url: `${path}${search}`, headers });
  if (body !== undefined) req.headers['content-length'] = String(Buffer.byteLength(body));
  req.push(body ?? null);
  if (body !== undefined) req.push(null);
  const res = new RecordedResponse(req);
  res.setHeader('X-Request-Id', 'request-1');
  const exchange = { req, res, id: 'request-1', method, path, search };
  attachExchange(exchange);
  return exchange;
}
