import type { ServerResponse } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { ProxyRoutesConfig, type ProxyRouteConfig } from '../config/config.types.js';
import { Clock } from '../domain/clock.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import { hasBody } from '../http/body.js';
import type { Exchange } from '../http/exchange.js';
import { OwnPage } from '../http/own-page.js';
import { SessionStreams } from '../session/session-streams.js';
import { OpenConnection } from './open-connection.js';
import { ProxyCaller, type Caller, type HeldByRequest } from './proxy-caller.js';
import { isOwnCall } from './route-csrf.js';
import { UpstreamClient, type UpstreamCall } from './upstream-client.js';
import { parseTarget, type Target } from './upstream-target.js';

/** A token younger than this was refused for another reason than its age. */
const YOUNG_MS = 30_000;
const REMEMBERED_REFUSALS = 10_000;
/** An answer that takes longer than this may outlive its session. */
const UNWATCHED_MS = 1_000;

/** A configured route, prepared once. */
export interface ProxyRoute {
  /** Under which its requests are counted. */
  readonly name: string;
  readonly config: ProxyRouteConfig;
  readonly target: Target;
}

/** Calls APIs with the session's access token. */
@Injectable()
export class ProxyService {
  private readonly longestFirst: readonly ProxyRoute[];
  /** Access tokens that were refused and could not be renewed. */
  private readonly refused = new LRUCache<string, true>({ max: REMEMBERED_REFUSALS });

  constructor(
    @Inject(ProxyRoutesConfig) routes: readonly ProxyRouteConfig[],
    @Inject(Clock) private readonly clock: Clock,
    private readonly callers: ProxyCaller,
    private readonly ownPage: OwnPage,
    private readonly upstream: UpstreamClient,
    private readonly streams: SessionStreams,
  ) {
    this.longestFirst = routes
      .map((config) => ({
        name: `proxy:${config.name}`,
        config,
        target: parseTarget(config.upstream, config.prefix),
      }))
      .toSorted((a, b) => b.config.prefix.length - a.config.prefix.length);
  }

  /** The configured route for a judged path: a whole-segment prefix, the longest first. */
  routeFor(path: string): ProxyRoute | undefined {
    return this.longestFirst.find(
      ({ config: { prefix } }) =>
        path.startsWith(prefix) && (path.length === prefix.length || path[prefix.length] === '/'),
    );
  }

  /** Method, session, CSRF, fresh token, forward: in this order, so that a stranger learns no more than 401. */
  async handle(exchange: Exchange, route: ProxyRoute): Promise<void> {
    const { config } = route;
    exchange.res.route = route.name;
    if (!config.methods.includes(exchange.method)) {
      exchange.res.setHeader('Allow', config.methods.join(', '));
      throw new VestibuleError('method_not_allowed');
    }
    const reading = await this.callers.read(exchange, config);
    if (!isOwnCall(exchange, config, this.ownPage)) throw new VestibuleError('csrf_refused');
    const caller = await this.callers.prepare(reading, config);
    const mayRenew = this.mayRenew(caller, config);
    const isRepeatable = !hasBody(exchange.req.headers);
    const outcome = await this.upstream.forward(
      exchange,
      this.callTo(exchange, route, caller, mayRenew && isRepeatable),
    );
    if (outcome === 'answered') {
      // It had a body and cannot be repeated: the next call finds a new token.
      if (mayRenew && exchange.res.statusCode === 401)
        void this.renew(caller, config).catch(() => undefined);
      return;
    }
    const renewed = await this.renew(caller, config);
    await this.upstream.forward(exchange, this.callTo(exchange, route, renewed, false));
  }

  private callTo(
    exchange: Exchange,
    { config, target }: ProxyRoute,
    { token, held, identity }: Caller,
    holdUnauthorized: boolean,
  ): UpstreamCall {
    return {
      name: config.name,
      target,
      timeoutMs: config.timeoutMs,
      content: config.documents ? 'documents' : 'data',
      download: config.download,
      holdUnauthorized,
      ...(token !== undefined && { accessToken: token.accessToken }),
      identity,
      onStream: (contentType) => {
        if (held !== undefined) this.watch(exchange.res, contentType, held);
      },
    };
  }

  /** An answer that goes on ends with its session; most end by themselves before that is worth a look. */
  private watch(res: ServerResponse, contentType: string, { id, session }: HeldByRequest): void {
    const start = (): void => this.streams.watch(id, session, new OpenConnection(res));
    if (contentType.startsWith('text/event-stream')) {
      start();
      return;
    }
    const timer = setTimeout(start, UNWATCHED_MS).unref();
    res.once('close', () => clearTimeout(timer));
  }

  /** A 401 is worth a new token once per access token, and only if its age can be the reason. */
  private mayRenew(caller: Caller, config: ProxyRouteConfig): boolean {
    const { token } = caller;
    if (token?.isRenewable !== true || this.clock.now() - token.obtainedAt < YOUNG_MS) return false;
    return !this.refused.has(refusalOf(caller, config));
  }

  /** A token that is refused and has no successor is not worth another attempt. */
  private async renew(caller: Caller, config: ProxyRouteConfig): Promise<Caller> {
    const renewed = await this.callers.renew(caller, config);
    if (renewed.token?.accessToken === caller.token?.accessToken)
      this.refused.set(refusalOf(caller, config), true);
    return renewed;
  }
}

/** An access token's name: whose it is, for what, and since when. */
function refusalOf({ held, token }: Caller, { audience }: ProxyRouteConfig): string {
  return `${held?.session.handle} ${token?.obtainedAt} ${audience?.key ?? ''}`;
}
