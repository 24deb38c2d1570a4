import { DECLARED, ENV_NAMES } from '../declarations.js';
import { didYouMean } from '../did-you-mean.js';
import type { Report } from '../report.js';
import type { Env } from '../source/environment.js';

const OURS =
  /^(?:OIDC|SESSION|REDIS|COOKIE|CSRF|INTERNAL|LOGIN|LOGOUT|TOKEN|SHUTDOWN|ALLOWED|RETURN)_/;

const RESTRICTING: readonly string[] = DECLARED.flatMap(({ option: { env, restricts } }) =>
  restricts && env !== undefined ? [env] : [],
);

/**
 * Says when a variable looks like a misspelt one of ours. No problem, because the environment belongs to
 * others as well (`SESSION_MANAGER`, the `REDIS_…` of Kubernetes' service links), but for a rule of who may log
 * in: without it everybody may.
 */
export function checkMisspeltVariables(env: Env, used: ReadonlySet<string>, report: Report): void {
  for (const name of Object.keys(env)) {
    if (!OURS.test(name) || ENV_NAMES.includes(name)) continue;
    if (used.has(name) || used.has(name.replace(/_FILE$/, ''))) continue;
    const meant = didYouMean(name, ENV_NAMES);
    if (name.startsWith('OIDC_ALLOW') || (meant !== undefined && RESTRICTING.includes(meant))) {
      const remedy =
        meant === undefined
          ? `the rules are ${RESTRICTING.join(', ')}`
          : `did you mean '${meant}'?`;
      report.problem(name, 'is not a setting', remedy);
    } else if (meant !== undefined) {
      report.notice(`The variable ${name} means nothing here; did you mean ${meant}?`);
    }
  }
}
