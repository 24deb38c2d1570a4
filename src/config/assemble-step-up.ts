import type { StepUpConfig } from './config.types.js';

interface FoundStepUp {
  readonly acr: readonly string[];
  readonly maxAgeMs: number | undefined;
  readonly scopes: readonly string[];
}

/** What a route or a policy asks of a login. */
export function assembleStepUp({ acr, maxAgeMs, scopes }: FoundStepUp): StepUpConfig {
  return {
    acr,
    scopes,
    ...(maxAgeMs !== undefined && { maxAgeS: Math.ceil(maxAgeMs / 1000) }),
  };
}
