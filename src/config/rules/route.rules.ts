import type { Report } from '../report.js';
import type { FoundConfig } from '../sections.js';

type Route = FoundConfig['routes'][number];

/** First path segments that are ours on the public listener. */
export const OWN_PREFIXES: readonly string[] = [
  '/login',
  '/callback',
  '/session',
  '/sessions',
  '/logout',
  '/backchannel-logout',
  '/frontchannel-logout',
];

/**
 * Routes must tell each other apart, and keep out of our own way. Compared without regard to case: an
 * upstream that ignores it would see one path where we see two.
 */
export function checkRoutes({ routes }: FoundConfig, report: Report): void {
  const names = new Set<string>();
  const prefixes: string[] = [];
  for (const { values, key } of routes) {
    const { name, prefix } = values;
    if (name !== undefined && names.has(name)) {
      report.problem(
        key('name'),
        'is the name of an earlier route',
        'give every route its own name',
      );
    }
    if (name !== undefined) names.add(name);
    if (prefix === undefined) continue;
    const folded = prefix.toLowerCase();
    const own = OWN_PREFIXES.find((path) => overlap(path, folded));
    const isTaken = prefixes.includes(folded);
    prefixes.push(folded);
    if (own !== undefined) {
      report.problem(
        key('prefix'),
        `is in the way of our own route ${own}`,
        'choose another prefix, such as /api',
      );
    }
    if (isTaken) {
      report.problem(
        key('prefix'),
        'is the prefix of an earlier route',
        'give every route a prefix of its own; of several that fit the longest counts',
      );
    }
    checkCsrf(values, key, report);
  }
}

/**
 * A login must have asked for an API for which a token is to be got by the refresh token (RFC 8707 §2.2). Some
 * providers are more generous, so it is said and not refused.
 */
export function checkResources({ providers, routes }: FoundConfig, report: Report): void {
  for (const { values, key } of routes) {
    const { resource, tokenVia, token } = values;
    if (resource === undefined || tokenVia !== 'refresh' || token === 'none') continue;
    for (const provider of providers) {
      if (provider.values.resources?.includes(resource) !== false) continue;
      report.notice(
        `${provider.key('resources')} does not name ${key('resource')}: a provider that goes by RFC 8707 gives no token for an API that the login did not ask for.`,
      );
    }
  }
}

/** What cannot work, or would be open to other sites. */
function checkCsrf(values: Route['values'], key: Route['key'], report: Report): void {
  const { csrf, methods = [], download, acr = [], maxAgeMs, scopes = [], token } = values;
  const unsafe = methods.filter((method) => !['GET', 'HEAD', 'OPTIONS'].includes(method));
  if (csrf === 'fetch-metadata' && unsafe.length > 0) {
    report.problem(
      key('csrf'),
      `is fetch-metadata, but the route offers ${unsafe.join(', ')}`,
      `set ${key('methods')} to GET, HEAD, and give the rest a route of its own`,
    );
  }
  if (download === true && csrf === 'header') {
    report.problem(
      key('download'),
      'is true, but a page that is opened sends no header',
      `set ${key('csrf')} to fetch-metadata`,
    );
  }
  if (token !== 'required' && (acr.length > 0 || maxAgeMs !== undefined || scopes.length > 0)) {
    report.problem(
      key('token'),
      `is ${token ?? ''}, but the route asks how the user logged in`,
      'set it to required, or remove acr, maxAge and scopes',
    );
  }
}

function overlap(a: string, b: string): boolean {
  return a === b || a.startsWith(`${b}/`) || b.startsWith(`${a}/`);
}
