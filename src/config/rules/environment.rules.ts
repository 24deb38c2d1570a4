import { ENV_NAMES } from '../declarations.js';
import { didYouMean } from '../did-you-mean.js';
import type { Report } from '../report.js';
import type { Env } from '../source/environment.js';

const OURS =
  /^(?:OIDC|SESSION|REDIS|COOKIE|CSRF|INTERNAL|LOGIN|LOGOUT|TOKEN|SHUTDOWN|ALLOWED|RETURN)_/;

/**
 * Says when a variable looks like a misspelt one of ours. No problem, because the environment belongs to
 * others as well (`SESSION_MANAGER`, the `REDIS_…` of Kubernetes' service links).
 */
export function noticeMisspeltVariables(env: Env, used: ReadonlySet<string>, report: Report): void {
  for (const name of Object.keys(env)) {
    if (!OURS.test(name) || ENV_NAMES.includes(name)) continue;
    if (used.has(name) || used.has(name.replace(/_FILE$/, ''))) continue;
    const meant = didYouMean(name, ENV_NAMES);
    if (meant !== undefined) {
      report.notice(`The variable ${name} means nothing here; did you mean ${meant}?`);
    }
  }
}
