import { VestibuleError } from '../errors/vestibule.error.js';
import { readBody } from './body.js';
import type { Exchange } from './exchange.js';

/**
 * Reads a form body, at most 64 KiB. Parsed by URLSearchParams, so that a repeated field stays visible.
 * @throws VestibuleError `unsupported_media_type`, `payload_too_large`, `bad_request`
 */
export async function readForm(exchange: Exchange): Promise<URLSearchParams> {
  return new URLSearchParams(await readBody(exchange, 'application/x-www-form-urlencoded'));
}

/** The value of a parameter that may come at most once; a repeated one is refused (RFC 6749 §3.1). */
export function single(parameters: URLSearchParams, name: string): string | undefined {
  const values = parameters.getAll(name);
  if (values.length > 1)
    throw new VestibuleError('bad_request', { detail: `parameter ${name} is repeated` });
  return values[0];
}
