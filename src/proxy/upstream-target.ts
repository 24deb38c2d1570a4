import type { Exchange } from '../http/exchange.js';

/** Where a route leads. */
export interface Target {
  readonly origin: string;
  /** The upstream's own path, '' or without a slash at the end. */
  readonly base: string;
  /** What of the request's path makes way for it. */
  readonly prefix: string;
}

/** The target of a configured upstream, parsed once. */
export function parseTarget(upstream: string, prefix: string): Target {
  const { origin, pathname } = new URL(upstream);
  return { origin, base: pathname === '/' ? '' : pathname, prefix };
}

/** The prefix makes way for the upstream's own path; the rest goes on byte for byte. */
export function targetOf(
  { origin, base, prefix }: Target,
  { path, search }: Exchange,
): { origin: string; path: string } {
  const rest = path.slice(prefix.length) || '/';
  return { origin, path: `${base}${rest}${search}` };
}
