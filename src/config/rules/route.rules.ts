import type { Report } from '../report.js';
import type { FoundConfig } from '../sections.js';

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
    const other = prefixes.find((path) => overlap(path, folded));
    prefixes.push(folded);
    if (own !== undefined) {
      report.problem(
        key('prefix'),
        `is in the way of our own route ${own}`,
        'choose another prefix, such as /api',
      );
    }
    if (other !== undefined) {
      report.problem(
        key('prefix'),
        'is the same as the prefix of an earlier route, or one lies within the other',
        'choose prefixes side by side, such as /api and /files',
      );
    }
  }
}

function overlap(a: string, b: string): boolean {
  return a === b || a.startsWith(`${b}/`) || b.startsWith(`${a}/`);
}
