import { Inject, Injectable } from '@nestjs/common';
import { ProxyRoutesConfig, type ProxyRouteConfig } from '../config/config.types.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import type { Exchange } from '../http/exchange.js';
import { OwnPage } from '../http/own-page.js';
import { SessionReader, type TokensOnRequest } from '../session/session-reader.js';
import { unauthenticated } from '../session/session.guard.js';
import { TokenRefresher } from '../token/token-refresher.js';
import { UpstreamClient } from './upstream-client.js';

/** Calls an API with the session's access token. */
@Injectable()
export class ProxyService {
  private readonly longestFirst: readonly ProxyRouteConfig[];

  constructor(
    @Inject(ProxyRoutesConfig) routes: readonly ProxyRouteConfig[],
    private readonly ownPage: OwnPage,
    private readonly sessions: SessionReader,
    private readonly refresher: TokenRefresher,
    private readonly upstream: UpstreamClient,
  ) {
    this.longestFirst = routes.toSorted((a, b) => b.prefix.length - a.prefix.length);
  }

  /** The configured route for a judged path: a whole-segment prefix, the longest first. */
  routeFor(path: string): ProxyRouteConfig | undefined {
    return this.longestFirst.find(({ prefix }) => path === prefix || path.startsWith(`${prefix}/`));
  }

  /** Method, session, CSRF, fresh token, forward: in this order, so that a stranger learns no more than 401. */
  async handle(exchange: Exchange, route: ProxyRouteConfig): Promise<void> {
    if (!route.methods.includes(exchange.method)) {
      exchange.res.setHeader('Allow', route.methods.join(', '));
      throw new VestibuleError('method_not_allowed');
    }
    const reading =
      route.token === 'none' ? undefined : await this.sessions.readWithTokens(exchange);
    if (route.token === 'required' && reading?.kind !== 'live')
      throw unauthenticated(reading?.reason);
    if (!this.ownPage.isProvenBy(exchange)) throw new VestibuleError('csrf_refused');
    await this.upstream.forward(exchange, route, await this.accessToken(reading, route));
  }

  private async accessToken(
    reading: TokensOnRequest | undefined,
    route: ProxyRouteConfig,
  ): Promise<string | undefined> {
    if (reading?.kind !== 'live' || reading.id === undefined) return undefined;
    const fresh = await this.refresher.fresh(reading.id, reading);
    switch (fresh.kind) {
      case 'usable':
        return fresh.tokens.accessToken ?? withoutToken(route);
      case 'ended':
        throw unauthenticated(fresh.reason);
      case 'later':
        throw new VestibuleError('provider_unreachable');
      case 'exhausted':
        return withoutToken(route);
    }
  }
}

/** A call without a token, where the route allows it. */
function withoutToken({ token }: ProxyRouteConfig): undefined {
  if (token !== 'optional') throw new VestibuleError('token_unavailable');
}
