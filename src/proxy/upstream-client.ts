import type { IncomingHttpHeaders } from 'node:http';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Agent } from 'undici';
import { CookieConfig, ServerConfig } from '../config/config.types.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import { hasBody } from '../http/body.js';
import type { Exchange } from '../http/exchange.js';
import type { FlatHeaders } from '../http/flat-headers.js';
import { EventLog } from '../logging/event-log.js';
import { ClientAddress } from '../http/client-address.js';
import { RequestBody } from './request-body.js';
import { UpstreamAnswer, type Forwarded } from './upstream-answer.js';
import { toClientHeaders, toUpstreamHeaders, type AnswerPolicy } from './upstream-headers.js';
import { targetOf, type Target } from './upstream-target.js';

export const UPSTREAM_CONNECT_MS = 5_000;

/** One call to an upstream. */
export interface UpstreamCall extends AnswerPolicy {
  /** In logs. */
  readonly name: string;
  readonly target: Target;
  readonly accessToken?: string;
  /** What the upstream is told of who calls. */
  readonly identity: FlatHeaders;
  readonly timeoutMs: number;
  readonly holdUnauthorized: boolean;
  /** An answer that goes on. */
  readonly onStream: (contentType: string) => void;
}

/** Forwards a judged request and streams the answer back; re-serialises nothing. */
@Injectable()
export class UpstreamClient implements OnModuleDestroy {
  private readonly agent = new Agent({
    // As many as there are calls: an event stream holds one for hours, and must not be in the way of others.
    connections: null,
    connect: { timeout: UPSTREAM_CONNECT_MS },
    keepAliveTimeout: 30_000,
  });
  private readonly address: ClientAddress;
  private readonly ownCookies: readonly string[];
  private readonly host: string;

  constructor(
    @Inject(ServerConfig) private readonly server: ServerConfig,
    @Inject(CookieConfig) cookie: CookieConfig,
    @Inject(EventLog) private readonly log: EventLog,
  ) {
    this.address = new ClientAddress(server.trustProxy);
    this.ownCookies = [cookie.name, cookie.loginName];
    this.host = new URL(server.origin).host;
  }

  async onModuleDestroy(): Promise<void> {
    await this.agent.destroy();
  }

  /**
   * Resolves once the answer is out, or held back.
   * @throws VestibuleError `upstream_unreachable`, `upstream_timeout`, while nothing was answered yet
   */
  async forward(exchange: Exchange, call: UpstreamCall): Promise<'answered' | 'unauthorized'> {
    const outcome = await this.dispatch(exchange, call);
    if (outcome.kind !== 'failed') return outcome.kind;
    // The client left, and its call with it: there is nobody to answer.
    if (exchange.res.destroyed) return 'answered';
    const late = this.report(exchange, call.name, outcome.error) === 'UND_ERR_HEADERS_TIMEOUT';
    throw new VestibuleError(late ? 'upstream_timeout' : 'upstream_unreachable', {
      cause: outcome.error,
    });
  }

  /** The headers that an upstream gets, as a flat list of names and values. */
  headersFor(
    exchange: Exchange,
    { accessToken, identity }: Pick<UpstreamCall, 'accessToken' | 'identity'>,
  ): string[] {
    return toUpstreamHeaders(exchange.req.headers, {
      ...(accessToken !== undefined && { accessToken }),
      identity,
      clientAddress: this.address.of(exchange.req),
      proto: this.server.https ? 'https' : 'http',
      host: this.host,
      requestId: exchange.id,
      ownCookies: this.ownCookies,
    });
  }

  /** What the client gets to see of an upstream's headers. */
  answerHeaders(headers: IncomingHttpHeaders, policy: AnswerPolicy): string[] {
    return toClientHeaders(headers, this.ownCookies, policy);
  }

  private dispatch(exchange: Exchange, call: UpstreamCall): Promise<Forwarded> {
    const { req, res } = exchange;
    const body = hasBody(req.headers) ? new RequestBody(req) : null;
    return new Promise((resolve) => {
      const answer = new UpstreamAnswer(
        res,
        {
          writeHead: (status, headers) =>
            void res.writeHead(status, this.answerHeaders(headers, call)),
          onStream: call.onStream,
          holdUnauthorized: call.holdUnauthorized,
          silenceMs: call.timeoutMs,
          isWhole: body === null,
          onBroken: (error) => this.report(exchange, call.name, error),
        },
        (outcome) => {
          // What was not sent of it is of no use any more.
          body?.destroy();
          resolve(outcome);
        },
      );
      this.agent.dispatch(
        {
          ...targetOf(call.target, exchange),
          method: exchange.method,
          headers: this.headersFor(exchange, call),
          body,
          // While a body is sent only undici knows whose turn it is. Else the answer watches the silence itself: undici keeps
          // each of its timers in a list for up to half a second after its use, long enough to become V8's old garbage.
          headersTimeout: body === null ? 0 : call.timeoutMs,
          // An event stream may be silent.
          bodyTimeout: 0,
        },
        answer,
      );
    });
  }

  /** The system's code. A client that left is no failure of the upstream and not worth a line. */
  report(exchange: Exchange, route: string, error: unknown): string {
    const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
    const cause = typeof code === 'string' ? code : 'unknown';
    if (!exchange.res.destroyed) {
      this.log.event('proxy.failed', { request: exchange.id, route, cause });
    }
    return cause;
  }
}
