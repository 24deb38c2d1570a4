import { assembleStepUp } from './assemble-step-up.js';
import type { PolicyConfig } from './config.types.js';
import { complete, type FoundConfig } from './sections.js';

/** What `/verify` asks for when no entry says otherwise: a live session. */
const DEFAULT_POLICY: PolicyConfig = {
  name: 'default',
  audience: 'default',
  identity: 'both',
  stepUp: { acr: [], scopes: [] },
  groups: [],
  groupsClaim: 'groups',
  csrf: true,
  origin: true,
  preflight: false,
  redirect: false,
  authorization: false,
};

/** The policies with the one that is always there; only to be called when no problem was found. */
export function assemblePolicies(sections: FoundConfig['policies']): readonly PolicyConfig[] {
  const policies = sections.map(assemblePolicy);
  return policies.some(({ name }) => name === DEFAULT_POLICY.name)
    ? policies
    : [DEFAULT_POLICY, ...policies];
}

function assemblePolicy(section: FoundConfig['policies'][number]): PolicyConfig {
  const { acr, maxAgeMs, scopes, audience, ...rest } = complete(section);
  return {
    ...rest,
    audience: audience ?? rest.name,
    stepUp: assembleStepUp({ acr, maxAgeMs, scopes }),
  };
}
