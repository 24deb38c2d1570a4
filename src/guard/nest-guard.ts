import type { IncomingMessage } from 'node:http';
import {
  createParamDecorator,
  ServiceUnavailableException,
  UnauthorizedException,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import {
  attachIdentity,
  createIdentityVerifier,
  identityOf,
  type CallerIdentity,
  type IdentityGuardOptions,
  type IdentityVerifier,
} from './identity-guard.js';

/**
 * The guard for NestJS: `{ provide: APP_GUARD, useValue: new IdentityGuard({ … }) }` closes every handler,
 * `@UseGuards(guard)` one. What does not come by HTTP carries no assertion and is refused.
 */
export class IdentityGuard implements CanActivate {
  private readonly verify: IdentityVerifier;

  constructor(options: IdentityGuardOptions) {
    this.verify = createIdentityVerifier(options);
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http') throw new UnauthorizedException();
    const request = context.switchToHttp().getRequest<IncomingMessage>();
    const verdict = await this.verify(request);
    if (verdict.kind === 'refused') throw new UnauthorizedException();
    if (verdict.kind === 'unavailable') throw new ServiceUnavailableException();
    attachIdentity(request, verdict.identity);
    return true;
  }
}

/** Hands the caller to a handler: `who(@CurrentIdentity() caller: CallerIdentity)`. */
export const CurrentIdentity = createParamDecorator(
  (_data: unknown, context: ExecutionContext): CallerIdentity =>
    identityOf(context.switchToHttp().getRequest<object>()),
);
