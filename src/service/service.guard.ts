import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { VestibuleError } from '../errors/vestibule.error.js';
import { exchangeOf, type Exchange } from '../http/exchange.js';
import { ROUTE_METADATA } from '../http/route.decorator.js';
import { routeNamed, type RouteName } from '../http/route-table.js';
import { readParameters, type Parameters } from './request-parameters.js';
import { ServiceAuthenticator } from './service-authenticator.js';
import { attachServiceCall } from './service-call.js';

const NONE: Parameters = new Map();

/** Global guard of the internal listener: what its row keeps for services is closed to everybody else. */
@Injectable()
export class ServiceGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly services: ServiceAuthenticator,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const name = this.reflector.get<RouteName | undefined>(ROUTE_METADATA, context.getHandler());
    if (name === undefined) throw new VestibuleError('not_found');
    const { access } = routeNamed(name);
    // Sessions and open doors are another guard's.
    if (access === 'session' || !('service' in access)) return true;
    const exchange = exchangeOf(context.switchToHttp().getRequest<object>());
    const parameters = await parametersOf(exchange);
    const service = await this.services.authenticate(exchange, parameters, access);
    attachServiceCall(exchange.req, { service, parameters });
    return true;
  }
}

/** Only a POST has a body that means something (RFC 9110 §9.3.1, §9.3.5). */
function parametersOf(exchange: Exchange): Promise<Parameters> {
  return exchange.method === 'POST'
    ? readParameters(exchange, { json: true })
    : Promise.resolve(NONE);
}
