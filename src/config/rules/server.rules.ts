import { getDomain } from 'tldts';
import type { Report } from '../report.js';
import type { FoundConfig } from '../sections.js';
import { trustsEveryone } from '../values/network-values.js';
import type { PublicUrl } from '../values/web-url.js';

type Server = FoundConfig['server'];

/** What must hold between the options of `server`. */
export function checkServer(server: Server, report: Report): void {
  checkBasePath(server, report);
  checkPorts(server, report);
  checkOrigins(server, report);
  const everyone = server.values.trustProxy?.some(trustsEveryone) ?? false;
  if (everyone) {
    report.notice(
      `${server.key('trustProxy')} trusts every address: any client that reaches the port can claim any address, host and scheme.`,
    );
  }
}

function checkBasePath({ values, key }: Server, report: Report): void {
  const path = values.publicUrl?.path ?? '';
  if (values.basePath === undefined || path === '' || path === values.basePath) return;
  report.problem(
    key('publicUrl'),
    `has a path that is not that of ${key('basePath')}`,
    `remove the path, or set ${key('basePath')} to the same`,
  );
}

const EVERY_INTERFACE: readonly string[] = ['0.0.0.0', '::'];

function checkPorts({ values, key }: Server, report: Report): void {
  const { port, internalPort, internalHost } = values;
  if (port === undefined || port === 0 || port !== internalPort || internalHost === undefined)
    return;
  const host = resolveHost(values.host, values.publicUrl);
  const meet =
    host === internalHost || [host, internalHost].some((at) => EVERY_INTERFACE.includes(at));
  if (!meet) return;
  report.problem(
    key('internalPort'),
    `is the same as ${key('port')}`,
    'give the internal listener a port of its own',
  );
}

/** Where the public listener stands when nobody says so. */
export function resolveHost(host: string | undefined, publicUrl: PublicUrl | undefined): string {
  return host ?? (publicUrl?.loopback === true ? '127.0.0.1' : '0.0.0.0');
}

/** How long the listeners go on when nobody says so: on the own machine no load balancer has to notice. */
export function resolveShutdownDelay(
  delayMs: number | undefined,
  publicUrl: PublicUrl | undefined,
): number {
  return delayMs ?? (publicUrl?.loopback === true ? 0 : 5000);
}

function checkOrigins({ values, key }: Server, report: Report): void {
  const { publicUrl, allowedOrigins = [] } = values;
  if (publicUrl === undefined) return;
  for (const [at, origin] of allowedOrigins.entries()) {
    if (isSameSite(new URL(origin), new URL(publicUrl.origin))) continue;
    report.problem(
      key('allowedOrigins'),
      `entry ${at + 1} is not of the same site as ${key('publicUrl')}, so the cookie would not come`,
      `serve both below one registrable domain and with the same scheme, or leave the entry out`,
    );
  }
}

/** Schemeful same-site as browsers judge it (RFC 6265bis §5.2): public suffixes, private ones included. */
function isSameSite(a: URL, b: URL): boolean {
  if (a.protocol !== b.protocol) return false;
  const domain = getDomain(a.hostname, { allowPrivateDomains: true });
  return domain === null
    ? a.hostname === b.hostname
    : domain === getDomain(b.hostname, { allowPrivateDomains: true });
}
