import { EventEmitter, once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { accessTokenCheck, type CheckCaller } from './access-token.js';
import { acceptWebSocket, type WebSocketPeer } from './web-socket.js';
import { freePort } from './redis-host.js';

/** What an API received, exactly. */
export interface ReceivedRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[];
  readonly body: string;
  /** The body as it came. */
  readonly bytes: Buffer;
}

export interface UpstreamTls {
  readonly cert: string;
  readonly key: string;
}

type Responder = (received: ReceivedRequest, res: ServerResponse) => void | Promise<void>;

/** An API that remembers what it received and checks access tokens for real: signature, issuer, audience, life. */
export class UpstreamHost {
  readonly received: ReceivedRequest[] = [];
  /** The WebSockets that were opened. */
  readonly peers: WebSocketPeer[] = [];
  private readonly events = new EventEmitter();
  private responder: Responder | undefined;
  private listener: ((req: IncomingMessage, res: ServerResponse) => void) | undefined;
  private check: CheckCaller | undefined;

  private constructor(
    private readonly server: Server,
    readonly url: string,
    readonly port: number,
  ) {
    server.on('request', (req: IncomingMessage, res: ServerResponse) => {
      if (this.listener !== undefined) this.listener(req, res);
      else this.handle(req, res).catch(() => res.destroy());
    });
  }

  /** `tls`: PEM of a server that speaks TLS. */
  static async start(tls?: UpstreamTls): Promise<UpstreamHost> {
    const server: Server = tls === undefined ? createServer() : createSecureServer(tls);
    server.listen(await freePort(), '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const scheme = tls === undefined ? 'http' : 'https';
    return new UpstreamHost(server, `${scheme}://127.0.0.1:${port}`, port);
  }

  get last(): ReceivedRequest {
    const last = this.received.at(-1);
    if (last === undefined) throw new Error('nothing was received');
    return last;
  }

  /** From now on callers need an access token of this issuer for this audience. */
  verify(issuer: string, audience: string): void {
    this.check = accessTokenCheck(issuer, audience);
  }

  /** Answers with something else than the echo; undefined goes back to it. */
  respond(responder: Responder | undefined): void {
    this.responder = responder;
  }

  /** Leaves requests to a listener of the test, before their body is read; undefined goes back. */
  listen(listener: ((req: IncomingMessage, res: ServerResponse) => void) | undefined): void {
    this.listener = listener;
  }

  /** From now on takes WebSockets of callers that it knows; each text comes back with `echo: ` before it. */
  takeWebSockets(more: readonly string[] = []): void {
    this.server.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
      this.open(req, socket, head, more).catch(() => socket.destroy());
    });
  }

  /** Resolves with the next WebSocket that is opened. */
  async nextPeer(): Promise<WebSocketPeer> {
    const [peer] = (await once(this.events, 'peer')) as [WebSocketPeer];
    return peer;
  }

  async down(): Promise<void> {
    for (const peer of this.peers) peer.leave();
    this.server.closeAllConnections();
    if (!this.server.listening) return;
    this.server.close();
    await once(this.server, 'close');
  }

  async up(): Promise<void> {
    this.server.listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
  }

  private async handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const received = receivedOf(req, Buffer.concat(chunks));
    this.received.push(received);
    if (this.responder !== undefined) return this.responder(received, res);
    await this.echo(received, res);
  }

  private async open(
    req: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    more: readonly string[],
  ): Promise<void> {
    socket.on('error', () => socket.destroy());
    this.received.push(receivedOf(req, Buffer.alloc(0)));
    const caller = await this.check?.(req.headers.authorization);
    if (caller !== undefined && caller.kind !== 'known') {
      socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
      return;
    }
    const peer = acceptWebSocket(req, socket, head, more);
    this.peers.push(peer);
    this.events.emit('peer', peer);
    for (;;) peer.send(`echo: ${await peer.next()}`);
  }

  /** Tells what came without telling any value that may be secret. */
  private async echo(
    { method, target, headers, body }: ReceivedRequest,
    res: ServerResponse,
  ): Promise<void> {
    const caller = await this.check?.(headers.authorization);
    const known =
      caller?.kind === 'known' ? { sub: caller.claims.sub, aud: caller.claims.aud } : {};
    const status =
      caller === undefined || caller.kind === 'known' ? 200 : caller.kind === 'refused' ? 401 : 503;
    const text = JSON.stringify({
      method,
      target,
      body,
      headers: Object.keys(headers).sort(),
      ...known,
    });
    res.writeHead(status, { 'content-type': 'application/json' }).end(text);
  }
}

function receivedOf(req: IncomingMessage, bytes: Buffer): ReceivedRequest {
  const { method = '', url: target = '', headers, rawHeaders } = req;
  return { method, target, headers, rawHeaders, body: bytes.toString('utf8'), bytes };
}
