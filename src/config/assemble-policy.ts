import { assembleStepUp } from './assemble-step-up.js';
import type { PolicyConfig } from './config.types.js';
import { complete, type FoundConfig } from './sections.js';

/** One policy of `/verify`; only to be called when no problem was found. */
export function assemblePolicy(section: FoundConfig['policies'][number]): PolicyConfig {
  const { acr, maxAgeMs, scopes, audience, ...rest } = complete(section);
  return {
    ...rest,
    audience: audience ?? rest.name,
    stepUp: assembleStepUp({ acr, maxAgeMs, scopes }),
  };
}
