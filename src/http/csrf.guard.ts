import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { VestibuleError } from '../errors/vestibule.error.js';
import { exchangeOf } from './exchange.js';
import { OwnPage } from './own-page.js';
import { ROUTE_METADATA } from './route.decorator.js';
import { routeNamed, type RouteName } from './route-table.js';

/** Global guard: every handler's CSRF rule is its row's; a handler without a row is denied. */
@Injectable()
export class CsrfGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly ownPage: OwnPage,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const name = this.reflector.get<RouteName | undefined>(ROUTE_METADATA, context.getHandler());
    if (name === undefined) throw new VestibuleError('not_found');
    const exchange = exchangeOf(context.switchToHttp().getRequest<object>());
    if (this.ownPage.passes(routeNamed(name).csrf, exchange)) return true;
    throw new VestibuleError('csrf_refused');
  }
}
