import { once } from 'node:events';
import {
  request as httpRequest,
  STATUS_CODES,
  type ClientRequest,
  type IncomingMessage,
} from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { Injectable } from '@nestjs/common';
import { VestibuleError } from '../errors/vestibule.error.js';
import type { Exchange } from '../http/exchange.js';
import { pairsOf } from '../http/flat-headers.js';
import { SessionStreams } from '../session/session-streams.js';
import { OpenConnection } from './open-connection.js';
import { OpenWebSocket } from './open-web-socket.js';
import type { HeldByRequest } from './proxy-caller.js';
import { UpstreamClient } from './upstream-client.js';
import type { AnswerPolicy } from './upstream-headers.js';
import { targetOf, type Target } from './upstream-target.js';

const OPENING_MS = 15_000;
const DATA: AnswerPolicy = { content: 'data', download: false };

interface Opening {
  readonly name: string;
  readonly target: Target;
  /** Flat. */
  readonly headers: readonly string[];
}

export interface UpgradeClient {
  readonly socket: Socket;
  /** What the client has sent behind its request. */
  readonly head: Buffer;
}

type Answer =
  | {
      readonly kind: 'switched';
      readonly answer: IncomingMessage;
      readonly upstream: Socket;
      readonly head: Buffer;
    }
  | { readonly kind: 'plain'; readonly answer: IncomingMessage };

/** Opens a WebSocket at an upstream and joins the two ends (RFC 9110 §7.8). */
@Injectable()
export class UpstreamUpgrade {
  /** Every client's connection from the moment it asks; undefined until it is joined. */
  private readonly clients = new Map<Socket, OpenWebSocket | undefined>();
  private isClosed = false;

  constructor(
    private readonly client: UpstreamClient,
    private readonly streams: SessionStreams,
  ) {}

  /**
   * Joins client and upstream until one of them leaves or the session ends; an upstream that does not switch is
   * answered through like any other.
   * @throws VestibuleError `upstream_unreachable`, `upstream_timeout`, while nothing was answered yet
   */
  async open(
    exchange: Exchange,
    { socket, head }: UpgradeClient,
    opening: Opening,
    held?: Pick<HeldByRequest, 'id' | 'session'>,
  ): Promise<void> {
    this.remember(socket);
    const answer = await this.ask(exchange, socket, opening);
    if (answer === undefined) return;
    if (answer.kind === 'plain') return this.relay(exchange, answer.answer, held);
    if (socket.destroyed) {
      answer.upstream.destroy();
      return;
    }
    exchange.res.switchProtocols(socket);
    socket.write(this.head(exchange, answer.answer), 'latin1');
    const joined = new OpenWebSocket(socket, answer.upstream);
    joined.join(head, answer.head);
    if (this.clients.has(socket)) this.clients.set(socket, joined);
    if (held !== undefined) this.streams.watch(held.id, held.session, joined);
  }

  /** How many are open or being opened. */
  get size(): number {
    return this.clients.size;
  }

  /** Closes whatever is open, whoever's it is: this instance goes. */
  closeAll(): void {
    this.isClosed = true;
    for (const [socket, joined] of this.clients) {
      if (joined === undefined) socket.destroy();
      else joined.close();
    }
  }

  private remember(socket: Socket): void {
    if (this.isClosed) socket.destroy();
    if (socket.destroyed) return;
    this.clients.set(socket, undefined);
    socket.once('close', () => this.clients.delete(socket));
  }

  /** Undefined when the client has left meanwhile. */
  private async ask(
    exchange: Exchange,
    socket: Socket,
    opening: Opening,
  ): Promise<Answer | undefined> {
    const abort = new AbortController();
    const leave = (): void => abort.abort();
    if (socket.destroyed) return undefined;
    socket.once('close', leave);
    try {
      const request = send(exchange, opening, abort.signal);
      return await Promise.race([switched(request), plain(request)]);
    } catch (error) {
      if (socket.destroyed) return undefined;
      this.client.report(exchange, opening.name, error);
      throw error instanceof VestibuleError
        ? error
        : new VestibuleError('upstream_unreachable', { cause: error });
    } finally {
      socket.removeListener('close', leave);
    }
  }

  /** What breaks off at one end breaks off at the other. */
  private async relay(
    exchange: Exchange,
    answer: IncomingMessage,
    held?: Pick<HeldByRequest, 'id' | 'session'>,
  ): Promise<void> {
    const { res } = exchange;
    try {
      res.writeHead(answer.statusCode ?? 502, this.client.answerHeaders(answer.headers, DATA));
    } catch (error) {
      // A status or a header field that cannot be sent on.
      answer.destroy();
      throw new VestibuleError('upstream_unreachable', { cause: error });
    }
    // It may go on for as long as a socket would.
    if (held !== undefined) this.streams.watch(held.id, held.session, new OpenConnection(res));
    await pipeline(answer, res).catch(() => res.destroy());
  }

  /** The head of a 101: what the upstream said, without what it must not say in our name. */
  private head(exchange: Exchange, answer: IncomingMessage): string {
    const headers = exchange.res.withMarks(this.client.answerHeaders(answer.headers, DATA));
    const lines = [...pairsOf(headers)].map(([name, value]) => `${name}: ${value}`);
    const status = `HTTP/1.1 101 ${STATUS_CODES[101] ?? ''}`;
    return [status, 'Connection: Upgrade', 'Upgrade: websocket', ...lines, '', ''].join('\r\n');
  }
}

function send(exchange: Exchange, opening: Opening, signal: AbortSignal): ClientRequest {
  const { origin, path } = targetOf(opening.target, exchange);
  const url = new URL(origin);
  const start = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const request = start(url, {
    path,
    method: 'GET',
    // Node adds no Host to a list of headers.
    headers: [
      'host',
      url.host,
      ...opening.headers,
      'connection',
      'Upgrade',
      'upgrade',
      'websocket',
    ],
    agent: false,
    signal,
    timeout: OPENING_MS,
  });
  request.once('timeout', () => request.destroy(new VestibuleError('upstream_timeout')));
  return request.end();
}

async function switched(request: ClientRequest): Promise<Answer> {
  const [answer, upstream, head] = (await once(request, 'upgrade')) as [
    IncomingMessage,
    Socket,
    Buffer,
  ];
  if (answer.headers.upgrade?.toLowerCase() === 'websocket')
    return { kind: 'switched', answer, upstream, head };
  upstream.destroy();
  throw new VestibuleError('upstream_unreachable', { detail: 'another protocol was switched to' });
}

async function plain(request: ClientRequest): Promise<Answer> {
  const [answer] = (await once(request, 'response')) as [IncomingMessage];
  return { kind: 'plain', answer };
}
