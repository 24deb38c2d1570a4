import { Inject, Injectable } from '@nestjs/common';
import { ServerConfig } from '../config/config.types.js';
import { ClientAddress } from './client-address.js';
import type { Exchange } from './exchange.js';

/** What a gateway says of the request that it has in hand. */
export interface ForwardedRequest {
  readonly method?: string;
  /** Path and query as they came: told, never decided by. */
  readonly target?: string;
}

export type ForwardedReading =
  /** Said by a trusted proxy; what it does not say is absent. */
  | { readonly kind: 'told'; readonly request: ForwardedRequest }
  /** Said by somebody whom we do not trust: worth nothing, and so is the request that brings it. */
  | { readonly kind: 'hearsay' }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'malformed'; readonly detail: string };

const NOTHING: ForwardedReading = { kind: 'nothing' };
const HEARSAY: ForwardedReading = { kind: 'hearsay' };

/** Traefik, Caddy and Envoy write X-Forwarded-*, recipes for nginx X-Original-*. */
const NAMES = [
  'x-forwarded-method',
  'x-forwarded-uri',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-original-method',
  'x-original-uri',
  'x-original-url',
] as const;

type Headers = Readonly<Record<string, string | string[] | undefined>>;

const MAX_TARGET = 16_384;
/** RFC 9110 §9.1, of a length that a method may have. */
const METHOD = /^[A-Za-z-]{1,32}$/;
/** Traefik calls the handshake of a WebSocket by its own scheme. */
const PROTO = /^(?:https?|wss?)$/;
const HOST = /^[A-Za-z0-9._~:[\]-]{1,255}$/;
/** RFC 9112 §3.2.1: a rooted path with every percent sign an escape, and a query, of printable ASCII. */
const ORIGIN_FORM = /^\/(?:[!"$&->@-[\]-~]|%[0-9A-Fa-f]{2})*(?:\?[!"$-~]*)?$/;
/** ingress-nginx writes the whole address into X-Original-URL. */
const ORIGIN = /^https?:\/\/[^/?#@\\\s]+(?=\/)/;

/**
 * Reads what a gateway says of another request in `X-Forwarded-Method`, `-Uri`, `-Proto`, `-Host` and
 * `X-Original-Method`, `-URI`, `-URL`. Any client can write these: only a peer of TRUST_PROXY is believed, and only
 * where each header comes once, is what it should be, and contradicts no other.
 */
@Injectable()
export class ForwardedRequests {
  private readonly peers: ClientAddress;

  constructor(@Inject(ServerConfig) server: ServerConfig) {
    this.peers = new ClientAddress(server.trustProxy);
  }

  of({ req }: Exchange): ForwardedReading {
    const headers: Headers = req.headers;
    if (!NAMES.some((name) => headers[name] !== undefined)) return NOTHING;
    return this.peers.isProxy(req) ? judge(headers) : HEARSAY;
  }
}

function judge(headers: Headers): ForwardedReading {
  const methods = valuesOf(headers, 'x-forwarded-method', 'x-original-method');
  if (!methods.every((method) => METHOD.test(method))) return malformed('method');
  const targets = [
    ...valuesOf(headers, 'x-forwarded-uri', 'x-original-uri'),
    ...valuesOf(headers, 'x-original-url').map((url) => url.replace(ORIGIN, '')),
  ];
  if (!targets.every(isTarget)) return malformed('address');
  if (!valuesOf(headers, 'x-forwarded-proto').every((proto) => PROTO.test(proto)))
    return malformed('scheme');
  if (!valuesOf(headers, 'x-forwarded-host').every((host) => HOST.test(host)))
    return malformed('host');
  if (new Set(methods).size > 1 || new Set(targets).size > 1)
    return malformed('X-Forwarded-* and X-Original-* contradict each other');
  const [[method], [target]] = [methods, targets];
  return {
    kind: 'told',
    request: { ...(method !== undefined && { method }), ...(target !== undefined && { target }) },
  };
}

/** Node joins headers that are repeated by a comma and a space, which none of these values may have. */
function valuesOf(headers: Headers, ...names: readonly (typeof NAMES)[number][]): string[] {
  return names.flatMap((name) => headers[name] ?? []);
}

function isTarget(target: string): boolean {
  return target.length <= MAX_TARGET && ORIGIN_FORM.test(target);
}

function malformed(what: string): ForwardedReading {
  return { kind: 'malformed', detail: `a gateway forwards what is no request: ${what}` };
}
