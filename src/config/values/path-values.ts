import { z } from 'zod';
import { accept, refuse, valueType, type Judged, type ValueType } from './value-type.js';

/** Segments of unreserved characters (RFC 3986 §2.3): nothing that two parsers could read differently. */
const PLAIN_PATH = /^(?:\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+$/;

/** A path of plain segments without a slash at the end. */
export const prefix: ValueType<string> = valueType({
  label: 'a path such as /api',
  remedy:
    "start with '/', end without one, and use letters, digits, '-', '_', '~' and, not first, '.'",
  input: z.string(),
  judge: (given) =>
    PLAIN_PATH.test(given) ? accept(given) : refuse('must be a path such as /api'),
});

/** The same, or nothing at all: '' and '/' are the root. */
export const basePath: ValueType<string> = valueType({
  label: 'a path such as /app',
  remedy: `leave it out for the root, else ${prefix.remedy}`,
  input: z.string(),
  judge: (given): Judged<string> => {
    if (given === '' || given === '/') return accept('');
    return PLAIN_PATH.test(given) ? accept(given) : refuse('must be a path such as /app');
  },
});

const BASE = 'http://origin.invalid';

/**
 * A path of our own origin, with query and fragment if need be. Judged by parsing: '//host', '/\\host' and
 * '/.//host' all leave the origin, at once or when the path is written out again.
 */
export const localPath: ValueType<string> = valueType({
  label: 'a local path such as /goodbye',
  remedy: "start with a single '/', without backslashes, spaces or control characters",
  input: z.string(),
  judge: (given): Judged<string> => {
    const fault = refuse('must be a local path such as /goodbye');
    if (!/^\/[\x21-\x5b\x5d-\x7e]*$/.test(given) || given.startsWith('//')) return fault;
    const url = URL.parse(given, BASE);
    if (url === null || url.origin !== BASE || url.pathname.startsWith('//')) return fault;
    return accept(given);
  },
});
