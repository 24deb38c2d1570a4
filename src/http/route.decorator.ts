import { applyDecorators, RequestMapping, RequestMethod, SetMetadata } from '@nestjs/common';
import { routeNamed, type Method, type RouteName } from './route-table.js';

export const ROUTE_METADATA = 'vestibule:route';

const METHODS: Readonly<Record<Method, RequestMethod>> = {
  GET: RequestMethod.GET,
  POST: RequestMethod.POST,
  PUT: RequestMethod.PUT,
  PATCH: RequestMethod.PATCH,
  DELETE: RequestMethod.DELETE,
  ANY: RequestMethod.ALL,
};

/** Binds a controller's handler to its row of the route table; a handler without one is denied by the guards. */
export function BindRoute(name: RouteName): MethodDecorator {
  const route = routeNamed(name);
  return applyDecorators(
    RequestMapping({ path: route.path, method: METHODS[route.method] }),
    SetMetadata(ROUTE_METADATA, name),
  );
}
