import type { Report } from '../report.js';
import type { FoundConfig } from '../sections.js';

/** Policies must tell each other apart, and a group that is asked for must be a group that sessions keep. */
export function checkPolicies({ policies, providers }: FoundConfig, report: Report): void {
  const names = new Set<string>();
  for (const { values, key } of policies) {
    const { name, groups = [], groupsClaim } = values;
    if (name !== undefined && names.has(name)) {
      report.problem(
        key('name'),
        'is the name of an earlier policy',
        'give every policy its own name',
      );
    }
    if (name !== undefined) names.add(name);
    const isKept = providers.some((provider) =>
      provider.values.claims?.some((claim) => claim.name === groupsClaim),
    );
    if (groups.length > 0 && groupsClaim !== undefined && !isKept) {
      report.problem(
        key('groups'),
        `asks for groups, but no session keeps the claim ${groupsClaim}`,
        `add it to the claims of the provider, such as ${groupsClaim}=realm_access.roles`,
      );
    }
  }
}
