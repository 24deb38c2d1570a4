import { appendFileSync } from 'node:fs';
import { budget } from './fuzz-budget.js';
import { fuzz } from './fuzz-run.js';
import { authTargets } from './targets/auth.targets.js';
import { claimsTargets } from './targets/claims.targets.js';
import { configTargets } from './targets/config.targets.js';
import { httpTargets } from './targets/http.targets.js';
import { providerTargets } from './targets/provider.targets.js';
import { proxyTargets } from './targets/proxy.targets.js';
import { serviceTargets } from './targets/service.targets.js';
import { sessionTargets } from './targets/session.targets.js';
import { verifyTargets } from './targets/verify.targets.js';

/** With a limit of time the longest that a target takes, shrinking included. */
const LONGEST_MS = (budget.ms ?? 0) + 600_000;

const targets = [
  ...httpTargets,
  ...authTargets,
  ...claimsTargets,
  ...providerTargets,
  ...sessionTargets,
  ...serviceTargets,
  ...proxyTargets,
  ...configTargets,
  ...verifyTargets,
].filter(({ name }) => name.includes(budget.only));

describe('whatever comes in (ATK-83)', () => {
  it.each(targets.map((one) => [one.name, one] as const))(
    '%s: it is read or refused, and what was decided holds',
    async (_name, target) => {
      const outcome = await fuzz(target);
      if (budget.report !== undefined)
        appendFileSync(budget.report, `${JSON.stringify(outcome)}\n`);
      expect(outcome.finding).toBeUndefined();
    },
    LONGEST_MS,
  );
});
