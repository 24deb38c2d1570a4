import type { IncomingHttpHeaders } from 'node:http';
import { text } from 'express';
import { VestibuleError } from '../errors/vestibule.error.js';
import { headerOf, type Exchange } from './exchange.js';

const LIMIT_BYTES = 65_536;
/** A body that drips in longer than this loses its connection (slowloris). */
const LIMIT_MS = 15_000;
const readText = text({ type: () => true, limit: LIMIT_BYTES, defaultCharset: 'utf-8' });

/** A message has a body when its framing says so, whatever the method (RFC 9112 §6.3). */
export function hasBody(headers: IncomingHttpHeaders): boolean {
  const { 'content-length': length, 'transfer-encoding': encoding } = headers;
  return encoding !== undefined || (length !== undefined && length !== '0');
}

/** The media type of a request in lower case, without parameters such as charset. */
export function mediaTypeOf(exchange: Exchange): string | undefined {
  return headerOf(exchange, 'content-type')?.split(';')[0]?.trim().toLowerCase();
}

/**
 * Reads a body of one media type as text, at most 64 KiB; '' where there is none.
 * @throws VestibuleError `unsupported_media_type`, `payload_too_large`, `bad_request`
 */
export async function readBody(exchange: Exchange, type: string): Promise<string> {
  if (mediaTypeOf(exchange) !== type) throw new VestibuleError('unsupported_media_type');
  // The parser reads a body to its end before it says that it is too large.
  if (Number(headerOf(exchange, 'content-length') ?? 0) > LIMIT_BYTES)
    throw new VestibuleError('payload_too_large');
  const late = setTimeout(() => exchange.req.destroy(), LIMIT_MS);
  const body = await new Promise<unknown>((resolve, reject) => {
    readText(exchange.req, exchange.res, (error?: unknown) => {
      if (error === undefined) resolve(Reflect.get(exchange.req, 'body'));
      else reject(toBodyError(error));
    });
  }).finally(() => clearTimeout(late));
  return typeof body === 'string' ? body : '';
}

function toBodyError(error: unknown): VestibuleError {
  const status: unknown = error instanceof Error ? Reflect.get(error, 'status') : undefined;
  return new VestibuleError(status === 413 ? 'payload_too_large' : 'bad_request', { cause: error });
}
