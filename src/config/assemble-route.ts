import type { AudienceRequest } from '../domain/token-set.js';
import { assembleStepUp } from './assemble-step-up.js';
import type { ProxyRouteConfig } from './config.types.js';
import { complete, type FoundConfig } from './sections.js';

/** One proxied route out of what was read; only to be called when no problem was found. */
export function assembleRoute(section: FoundConfig['routes'][number]): ProxyRouteConfig {
  const { acr, maxAgeMs, scopes, resource, audience, tokenScope, tokenVia, ...rest } =
    complete(section);
  const request = assembleAudience({ resource, audience, tokenScope, tokenVia });
  return {
    ...rest,
    stepUp: assembleStepUp({ acr, maxAgeMs, scopes }),
    ...(request !== undefined && { audience: request }),
  };
}

/** The key says all that is asked for: routes that ask for the same share a token, others never do. */
function assembleAudience({
  resource,
  audience,
  tokenScope: scope,
  tokenVia: via,
}: {
  readonly resource: string | undefined;
  readonly audience: string | undefined;
  readonly tokenScope: string | undefined;
  readonly tokenVia: 'refresh' | 'exchange';
}): AudienceRequest | undefined {
  if (resource === undefined && audience === undefined) return undefined;
  return {
    key: JSON.stringify([via, resource ?? null, audience ?? null, scope ?? null]),
    via,
    ...(resource !== undefined && { resource }),
    ...(audience !== undefined && { audience }),
    ...(scope !== undefined && { scope }),
  };
}
