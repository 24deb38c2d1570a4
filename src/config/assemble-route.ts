import { audienceRequest } from '../domain/token-set.js';
import { assembleStepUp } from './assemble-step-up.js';
import type { ProxyRouteConfig } from './config.types.js';
import { complete, type FoundConfig } from './sections.js';

/** One proxied route out of what was read; only to be called when no problem was found. */
export function assembleRoute(section: FoundConfig['routes'][number]): ProxyRouteConfig {
  const { acr, maxAgeMs, scopes, resource, audience, tokenScope, tokenVia, ...rest } =
    complete(section);
  const request = audienceRequest({ via: tokenVia, resource, audience, scope: tokenScope });
  return {
    ...rest,
    stepUp: assembleStepUp({ acr, maxAgeMs, scopes }),
    ...(request !== undefined && { audience: request }),
  };
}
