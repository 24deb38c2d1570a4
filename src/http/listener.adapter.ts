import { createServer, IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { ExpressAdapter } from '@nestjs/platform-express';
import express from 'express';
import { IdleConnections } from './idle-connections.js';
import { MarkedResponse } from './marked-response.js';

/** How often it is looked for clients that are late, and for connections that nobody uses. */
const CHECK_MS = 5_000;
/** Longer than the minute for which load balancers keep a connection, so that they close it first. */
const KEEP_ALIVE_MS = 65_000;

export type RequestHandler = (req: IncomingMessage, res: ServerResponse) => void;

/** What judges an upgrade: `head` is what the client has sent behind its request. */
export type UpgradeEdge = {
  /** True for a request that it takes; any other is answered as a plain one (RFC 9110 §7.8 allows to ignore it). */
  readonly takes: (req: IncomingMessage) => boolean;
  readonly handle: (req: IncomingMessage, socket: Duplex, head: Buffer) => void;
};

/** What stands before Express: sees every request first and hands on what belongs to a controller. */
export type Edge = (req: IncomingMessage, res: MarkedResponse, toExpress: RequestHandler) => void;

/**
 * Nest's Express adapter with our edge before Express. `listen`, `close` and the shutdown hooks stay Nest's;
 * until the edge is set every request is refused.
 */
export class ListenerAdapter extends ExpressAdapter {
  private edge: Edge = (_req, res) => {
    res.writeHead(503, { 'Retry-After': 1, 'Content-Length': 0 }).end();
  };

  private readonly connections = new IdleConnections(KEEP_ALIVE_MS);

  constructor() {
    super(hardened(express()));
  }

  /** Closes connections on which no request runs. Node leaves out those that have not asked for anything yet. */
  closeIdle(): void {
    (this.getHttpServer() as Server).closeIdleConnections();
    this.connections.closeSilent();
  }

  useEdge(edge: Edge): void {
    this.edge = edge;
  }

  /** Without this no upgrade is ever made. */
  useUpgrades({ takes, handle }: UpgradeEdge): void {
    const server = this.getHttpServer() as Server & {
      shouldUpgradeCallback?: (req: IncomingMessage) => boolean;
    };
    // Node before 24.9 hands over every upgrade: there the edge refuses what it does not take.
    server.shouldUpgradeCallback = takes;
    server.on('upgrade', (req, socket, head) => {
      this.connections.forget(req.socket);
      handle(req, socket, head);
    });
  }

  /**
   * Nest answers for every handler that returns, ours included, which have written their answers themselves. To one without
   * a body, or that is fresh to the client, Express would then add to a head that is gone, and fail.
   */
  override reply(response: ServerResponse, body: unknown, status?: number): unknown {
    return response.headersSent ? undefined : super.reply(response, body, status);
  }

  override initHttpServer(): void {
    const toExpress = this.getInstance<RequestHandler>();
    const server: Server<typeof IncomingMessage, typeof MarkedResponse> = createServer(
      {
        ServerResponse: MarkedResponse,
        connectionsCheckingInterval: CHECK_MS,
        // A request that announces no body is no stream to be read to its end. Node before 24.12 does not know this, and
        // reads it.
        optimizeEmptyRequests: true,
      },
      (req, res) => {
        this.connections.noteRequest(req.socket, res);
        // A request that was sent behind another begins when it is its turn (pipelining, RFC 9112 §9.3.2): Node tells of a
        // lost connection only to the answer that has it, and what others held would be held for ever.
        if (res.socket === null) res.once('socket', () => this.edge(req, res, toExpress));
        else this.edge(req, res, toExpress);
      },
    );
    this.setHttpServer(server as unknown as Server);
    server.on('connection', (socket) => this.connections.watch(socket));
    const look = setInterval(() => this.connections.closeOld(), CHECK_MS).unref();
    server.once('close', () => clearInterval(look));
    // A slow client holds a socket for this long, and as long as until the next check (slowloris; R-44).
    server.headersTimeout = 15_000;
    // An upload to an API may take its time, but not stand still (unfinished-body.ts). Our own forms have a limit (body.ts).
    server.requestTimeout = 0;
    // Ours to see to, without a timer for each request (idle-connections.ts).
    server.keepAliveTimeout = 0;
  }
}

/** Express tells nobody what it is, guesses no proxy, and reads the query no further than the edge did. */
function hardened(app: express.Express): express.Express {
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('trust proxy', false);
  app.set('query parser', 'simple');
  app.enable('case sensitive routing');
  app.enable('strict routing');
  return app;
}
