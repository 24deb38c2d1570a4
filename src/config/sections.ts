import { LISTS, SECTIONS } from './declarations.js';
import type { Option, OptionSet, Presence, Values } from './option.js';
import { profileNamed } from './profiles.js';
import { Report } from './report.js';
import { readSection, type Section, type SectionSource } from './section-reader.js';
import type { ConfigFile, Mapping } from './source/config-file.js';
import type { Environment } from './source/environment.js';

type Sections = { readonly [Name in keyof typeof SECTIONS]: Section<(typeof SECTIONS)[Name]> };
type ProviderSection = Section<typeof LISTS.providers>;
type RouteSection = Section<typeof LISTS.routes>;
type PolicySection = Section<typeof LISTS.policies>;
type ServiceSection = Section<typeof LISTS.services>;

/** Everything that was read, before the rules between options. */
export interface FoundConfig extends Sections {
  readonly providers: readonly ProviderSection[];
  readonly routes: readonly RouteSection[];
  readonly policies: readonly PolicySection[];
  readonly services: readonly ServiceSection[];
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
    limits: read('limits', SECTIONS.limits),
    tokens: read('tokens', SECTIONS.tokens),
    claims: read('claims', SECTIONS.claims),
    assertion: read('assertion', SECTIONS.assertion),
    spa: read('spa', SECTIONS.spa),
    log: read('log', SECTIONS.log),
    providers: readProviders(environment, file, report),
    routes: readRoutes(environment, file, report),
    policies: readPolicies(file, report),
    services: readList('services', LISTS.services, file, report),
  };
}

/** Entries that only the file can have. */
function readList<S extends OptionSet>(
  name: string,
  options: S,
  file: ConfigFile,
  report: Report,
): readonly Section<S>[] {
  return (file.lists[name] ?? []).map((mapping, at) =>
    readSection(options, { mapping, path: `${name}[${at}]` }, report),
  );
}

/** The variables speak of the only provider; with several in the file they would be ambiguous. */
function readProviders(
  environment: Environment,
  file: ConfigFile,
  report: Report,
): readonly ProviderSection[] {
  const items = file.lists['providers'] ?? [];
  if (items.length > 1) {
    refuseAmbiguous(environment, file, report);
    return items.map((mapping, at) => readProvider({ mapping, path: `providers[${at}]` }, report));
  }
  const source = { environment, mapping: items[0] ?? {}, path: 'providers[0]' };
  return [readProvider(source, report)];
}

function refuseAmbiguous(environment: Environment, file: ConfigFile, report: Report): void {
  for (const { env, restricts } of Object.values<Option>(LISTS.providers)) {
    if (env === undefined || file.used.has(env)) continue;
    const name = [env, `${env}_FILE`].find((one) =>
      restricts ? environment.isNamed(one) : environment.isSet(one),
    );
    if (name === undefined) continue;
    report.problem(
      name,
      'is ambiguous: the configuration file has several providers',
      "move it to one of the entries of 'providers', or refer to it there",
    );
  }
}

/**
 * A profile is other defaults, so it is read first; what is wrong with it is told by the second reading. As long
 * as the profile is not known, nobody can say what else is missing.
 */
function readProvider(source: SectionSource, report: Report): ProviderSection {
  const options = LISTS.providers;
  const { profile } = readSection({ profile: options.profile }, source, new Report()).values;
  const presenceOf = ({ key, presence }: Option): Presence => {
    if (profile === undefined) return { kind: 'optional', otherwise: '' };
    const value = profileNamed(profile).defaults[key];
    return value === undefined ? presence : { kind: 'default', value };
  };
  const adapted = Object.fromEntries(
    Object.entries<Option>(options).map(([field, option]) => [
      field,
      { ...option, presence: presenceOf(option) },
    ]),
  );
  // The fields and their types are the same; only where a missing value comes from is not.
  return readSection(adapted as unknown as typeof options, source, report);
}

const DEFAULT_POLICY: Mapping = { name: 'default' };

/** `/verify` without a name is always there: where the file has no entry for it, the defaults of every option. */
function readPolicies(file: ConfigFile, report: Report): readonly PolicySection[] {
  const items = file.lists['policies'] ?? [];
  const isThere = items.some((item) => item['name'] === DEFAULT_POLICY['name']);
  const all = isThere ? items : [...items, DEFAULT_POLICY];
  return all.map((mapping, at) =>
    readSection(LISTS.policies, { mapping, path: `policies[${at}]` }, report),
  );
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
