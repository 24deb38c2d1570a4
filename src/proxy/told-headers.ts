import type { IncomingHttpHeaders } from 'node:http';

/** Of these the first counts, as Node's own parser has it; a second one is another opinion, which nobody shall follow. */
const SINGLE: ReadonlySet<string> = new Set([
  'age',
  'content-disposition',
  'content-length',
  'content-type',
  'etag',
  'expires',
  'last-modified',
  'location',
  'retry-after',
  'server',
]);

/**
 * The header fields of an answer as undici tells them, in the shape of `IncomingHttpHeaders`: there one field is a text and
 * several of a name are a list, whatever the name is. What is judged is then what is sent.
 */
export function asIncoming(
  told: Readonly<Record<string, string | readonly string[] | undefined>>,
): IncomingHttpHeaders {
  const headers: IncomingHttpHeaders = {};
  for (const name in told) {
    const value = told[name];
    if (value === undefined) continue;
    if (name === 'set-cookie') headers[name] = typeof value === 'string' ? [value] : [...value];
    else if (typeof value === 'string') headers[name] = value;
    else headers[name] = SINGLE.has(name) ? value[0] : value.join(', ');
  }
  return headers;
}
