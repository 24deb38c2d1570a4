import { assemble } from './assemble.js';
import type { ConfigProblem } from './config-problem.js';
import type { VestibuleConfig } from './config.types.js';
import { LISTS } from './declarations.js';
import { deepFreeze } from './deep-freeze.js';
import type { Option } from './option.js';
import { Report } from './report.js';
import { checkAssertion } from './rules/assertion.rules.js';
import { checkMisspeltVariables } from './rules/environment.rules.js';
import { checkProviders } from './rules/provider.rules.js';
import { checkPolicies } from './rules/policy.rules.js';
import { checkRedirectUris } from './rules/redirect-uri.rules.js';
import { checkResources, checkRoutes } from './rules/route.rules.js';
import { checkServer } from './rules/server.rules.js';
import { checkCookie, checkSession } from './rules/session.rules.js';
import { checkServices } from './rules/service.rules.js';
import { checkSpa } from './rules/spa.rules.js';
import { checkStore } from './rules/store.rules.js';
import { readSections, type FoundConfig } from './sections.js';
import { readConfigFile } from './source/config-file.js';
import { Environment, type Env } from './source/environment.js';
import type { IsDirectory, ReadFile } from './source/files.js';

export type LoadedConfig =
  | {
      readonly kind: 'ok';
      readonly config: VestibuleConfig;
      readonly notices: readonly string[];
      /** Of each provider: under which name an operator finds an option (by its key in the file). */
      readonly providerKeys: readonly Readonly<Record<string, string>>[];
    }
  | { readonly kind: 'problems'; readonly problems: readonly ConfigProblem[] };

/**
 * The configuration from the environment and the file that `CONFIG_FILE` names; the environment wins.
 * Reports every problem at once and never shows a value. Touches nothing but the two functions given:
 * `readFile` gives the text of a file or throws, `isDirectory` must not throw.
 */
export function loadConfig(env: Env, readFile: ReadFile, isDirectory: IsDirectory): LoadedConfig {
  const report = new Report();
  const environment = new Environment(env, readFile, report);
  const file = readConfigFile(environment, readFile, report);
  const found = readSections(environment, file, report);
  checkServer(found.server, report);
  checkCookie(found, report);
  checkSession(found, report);
  checkStore(found, report);
  checkProviders(found, report);
  checkRedirectUris(found, report);
  checkRoutes(found, report);
  checkResources(found, report);
  checkPolicies(found, report);
  checkServices(found, report);
  checkAssertion(found, report);
  checkSpa(found, isDirectory, report);
  checkMisspeltVariables(env, file.used, report);
  if (report.problems.length > 0) return { kind: 'problems', problems: report.problems };
  return {
    kind: 'ok',
    config: deepFreeze(assemble(found)),
    notices: report.notices,
    providerKeys: found.providers.map(keysOf),
  };
}

function keysOf({ key }: FoundConfig['providers'][number]): Readonly<Record<string, string>> {
  const options = Object.entries(LISTS.providers) as [keyof typeof LISTS.providers, Option][];
  return Object.fromEntries(options.map(([field, option]) => [option.key, key(field)]));
}
