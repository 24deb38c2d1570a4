import { assemble } from './assemble.js';
import type { ConfigProblem } from './config-problem.js';
import type { VestibuleConfig } from './config.types.js';
import { deepFreeze } from './deep-freeze.js';
import { Report } from './report.js';
import { noticeMisspeltVariables } from './rules/environment.rules.js';
import { checkProviders } from './rules/provider.rules.js';
import { checkRoutes } from './rules/route.rules.js';
import { checkServer } from './rules/server.rules.js';
import { checkCookie, checkSession } from './rules/session.rules.js';
import { checkSpa } from './rules/spa.rules.js';
import { checkStore } from './rules/store.rules.js';
import { readSections } from './sections.js';
import { readConfigFile } from './source/config-file.js';
import { Environment, type Env } from './source/environment.js';
import type { IsDirectory, ReadFile } from './source/files.js';

export type LoadedConfig =
  | {
      readonly kind: 'ok';
      readonly config: VestibuleConfig;
      readonly notices: readonly string[];
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
  checkRoutes(found, report);
  checkSpa(found, isDirectory, report);
  noticeMisspeltVariables(env, file.used, report);
  if (report.problems.length > 0) return { kind: 'problems', problems: report.problems };
  return { kind: 'ok', config: deepFreeze(assemble(found)), notices: report.notices };
}
