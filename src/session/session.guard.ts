import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { VestibuleError } from '../errors/vestibule.error.js';
import { exchangeOf } from '../http/exchange.js';
import { ROUTE_METADATA } from '../http/route.decorator.js';
import { routeNamed, type RouteName } from '../http/route-table.js';
import { SessionReader } from './session-reader.js';

/** Global guard: a handler is closed unless its row of the route table says, with a reason, that it is open. */
@Injectable()
export class SessionGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly sessions: SessionReader,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const name = this.reflector.get<RouteName | undefined>(ROUTE_METADATA, context.getHandler());
    if (name === undefined) throw new VestibuleError('not_found');
    if (routeNamed(name).access !== 'session') return true;
    const exchange = exchangeOf(context.switchToHttp().getRequest<object>());
    const reading = await this.sessions.read(exchange, { touch: false });
    if (reading.kind === 'anonymous') throw unauthenticated(reading.reason);
    return true;
  }
}

export function unauthenticated(reason: string | undefined): VestibuleError {
  return new VestibuleError('unauthenticated', reason === undefined ? {} : { members: { reason } });
}
