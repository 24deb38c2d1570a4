import { pipeline } from 'node:stream/promises';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Agent, type Dispatcher } from 'undici';
import { CookieConfig, ServerConfig, type ProxyRouteConfig } from '../config/config.types.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import type { Exchange } from '../http/exchange.js';
import { EventLog } from '../logging/event-log.js';
import { ClientAddress } from './client-address.js';
import { toClientHeaders, toUpstreamHeaders } from './upstream-headers.js';

const BODILESS: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/** Forwards a judged request and streams the answer back; re-serialises nothing. */
@Injectable()
export class UpstreamClient implements OnModuleDestroy {
  private readonly agent = new Agent({ connections: 256, keepAliveTimeout: 30_000 });
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

  /** @throws VestibuleError `upstream_unreachable`, `upstream_timeout`, while nothing was answered yet */
  async forward(exchange: Exchange, route: ProxyRouteConfig, accessToken?: string): Promise<void> {
    const abort = new AbortController();
    // A client that leaves takes its call with it.
    exchange.res.once('close', () => abort.abort());
    const answer = await this.request(exchange, route, abort.signal, accessToken);
    const headers = toClientHeaders(answer.headers, this.ownCookies);
    for (const [name, value] of Object.entries(headers)) {
      // Ours says that an answer depends on the Origin (cors.ts); both hold.
      if (name === 'vary') exchange.res.appendHeader(name, value);
      else exchange.res.setHeader(name, value);
    }
    exchange.res.writeHead(answer.statusCode);
    try {
      await pipeline(answer.body, exchange.res);
    } catch (error) {
      // The head is out: all that can be said is that the answer broke off.
      this.report(exchange, route, error);
      exchange.res.destroy();
    }
  }

  private async request(
    exchange: Exchange,
    route: ProxyRouteConfig,
    signal: AbortSignal,
    accessToken: string | undefined,
  ): Promise<Dispatcher.ResponseData> {
    try {
      return await this.agent.request({
        ...targetOf(exchange, route),
        method: exchange.method,
        headers: this.headersFor(exchange, accessToken),
        body: BODILESS.has(exchange.method) ? null : exchange.req,
        headersTimeout: route.timeoutMs,
        bodyTimeout: route.timeoutMs,
        signal,
      });
    } catch (error) {
      const late = this.report(exchange, route, error) === 'UND_ERR_HEADERS_TIMEOUT';
      throw new VestibuleError(late ? 'upstream_timeout' : 'upstream_unreachable', {
        cause: error,
      });
    }
  }

  private headersFor(
    exchange: Exchange,
    accessToken: string | undefined,
  ): Record<string, string | string[]> {
    return toUpstreamHeaders(exchange.req.headers, {
      ...(accessToken !== undefined && { accessToken }),
      clientAddress: this.address.of(exchange.req),
      proto: this.server.https ? 'https' : 'http',
      host: this.host,
      requestId: exchange.id,
      ownCookies: this.ownCookies,
    });
  }

  /** The system's code. A client that left is no failure of the upstream and not worth a line. */
  private report(exchange: Exchange, route: ProxyRouteConfig, error: unknown): string {
    const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
    const cause = typeof code === 'string' ? code : 'unknown';
    if (!exchange.res.destroyed) {
      this.log.event('proxy.failed', { request: exchange.id, route: route.name, cause });
    }
    return cause;
  }
}

/** The prefix makes way for the upstream's own path; the rest goes on byte for byte. */
function targetOf(exchange: Exchange, route: ProxyRouteConfig): { origin: string; path: string } {
  const upstream = new URL(route.upstream);
  const base = upstream.pathname === '/' ? '' : upstream.pathname;
  const rest = exchange.path.slice(route.prefix.length) || '/';
  return { origin: upstream.origin, path: `${base}${rest}${exchange.search}` };
}
