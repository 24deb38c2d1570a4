import { Inject, Injectable } from '@nestjs/common';
import { PoliciesConfig, type PolicyConfig } from '../config/config.types.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import { sendRedirect } from '../http/answer.js';
import { isSafeMethod } from '../http/csrf.js';
import { ErrorAnswer } from '../http/error-answer.js';
import { isNavigation, isPrefetch, type Exchange } from '../http/exchange.js';
import { pairsOf, type FlatHeaders } from '../http/flat-headers.js';
import { PublicUrl } from '../http/public-url.js';
import { IdentityTelling } from '../identity/identity-telling.js';
import { AskedRequests, type AskedRequest } from './asked-request.js';
import { VerifyService } from './verify.service.js';

const PREFIX = '/verify/';
const DEFAULT = 'default';

/**
 * `/verify/{policy}`: forward authentication for gateways (nginx `auth_request`, Traefik, Caddy, Envoy). Any method, and
 * whatever follows the policy's name; the query is never read. Every answer has every managed header, so that a gateway
 * which copies them overwrites what a client wrote (ATK-07). A hot route, dispatched before Express.
 */
@Injectable()
export class VerifyEndpoint {
  private readonly policies: ReadonlyMap<string, PolicyConfig>;

  constructor(
    @Inject(PoliciesConfig) policies: readonly PolicyConfig[],
    private readonly service: VerifyService,
    private readonly asked: AskedRequests,
    private readonly telling: IdentityTelling,
    private readonly errors: ErrorAnswer,
    private readonly urls: PublicUrl,
  ) {
    this.policies = new Map(policies.map((policy) => [policy.name, policy]));
  }

  async handle(exchange: Exchange): Promise<void> {
    const policy = this.policies.get(policyNameIn(exchange.path));
    if (policy === undefined) return this.refuse(exchange, new VestibuleError('not_found'));
    let asked: AskedRequest | undefined;
    try {
      asked = this.asked.of(exchange);
      admitted(exchange, await this.service.admit(exchange, policy, asked));
    } catch (error) {
      if (asked !== undefined && policy.redirect && mayBeSentOn(exchange, asked, error))
        this.sendToLogin(exchange, asked);
      else this.refuse(exchange, error, asked);
    }
  }

  /** To our own login whatever host was asked: where it leads back to is a path. */
  private sendToLogin(exchange: Exchange, { target }: AskedRequest): void {
    this.mark(exchange);
    sendRedirect(exchange, 302, `${this.urls.origin}${this.urls.login(target)}`);
  }

  private refuse(exchange: Exchange, error: unknown, asked?: AskedRequest): void {
    this.mark(exchange);
    if (error instanceof VestibuleError && error.status === 401)
      exchange.res.setHeader('WWW-Authenticate', CHALLENGE);
    this.errors.send(exchange, error, asked?.target);
  }

  private mark({ res }: Exchange): void {
    for (const [name, value] of pairsOf(this.telling.ofNobody)) res.setHeader(name, value);
  }
}

/**
 * RFC 9110 §11.6.1 wants a challenge with every 401. No registered scheme stands for a cookie, and those that browsers
 * know would open a box for a password or promise that a token would do.
 */
const CHALLENGE = 'Cookie realm="vestibule"';

function policyNameIn(path: string): string {
  if (!path.startsWith(PREFIX)) return DEFAULT;
  const end = path.indexOf('/', PREFIX.length);
  return path.slice(PREFIX.length, end === -1 ? undefined : end);
}

function admitted({ res }: Exchange, told: FlatHeaders): void {
  res.isData = true;
  res.writeHead(200, [...told, 'content-length', '0']).end();
}

/**
 * A person without a session who opens a page. Who has one and needs a stronger one is asked by a page first: a login
 * that cannot be made stronger would go round for ever.
 */
function mayBeSentOn(exchange: Exchange, { method }: AskedRequest, error: unknown): boolean {
  return (
    error instanceof VestibuleError &&
    error.code === 'unauthenticated' &&
    isSafeMethod(method) &&
    isNavigation(exchange) &&
    !isPrefetch(exchange)
  );
}
