import { describeTargets } from './describe-targets.js';
import { authTargets } from './targets/auth.targets.js';
import { claimsTargets } from './targets/claims.targets.js';
import { configTargets } from './targets/config.targets.js';
import { guardTargets } from './targets/guard.targets.js';
import { headTargets } from './targets/head.targets.js';
import { httpTargets } from './targets/http.targets.js';
import { limitTargets } from './targets/limit.targets.js';
import { providerTargets } from './targets/provider.targets.js';
import { proxyTargets } from './targets/proxy.targets.js';
import { serviceTargets } from './targets/service.targets.js';
import { sessionTargets } from './targets/session.targets.js';
import { storeTargets } from './targets/store.targets.js';
import { tokenTargets } from './targets/token.targets.js';
import { verifyTargets } from './targets/verify.targets.js';

describe('whatever comes in', () => {
  describeTargets([
    ...httpTargets,
    ...authTargets,
    ...claimsTargets,
    ...providerTargets,
    ...sessionTargets,
    ...serviceTargets,
    ...proxyTargets,
    ...configTargets,
    ...verifyTargets,
    ...headTargets,
    ...limitTargets,
    ...storeTargets,
    ...tokenTargets,
    ...guardTargets,
  ]);
});
