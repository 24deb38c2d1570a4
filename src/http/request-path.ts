export type JudgedTarget =
  | { readonly kind: 'path'; readonly path: string; readonly search: string }
  | { readonly kind: 'ambiguous' };

// oxlint-disable-next-line no-control-regex -- control bytes are what is looked for
const UNPRINTABLE = /[\u0000-\u0020\u007f-\uffff]/;
const SEPARATORS = /[\\#]|\/\//;
/** Encoded control bytes, unreserved characters (RFC 3986 §2.3), separators, and separators encoded twice. */
const ENCODED =
  /%(?:[01][0-9a-f]|7f|2[def]|5c|3[0-9]|4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9ae]|25(?:2[ef]|5c|00|25))/i;
/** Dots, with or without path parameters, which some servers cut off (`..;/`), decoding the semicolon first. */
const DOT_SEGMENT = /(?:^|\/)\.{1,2}(?:(?:;|%3b)[^/]*)?(?:\/|$)/i;

/**
 * Judges a raw request target. Only the origin form is taken (RFC 9112 §3.2.1); a path that another parser
 * might normalise differently (RFC 3986 §6.2.2) is ambiguous. The path that is judged is the path that is
 * routed and forwarded, byte for byte.
 */
export function judgeTarget(target: string): JudgedTarget {
  const queryAt = target.indexOf('?');
  const path = queryAt === -1 ? target : target.slice(0, queryAt);
  const search = queryAt === -1 ? '' : target.slice(queryAt);
  if (!path.startsWith('/') || !isUnambiguous(path)) return { kind: 'ambiguous' };
  if (UNPRINTABLE.test(search) || search.includes('#')) return { kind: 'ambiguous' };
  return { kind: 'path', path, search };
}

function isUnambiguous(path: string): boolean {
  if (UNPRINTABLE.test(path) || SEPARATORS.test(path) || DOT_SEGMENT.test(path)) return false;
  return !path.includes('%') || (!ENCODED.test(path) && isValidEncoding(path));
}

/** False for a broken percent sign and for overlong or truncated UTF-8. */
function isValidEncoding(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}

/** The path below the base path, or undefined when it lies outside. */
export function belowBase(path: string, basePath: string): string | undefined {
  if (basePath === '') return path;
  if (path === basePath) return '/';
  return path.startsWith(`${basePath}/`) ? path.slice(basePath.length) : undefined;
}
