import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { ServiceConfig } from '../config/config.types.js';
import type { Parameters } from './request-parameters.js';

/** A request of a registered service, after it has proved who it is. */
export interface ServiceCall {
  readonly service: ServiceConfig;
  readonly parameters: Parameters;
}

const CALL = Symbol('service call');

export function attachServiceCall(req: object, call: ServiceCall): void {
  Object.defineProperty(req, CALL, { value: call });
}

/** The call that the guard has let in. Without a guard there is none, and the handler is closed to everybody. */
export function serviceCallOf(req: object): ServiceCall {
  const call: unknown = Reflect.get(req, CALL);
  if (call === undefined) throw new TypeError('a request came in beside the guard of services');
  return call as ServiceCall;
}

/** Injects the call into a controller's handler. */
export const FromService = createParamDecorator(
  (_data: unknown, context: ExecutionContext): ServiceCall =>
    serviceCallOf(context.switchToHttp().getRequest<object>()),
);
