import { VestibuleError } from '../errors/vestibule.error.js';
import { mediaTypeOf, readBody } from './body.js';
import type { Exchange } from './exchange.js';

const JSON_TYPE = 'application/json';
/** A string, or one of the characters that say where in a JSON text it stands. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:]/g;

/** True when the body is declared as exactly this type, which no form of a foreign page can send. */
export function isJson(exchange: Exchange): boolean {
  return mediaTypeOf(exchange) === JSON_TYPE;
}

/**
 * Reads a JSON object, at most 64 KiB. A member that comes twice is refused: parsers differ on which one counts
 * (RFC 8259 §4).
 * @throws VestibuleError `unsupported_media_type`, `payload_too_large`, `bad_request`
 */
export async function readJsonObject(exchange: Exchange): Promise<ReadonlyMap<string, unknown>> {
  const text = await readBody(exchange, JSON_TYPE);
  const value = parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse('no JSON object');
  const names = memberNames(text);
  if (new Set(names).size !== names.length) refuse('a JSON member is repeated');
  return new Map(Object.entries(value));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message would quote the body, and with it a code.
    return refuse('no JSON');
  }
}

/** The names of the outermost members, repetitions included, of a text that is a valid JSON object. */
function memberNames(text: string): string[] {
  const names: string[] = [];
  let depth = 0;
  let last = '';
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === '{' || token === '[') depth += 1;
    else if (token === '}' || token === ']') depth -= 1;
    else if (token === ':' && depth === 1) names.push(JSON.parse(last) as string);
    last = token;
  }
  return names;
}

function refuse(detail: string): never {
  throw new VestibuleError('bad_request', { detail });
}
