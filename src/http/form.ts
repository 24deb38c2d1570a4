import { text } from 'express';
import { VestibuleError } from '../errors/vestibule.error.js';
import type { Exchange } from './exchange.js';

const FORM = 'application/x-www-form-urlencoded';
const LIMIT_BYTES = 65_536;
/** A form that drips in longer than this loses its connection (slowloris). */
const LIMIT_MS = 15_000;
const readText = text({ type: FORM, limit: LIMIT_BYTES, defaultCharset: 'utf-8' });

/**
 * Reads a form body, at most 64 KiB. Parsed by URLSearchParams, so that a repeated field stays visible.
 * @throws VestibuleError `unsupported_media_type`, `payload_too_large`, `bad_request`
 */
export async function readForm(exchange: Exchange): Promise<URLSearchParams> {
  const type = exchange.req.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type !== FORM) throw new VestibuleError('unsupported_media_type');
  const late = setTimeout(() => exchange.req.destroy(), LIMIT_MS);
  const body = await new Promise<unknown>((resolve, reject) => {
    readText(exchange.req, exchange.res, (error?: unknown) => {
      if (error === undefined) resolve(Reflect.get(exchange.req, 'body'));
      else reject(toFormError(error));
    });
  }).finally(() => clearTimeout(late));
  return new URLSearchParams(typeof body === 'string' ? body : '');
}

function toFormError(error: unknown): VestibuleError {
  const status: unknown = error instanceof Error ? Reflect.get(error, 'status') : undefined;
  return new VestibuleError(status === 413 ? 'payload_too_large' : 'bad_request', { cause: error });
}

/** The value of a parameter that may come at most once; a repeated one is refused (RFC 6749 §3.1). */
export function single(parameters: URLSearchParams, name: string): string | undefined {
  const values = parameters.getAll(name);
  if (values.length > 1)
    throw new VestibuleError('bad_request', { detail: `parameter ${name} is repeated` });
  return values[0];
}
