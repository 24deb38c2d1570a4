import { Inject, Injectable } from '@nestjs/common';
import { ProxyRoutesConfig, ServerConfig, type ProxyRouteConfig } from '../config/config.types.js';
import { MAX_RETURN_TO } from '../http/public-url.js';
import { belowBase, judgeTarget } from '../http/request-path.js';
import { ownPrefixes } from '../http/route-table.js';

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const SUSPICIOUS = /[\u0000-\u0020\u007f-\u009f\\\u200b-\u200f\u2028-\u202f\u2060\ufeff]/;

/**
 * Decides where a login may lead: a path of our own origin, or an origin of RETURN_ORIGINS. The value is parsed,
 * judged, and what was parsed is written out again (RFC 9700 §4.11.1). Anything else leads home: an error page
 * would only teach an attacker which strings pass.
 */
@Injectable()
export class ReturnTo {
  private readonly closed: readonly string[];

  constructor(
    @Inject(ServerConfig) private readonly server: ServerConfig,
    @Inject(ProxyRoutesConfig) routes: readonly ProxyRouteConfig[],
  ) {
    this.closed = [...ownPrefixes(), ...routes.map((route) => route.prefix)];
  }

  /** A rooted path with query and fragment, or an absolute URL of an allowed origin. */
  resolve(value: string | undefined): string {
    const place = this.accepted(value);
    // Written out it grows: what would not be taken again must not go out, least of all in an address without end.
    return place !== undefined && place.length <= MAX_RETURN_TO
      ? place
      : `${this.server.basePath}/`;
  }

  private accepted(value: string | undefined): string | undefined {
    if (value === undefined || value.length > MAX_RETURN_TO || SUSPICIOUS.test(value))
      return undefined;
    if (!value.startsWith('/')) return this.foreign(value);
    const url = parse(value, this.server.origin);
    return url?.origin === this.server.origin ? this.local(url) : undefined;
  }

  private foreign(value: string): string | undefined {
    const url = parse(value);
    if (url === undefined || url.username !== '' || url.password !== '') return undefined;
    if (!value.startsWith(`${url.origin}/`) && value !== url.origin) return undefined;
    if (url.origin === this.server.origin) return this.local(url);
    return this.server.returnOrigins.includes(url.origin) ? url.href : undefined;
  }

  /** The serialised path is judged, not the given one: `/..//evil` is parsed to `//evil`. */
  private local(url: URL): string | undefined {
    if (judgeTarget(url.pathname).kind === 'ambiguous') return undefined;
    const path = belowBase(url.pathname, this.server.basePath);
    if (path === undefined || this.isClosed(path)) return undefined;
    return `${url.pathname}${url.search}${url.hash}`;
  }

  /** Routes of ours and proxied prefixes are no place for a person, and would loop. */
  private isClosed(path: string): boolean {
    return this.closed.some((prefix) => path === prefix || path.startsWith(`${prefix}/`));
  }
}

function parse(value: string, base?: string): URL | undefined {
  return URL.parse(value, base) ?? undefined;
}
