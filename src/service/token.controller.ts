import { Controller, Inject, UseFilters } from '@nestjs/common';
import { VestibuleError } from '../errors/vestibule.error.js';
import { AuditTrail, whoOf } from '../http/audit-trail.js';
import { sendJson } from '../http/answer.js';
import { Http, type Exchange } from '../http/exchange.js';
import { BindRoute } from '../http/route.decorator.js';
import { EventLog } from '../logging/event-log.js';
import { CodeGrant } from './code-grant.js';
import { OAuthErrorFilter } from './oauth-error.filter.js';
import { requiredParameter } from './request-parameters.js';
import { ServiceAuthenticator } from './service-authenticator.js';
import { FromService, type ServiceCall } from './service-call.js';
import { SessionExchange } from './session-exchange.js';
import type { TokenResponse } from './token-response.js';

const CODE = 'authorization_code';
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';

/** `POST /token`: the token endpoint for registered services (RFC 6749 §3.2, RFC 8693 §2). */
@Controller()
@UseFilters(OAuthErrorFilter)
export class TokenController {
  constructor(
    private readonly services: ServiceAuthenticator,
    private readonly codes: CodeGrant,
    private readonly sessions: SessionExchange,
    @Inject(EventLog) private readonly log: EventLog,
    @Inject(AuditTrail) private readonly audit: AuditTrail,
  ) {}

  @BindRoute('token')
  async token(@Http() exchange: Exchange, @FromService() call: ServiceCall): Promise<void> {
    const grant = grantOf(call);
    const response = await this.run(grant, exchange, call);
    this.tell(exchange, call.service.id, grant === CODE ? 'code' : 'exchange');
    // RFC 6749 §5.1; Cache-Control is on every answer.
    exchange.res.setHeader('Pragma', 'no-cache');
    sendJson(exchange, 200, response);
  }

  private tell(exchange: Exchange, service: string, grant: 'code' | 'exchange'): void {
    const { id: request, session } = exchange;
    this.log.event('service.token_given', { request, caller: service, grant });
    const who = session === undefined ? {} : whoOf(session);
    this.audit.record({ event: 'service_token', service, grant, ...who }, exchange);
  }

  private async run(grant: string, exchange: Exchange, call: ServiceCall): Promise<TokenResponse> {
    if (grant !== CODE && grant !== EXCHANGE) throw new VestibuleError('unsupported_grant_type');
    const scope = grant === CODE ? 'code' : 'token';
    this.services.require(exchange, call.service, scope, 'unauthorized_client');
    // What a token may do was settled at its login.
    if (call.parameters.has('scope')) throw new VestibuleError('invalid_scope');
    return grant === CODE ? this.codes.redeem(call) : this.sessions.exchange(exchange, call);
  }
}

/** A plain token endpoint knows one grant, and its callers do not name it. */
function grantOf({ service, parameters }: ServiceCall): string {
  if (service.codeShape === 'plain' && !parameters.has('grant_type')) return CODE;
  return requiredParameter(parameters, 'grant_type');
}
