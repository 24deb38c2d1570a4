import type { IncomingHttpHeaders } from 'node:http';
import { LRUCache } from 'lru-cache';
import { hasName, type FlatHeaders } from '../http/flat-headers.js';

/** Meant for one connection (RFC 9110 §7.6.1), beside whatever `Connection` names. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** What only we may say to an upstream. */
const OURS: ReadonlySet<string> = new Set([
  'authorization',
  'host',
  'forwarded',
  'x-real-ip',
  'x-request-id',
  'expect',
  'cookie',
  // Said of the client by servers in front, by other names.
  'true-client-ip',
  'x-client-ip',
  'remote-user',
  // CGI takes it for the address of a proxy (httpoxy, CVE-2016-5385).
  'proxy',
  // Another method than the one that the route lets through (ATK-19).
  'x-http-method-override',
  'x-http-method',
  'x-method-override',
]);
const OURS_PREFIXES: readonly string[] = ['x-forwarded-', 'x-auth-', 'x-original-', 'x-rewrite-'];

/**
 * Answers that an upstream must not give in our name: they hold for the whole origin, not for its own path.
 * Network error reports, for one, would tell it the addresses of our callback.
 */
const NOT_BACK: ReadonlySet<string> = new Set([
  'alt-svc',
  'clear-site-data',
  'edge-control',
  'nel',
  'report-to',
  'reporting-endpoints',
  'service-worker-allowed',
  'set-cookie',
  'strict-transport-security',
  'surrogate-control',
  'x-request-id',
  'x-sendfile',
]);

export interface ForwardedBy {
  readonly accessToken?: string;
  /** Who calls. */
  readonly identity: FlatHeaders;
  readonly clientAddress: string;
  readonly proto: string;
  readonly host: string;
  readonly requestId: string;
  /** Names of cookies that stay here. */
  readonly ownCookies: readonly string[];
}

/** What of an upstream's answer may do more than data. */
export interface AnswerPolicy {
  /** `pages`: a frontend of our own; `documents`: its pages run as ours; `data`: nothing of it runs. */
  readonly content: 'pages' | 'documents' | 'data';
  /** Opened as a page it is saved, not shown. */
  readonly download: boolean;
}

/**
 * The headers of the forwarded request: the client's without hop-by-hop and managed ones and without our
 * cookies, and only then ours. Whatever is no letter or digit counts as a hyphen, because some servers (CGI) fold
 * it.
 */
export function toUpstreamHeaders(client: IncomingHttpHeaders, by: ForwardedBy): string[] {
  const named = connectionNames(client.connection);
  const headers: string[] = [];
  for (const name in client) {
    const value = client[name];
    if (value === undefined || named?.has(name) === true || isManaged(name)) continue;
    if (typeof value === 'string') headers.push(name, value);
    else for (const one of value) headers.push(name, one);
  }
  const cookies = foreignCookies(client.cookie, by.ownCookies);
  if (cookies !== '') headers.push('cookie', cookies);
  if (by.accessToken !== undefined) headers.push('authorization', `Bearer ${by.accessToken}`);
  headers.push('x-forwarded-for', by.clientAddress);
  headers.push('x-forwarded-proto', by.proto);
  headers.push('x-forwarded-host', by.host);
  headers.push('x-request-id', by.requestId);
  headers.push(...by.identity);
  return headers;
}

/** The upstream's answer headers that reach the browser, as a flat list of names and values. */
export function toClientHeaders(
  upstream: IncomingHttpHeaders,
  ownCookies: readonly string[],
  policy: AnswerPolicy,
): string[] {
  const headers: string[] = [];
  const named = connectionNames(upstream.connection);
  const ours = imposed(upstream, policy);
  for (const name in upstream) {
    const value = upstream[name];
    if (value === undefined || named?.has(name) === true || !isForClient(name)) continue;
    if (hasName(ours, name)) continue;
    if (typeof value === 'string') headers.push(name, value);
    else for (const one of value) headers.push(name, one);
  }
  for (const cookie of upstream['set-cookie'] ?? [])
    if (isTheirs(cookie, ownCookies)) headers.push('set-cookie', cookie);
  headers.push(...ours);
  return headers;
}

/** False for what is meant for one connection, or would speak in our name. */
function isForClient(name: string): boolean {
  return (
    !HOP_BY_HOP.has(name) &&
    !NOT_BACK.has(name) &&
    !name.startsWith('access-control-') &&
    !isForServerInFront(name)
  );
}

/**
 * What a server in front of us would obey instead of our `Cache-Control`: the targeted fields of RFC 9213, and nginx's
 * own, one of which also serves a file of its own in the place of the answer. Not to buffer a stream may be asked.
 */
function isForServerInFront(name: string): boolean {
  if (name.startsWith('x-accel-')) return name !== 'x-accel-buffering';
  return name.endsWith('-cache-control');
}

/** What we say of the answer, whatever the upstream says. */
function imposed(upstream: IncomingHttpHeaders, { content, download }: AnswerPolicy): string[] {
  const headers = ['x-content-type-options', 'nosniff'];
  if (content === 'pages') return headers;
  if (!isPrivate(upstream['cache-control'])) headers.push('cache-control', 'no-store');
  if (content === 'data' && isDocument(upstream['content-type']))
    headers.push('content-security-policy', 'sandbox');
  if (download && !isAttachment(upstream['content-disposition']))
    headers.push('content-disposition', 'attachment');
  return headers;
}

/** Undefined where `Connection` names nothing, which is nearly always. */
function connectionNames(connection: string | undefined): ReadonlySet<string> | undefined {
  if (connection === undefined || connection === 'keep-alive') return undefined;
  return new Set(connection.split(',').map((name) => name.trim().toLowerCase()));
}

/** The same few names come with every request; strangers must not be able to fill the memory with others. */
const JUDGED_NAMES = new LRUCache<string, boolean>({ max: 500 });

function isManaged(name: string): boolean {
  const known = JUDGED_NAMES.get(name);
  if (known !== undefined) return known;
  const folded = name.replace(/[^a-z0-9]/g, '-');
  const managed =
    HOP_BY_HOP.has(folded) ||
    OURS.has(folded) ||
    OURS_PREFIXES.some((prefix) => folded.startsWith(prefix));
  JUDGED_NAMES.set(name, managed);
  return managed;
}

function foreignCookies(header: string | undefined, own: readonly string[]): string {
  if (header === undefined) return '';
  const pairs = header.split(';').map((pair) => pair.trim());
  return pairs.filter((pair) => pair !== '' && !own.includes(cookieName(pair))).join('; ');
}

/** One without a name is sent back as its value alone, which may read like a cookie of ours (RFC 6265bis §5.7). */
function isTheirs(cookie: string, ownCookies: readonly string[]): boolean {
  const name = cookieName(cookie);
  return (
    name !== '' && cookie.split(';', 1)[0]?.includes('=') === true && !ownCookies.includes(name)
  );
}

function cookieName(pair: string): string {
  return pair.split('=', 1)[0]?.trim() ?? '';
}

/** An answer to a session may be kept by the browser that asked, if the upstream says so, and by nobody else. */
function isPrivate(cacheControl: string | undefined): boolean {
  return (
    cacheControl !== undefined && /(?:^|[\s,])(?:private|no-store)(?:$|[\s,])/i.test(cacheControl)
  );
}

/** What a browser would run as a page of our origin. */
function isDocument(contentType: string | undefined): boolean {
  return contentType !== undefined && /(?:html|xml|svg)/i.test(contentType);
}

function isAttachment(disposition: string | undefined): boolean {
  return disposition !== undefined && /^\s*attachment\b/i.test(disposition);
}
