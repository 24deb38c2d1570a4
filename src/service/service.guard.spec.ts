import { createHash } from 'node:crypto';
import type { ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { fakeExchange } from '../../test/support/fake-exchange.js';
import { rateLimits } from '../../test/support/rate-limits.js';
import { RecordedEvents } from '../../test/support/recorded-events.js';
import type { ServiceConfig, ServiceScope } from '../config/config.types.js';
import { ROUTE_METADATA } from '../http/route.decorator.js';
import { ROUTE_TABLE, type Route } from '../http/route-table.js';
import { serviceCallOf } from './service-call.js';
import { ServiceAuthenticator } from './service-authenticator.js';
import { ServiceGuard } from './service.guard.js';
import { RecordedAudit } from '../../test/support/recorded-audit.js';

const SECRET = 'a-secret-of-thirty-two-characters';
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

function serviceWith(...scopes: readonly ServiceScope[]): ServiceConfig {
  return {
    id: 'orders',
    auth: 'client_secret_basic',
    secretHash: createHash('sha256').update(SECRET).digest(),
    scopes,
    redirectUris: [],
    codeShape: 'standard',
    audiences: [],
    resources: [],
    tokenVia: 'refresh',
    refreshTokens: false,
  };
}

/** What becomes of a request at a handler that is bound to this row, or to none. */
async function ask(
  route: string | undefined,
  { scopes = [], secret }: { readonly scopes?: readonly ServiceScope[]; readonly secret?: string },
) {
  const services = [serviceWith(...scopes)];
  const guard = new ServiceGuard(
    new Reflector(),
    new ServiceAuthenticator(services, rateLimits(), new RecordedEvents(), new RecordedAudit()),
  );
  const row = ROUTE_TABLE.find(({ name }) => name === route);
  const authorization = `Basic ${Buffer.from(`orders:${secret ?? ''}`).toString('base64')}`;
  const { req } = fakeExchange({
    method: row?.method ?? 'GET',
    headers: { ...FORM, ...(secret !== undefined && { authorization }) },
    body: row?.method === 'POST' ? 'a=b' : '',
  });
  const handler = (): void => undefined;
  if (route !== undefined) Reflect.defineMetadata(ROUTE_METADATA, route, handler);
  const context = {
    getHandler: () => handler,
    switchToHttp: () => ({ getRequest: () => req }),
  } as unknown as ExecutionContext;
  return { outcome: await guard.canActivate(context).catch((error: Error) => error.message), req };
}

const forServices = ROUTE_TABLE.filter(
  (route): route is Route & { access: { service: ServiceScope | 'by-grant' } } =>
    typeof route.access === 'object' && 'service' in route.access && route.dispatch === 'nest',
);

describe('the guard of services', () => {
  it.each(forServices.map((route) => [route.name, route] as const))(
    'lets into %s who proves it and has the scope, and nobody else',
    async (name, { access: { service } }) => {
      expect((await ask(name, {})).outcome).toBe('invalid_client');
      expect((await ask(name, { secret: 'x' })).outcome).toBe('invalid_client');
      const scopes = service === 'by-grant' ? [] : [service];
      const { outcome, req } = await ask(name, { secret: SECRET, scopes });
      expect(outcome).toBe(true);
      expect(serviceCallOf(req).service.id).toBe('orders');
      if (service === 'by-grant') return;
      const other = await ask(name, { secret: SECRET, scopes: ['code'] });
      expect(other.outcome).toBe('service_not_permitted');
      expect(() => serviceCallOf(other.req)).toThrow('beside the guard');
    },
  );

  it('denies a handler without a row', async () => {
    expect((await ask(undefined, { secret: SECRET })).outcome).toBe('not_found');
  });

  it('leaves sessions and open doors to others, and says of nobody that he is a service', async () => {
    for (const name of ['healthz', 'sessions']) {
      const { outcome, req } = await ask(name, { secret: SECRET });
      expect(outcome).toBe(true);
      expect(() => serviceCallOf(req)).toThrow('beside the guard');
    }
  });
});
