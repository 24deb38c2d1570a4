import { LISTS, SECTIONS } from './declarations.js';
import type { OptionSet, Values } from './option.js';
import type { Report } from './report.js';
import { readSection, type Section } from './section-reader.js';
import type { ConfigFile, Mapping } from './source/config-file.js';
import type { Environment } from './source/environment.js';

type Sections = { readonly [Name in keyof typeof SECTIONS]: Section<(typeof SECTIONS)[Name]> };
type ProviderSection = Section<typeof LISTS.providers>;
type RouteSection = Section<typeof LISTS.routes>;

/** Everything that was read, before the rules between options. */
export interface FoundConfig extends Sections {
  readonly providers: readonly ProviderSection[];
  readonly routes: readonly RouteSection[];
}

/** The values of a section in which nothing is missing; only to be called when no problem was found. */
export function complete<S extends OptionSet>(section: Section<S>): Values<S> {
  // Every undefined that is not an optional option's was reported as a problem.
  return section.values as unknown as Values<S>;
}

/** Reads all sections from the environment and the file. */
export function readSections(
  environment: Environment,
  file: ConfigFile,
  report: Report,
): FoundConfig {
  const read = <S extends OptionSet>(name: string, options: S): Section<S> =>
    readSection(options, { environment, mapping: file.sections[name] ?? {}, path: name }, report);
  return {
    server: read('server', SECTIONS.server),
    cookie: read('cookie', SECTIONS.cookie),
    csrf: read('csrf', SECTIONS.csrf),
    session: read('session', SECTIONS.session),
    store: read('store', SECTIONS.store),
    login: read('login', SECTIONS.login),
    tokens: read('tokens', SECTIONS.tokens),
    spa: read('spa', SECTIONS.spa),
    log: read('log', SECTIONS.log),
    providers: readProviders(environment, file, report),
    routes: readRoutes(environment, file, report),
  };
}

/** The variables speak of the only provider; with several in the file they would be ambiguous. */
function readProviders(
  environment: Environment,
  file: ConfigFile,
  report: Report,
): readonly ProviderSection[] {
  const options = LISTS.providers;
  const items = file.lists['providers'] ?? [];
  if (items.length > 1) {
    for (const { env } of Object.values<{ env?: string }>(options)) {
      if (env === undefined) continue;
      const names = [env, `${env}_FILE`].filter((name) => environment.isSet(name));
      if (names[0] === undefined || file.used.has(env)) continue;
      report.problem(
        names[0],
        'is ambiguous: the configuration file has several providers',
        "move it to one of the entries of 'providers', or refer to it there",
      );
    }
    return items.map((mapping, at) =>
      readSection(options, { mapping, path: `providers[${at}]` }, report),
    );
  }
  const source = { environment, mapping: items[0] ?? {}, path: 'providers[0]' };
  return [readSection(options, source, report)];
}

const API_ROUTE: Mapping = { name: 'api', prefix: '/api' };

/** `API_UPSTREAM` speaks of the route `api`, and makes one where the file has none. */
function readRoutes(
  environment: Environment,
  file: ConfigFile,
  report: Report,
): readonly RouteSection[] {
  const options = LISTS.routes;
  const items = file.lists['routes'] ?? [];
  const isApi = (item: Mapping): boolean => item['name'] === API_ROUTE['name'];
  const fromEnvironment = environment.find(options.upstream).kind !== 'absent';
  const all = fromEnvironment && !items.some(isApi) ? [...items, API_ROUTE] : items;
  return all.map((mapping, at) => {
    const source = { mapping, path: `routes[${at}]` };
    return readSection(options, isApi(mapping) ? { ...source, environment } : source, report);
  });
}
