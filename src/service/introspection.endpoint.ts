import { Injectable } from '@nestjs/common';
import { sendJson } from '../http/answer.js';
import type { Exchange } from '../http/exchange.js';
import { routeNamed } from '../http/route-table.js';
import { Introspection } from './introspection.js';
import { OAuthErrorAnswer } from './oauth-error-answer.js';
import { readParameters, requiredParameter } from './request-parameters.js';
import { ServiceAuthenticator } from './service-authenticator.js';

/** `POST /introspect` (RFC 7662). A hot route, dispatched before Express: each call of an API may lead here. */
@Injectable()
export class IntrospectionEndpoint {
  private readonly access = routeNamed('introspect').access;

  constructor(
    private readonly services: ServiceAuthenticator,
    private readonly introspection: Introspection,
    private readonly errors: OAuthErrorAnswer,
  ) {}

  async handle(exchange: Exchange): Promise<void> {
    try {
      const parameters = await readParameters(exchange, { json: false });
      await this.services.authenticate(exchange, parameters, this.access);
      const token = requiredParameter(parameters, 'token');
      sendJson(exchange, 200, await this.introspection.of(token, exchange));
    } catch (error) {
      this.errors.send(exchange, error);
    }
  }
}
