import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { CsrfConfig, ServerConfig } from '../config/config.types.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import { answerPreflight, corsHeaders } from '../http/cors.js';
import type { ErrorAnswer } from '../http/error-answer.js';
import { attachExchange, type Exchange } from '../http/exchange.js';
import type { FlatHeaders } from '../http/flat-headers.js';
import type { Edge, RequestHandler, UpgradeEdge } from '../http/listener.adapter.js';
import { MarkedResponse } from '../http/marked-response.js';
import { judgeHead } from '../http/request-head.js';
import { belowBase, judgeTarget } from '../http/request-path.js';
import { RouteMatcher } from '../http/route-matcher.js';
import type { Listener } from '../http/route-table.js';
import type { SecurityHeaders } from '../http/security-headers.js';
import { watchBody } from '../http/unfinished-body.js';
import type { EventLog } from '../logging/event-log.js';
import type { RequestMeter } from '../ops/request-meter.js';

/** A handler that is dispatched before Express. It takes the same table, headers and error answers. */
export type HotHandler = (exchange: Exchange) => Promise<void>;

/** Takes over the connection of a request that asks for a WebSocket. */
export interface UpgradeHandler {
  readonly takes: (req: IncomingMessage) => boolean;
  readonly handle: (exchange: Exchange, socket: Socket, head: Buffer) => Promise<void>;
}

export interface EdgeParts {
  readonly listener: Listener;
  readonly server: ServerConfig;
  readonly csrf: CsrfConfig;
  readonly basePath: string;
  readonly headers: SecurityHeaders;
  /** By route name, for the rows that say `hot`. */
  readonly hot: ReadonlyMap<string, HotHandler>;
  /** What is not in the table: proxied routes, the application's files, or 404. */
  readonly otherwise: HotHandler;
  readonly errors: ErrorAnswer;
  readonly log: EventLog;
  readonly meter: RequestMeter;
  readonly isDraining: () => boolean;
}

const METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
]);

/** Stands for every path outside the base path; no request can have it. */
const OUTSIDE = '\u0000outside';

/** What every request of a listener meets first, in this order: headers, size, method, path, route. */
export function createEdge(parts: EdgeParts): Edge {
  const matcher = new RouteMatcher(parts.listener);
  return (req, res, toExpress) => {
    const exchange = open(req, res, parts);
    watchBody(exchange);
    void answer(exchange, toExpress, parts, matcher);
  };
}

async function answer(
  exchange: Exchange,
  toExpress: RequestHandler,
  parts: EdgeParts,
  matcher: RouteMatcher,
): Promise<void> {
  try {
    await dispatch(exchange, toExpress, parts, matcher);
  } catch (error) {
    try {
      parts.errors.send(exchange, error);
    } catch {
      // An answer that cannot even be an error ends with its connection, not with the process.
      exchange.res.destroy();
    }
  }
}

/**
 * The same for a request that asks for a WebSocket. It has no answer of its own until one is needed: then it gets
 * the one that a plain request would get, and its connection ends.
 */
export function createUpgradeEdge(parts: EdgeParts, upgrades: UpgradeHandler): UpgradeEdge {
  return {
    takes: upgrades.takes,
    handle: (req, duplex, head) => {
      const socket = duplex as Socket;
      // A client that leaves in the middle is no reason to fall over.
      socket.on('error', () => socket.destroy());
      const res = answerOn(socket, req);
      if (res === undefined) return;
      const exchange = open(req, res, parts);
      judgeUpgrade(exchange, parts, upgrades)
        .then(() => upgrades.handle(exchange, socket, head))
        .catch((error: unknown) => parts.errors.send(exchange, error))
        .catch(() => socket.destroy());
    },
  };
}

/** An answer that ends its connection; undefined where an earlier request on it is not answered yet. */
function answerOn(socket: Socket, req: IncomingMessage): MarkedResponse | undefined {
  const res = new MarkedResponse(req);
  try {
    res.assignSocket(socket);
  } catch {
    // An upgrade that is pipelined behind other requests is nothing that a browser sends.
    socket.destroy();
    return undefined;
  }
  res.shouldKeepAlive = false;
  res.once('finish', () => socket.destroySoon());
  return res;
}

async function judgeUpgrade(
  exchange: Exchange,
  { isDraining }: EdgeParts,
  { takes }: UpgradeHandler,
): Promise<void> {
  // Node before 24.9 hands over every upgrade, and cannot answer it as a plain request any more.
  if (!takes(exchange.req)) throw new VestibuleError('bad_request');
  judgeHead(exchange.req);
  if (exchange.path === '') throw new VestibuleError('ambiguous_path');
  if (exchange.path === OUTSIDE) throw new VestibuleError('not_found');
  if (isDraining()) throw new VestibuleError('draining');
}

/** Opens the exchange; `path` is '' where it could not be judged, which no route matches. */
function open(req: IncomingMessage, res: MarkedResponse, parts: EdgeParts): Exchange {
  const target = judgeTarget(req.url ?? '');
  const path = target.kind === 'path' ? belowBase(target.path, parts.basePath) : '';
  const exchange: Exchange = {
    req,
    res,
    id: randomUUID(),
    method: req.method ?? '',
    path: path ?? OUTSIDE,
    search: target.kind === 'path' ? target.search : '',
  };
  res.mark(marksOf(exchange, parts), parts.headers, parts.isDraining);
  parts.meter.follow(res);
  if (parts.log.wants('request.completed')) logWhenCompleted(exchange, parts.log);
  return exchange;
}

/** What every answer says beside the security headers, whoever gives it. */
function marksOf({ req, id }: Exchange, { server }: EdgeParts): FlatHeaders {
  const marks = ['x-request-id', id, 'cache-control', 'no-store'];
  const cors = corsHeaders(req.headers.origin, server);
  return cors.length === 0 ? marks : [...marks, ...cors];
}

function logWhenCompleted({ id, method, res }: Exchange, log: EventLog): void {
  res.once('finish', () => {
    log.event('request.completed', {
      request: id,
      method,
      status: res.statusCode,
      ms: Math.round(performance.now() - res.startedAt),
    });
  });
}

/** What to wait for, where the answer is given before Express. */
function dispatch(
  exchange: Exchange,
  toExpress: RequestHandler,
  parts: EdgeParts,
  matcher: RouteMatcher,
): Promise<void> | undefined {
  judgeHead(exchange.req);
  if (!METHODS.has(exchange.method)) throw new VestibuleError('method_not_allowed');
  if (exchange.path === '') throw new VestibuleError('ambiguous_path');
  if (exchange.path === OUTSIDE) throw new VestibuleError('not_found');
  // To a gateway an answer is leave: what it may make of a preflight its policy says.
  if (parts.listener === 'public' && answerPreflight(exchange, parts.server, parts.csrf))
    return undefined;
  const match = matcher.match(exchange.method, exchange.path);
  switch (match.kind) {
    case 'method':
      exchange.res.setHeader('Allow', match.allow.join(', '));
      throw new VestibuleError('method_not_allowed');
    case 'none':
      return parts.otherwise(exchange);
    case 'route': {
      exchange.res.route = match.route.name;
      const hot = parts.hot.get(match.route.name);
      if (hot !== undefined) return hot(exchange);
      attachExchange(exchange);
      exchange.res.layOut();
      // Express sees what was judged: the path below the base path.
      exchange.req.url = `${exchange.path}${exchange.search}`;
      toExpress(exchange.req, exchange.res);
      return undefined;
    }
  }
}
