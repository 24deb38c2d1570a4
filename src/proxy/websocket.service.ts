import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { Injectable } from '@nestjs/common';
import { VestibuleError } from '../errors/vestibule.error.js';
import { hasBody } from '../http/body.js';
import type { Exchange } from '../http/exchange.js';
import { OwnPage } from '../http/own-page.js';
import { ProxyCaller, type Caller } from './proxy-caller.js';
import { ProxyService, type ProxyRoute } from './proxy.service.js';
import { SPA_ROUTE, SpaService } from './spa.service.js';
import { UpstreamClient } from './upstream-client.js';
import { UpstreamUpgrade, type UpgradeClient } from './upstream-upgrade.js';

/** WebSockets (RFC 6455): judged like any call, opened at the upstream, and cut when their session ends. */
@Injectable()
export class WebsocketService {
  constructor(
    private readonly proxy: ProxyService,
    private readonly spa: SpaService,
    private readonly callers: ProxyCaller,
    private readonly upstream: UpstreamClient,
    private readonly upgrades: UpstreamUpgrade,
    private readonly ownPage: OwnPage,
  ) {}

  /** True for a request that is to be judged here and not as a plain one. */
  static isAsked({ method, headers }: IncomingMessage): boolean {
    return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket';
  }

  /**
   * Route, session, Origin, token, upstream. `head` is what the client has sent already.
   * @throws VestibuleError as a proxied call does; then nothing was answered yet
   */
  async handle(exchange: Exchange, socket: Socket, head: Buffer): Promise<void> {
    // Nobody reads a body here: it would be taken for the first bytes of what follows.
    if (hasBody(exchange.req.headers)) throw new VestibuleError('bad_request');
    const client = { socket, head };
    const route = this.proxy.routeFor(exchange.path);
    if (route === undefined) return this.toFrontend(exchange, client);
    exchange.res.route = route.name;
    if (!route.config.websocket) throw new VestibuleError('not_found');
    const held = await this.callers.read(exchange, route.config);
    this.checkOrigin(exchange);
    const caller = await this.callers.prepare(held, route.config);
    await this.open(exchange, client, route, caller);
  }

  /** How many are open or being opened. */
  get size(): number {
    return this.upgrades.size;
  }

  /** Closes them all: this instance goes. */
  closeAll(): void {
    this.upgrades.closeAll();
  }

  /** Hot reload of a development server. */
  private async toFrontend(exchange: Exchange, client: UpgradeClient): Promise<void> {
    const target = this.spa.target;
    if (target === undefined) throw new VestibuleError('not_found');
    exchange.res.route = SPA_ROUTE;
    const held = await this.spa.checkLogin(exchange);
    this.checkOrigin(exchange);
    const headers = this.upstream.headersFor(exchange, { identity: [] });
    await this.upgrades.open(exchange, client, { name: 'spa', target, headers }, held);
  }

  private async open(
    exchange: Exchange,
    client: UpgradeClient,
    { config, target }: ProxyRoute,
    { token, held, identity }: Caller,
  ): Promise<void> {
    const headers = this.upstream.headersFor(exchange, {
      ...(token !== undefined && { accessToken: token.accessToken }),
      identity,
    });
    await this.upgrades.open(exchange, client, { name: config.name, target, headers }, held);
  }

  /**
   * A WebSocket carries no header of ours and no preflight comes before it: its Origin must be there and be ours
   * (RFC 6455 §10.2).
   */
  private checkOrigin(exchange: Exchange): void {
    if (!this.ownPage.isOriginOf(exchange)) throw new VestibuleError('csrf_refused');
  }
}
