import type { Hop } from './http-exchange.js';
import type { Exposure, SecretKind } from './leak-scan.js';

/** Whose answers are judged, and what their cookies are called. */
export interface Ground {
  readonly origin: string;
  readonly basePath: string;
  readonly issuer: string;
  readonly cookieName: string;
  readonly loginCookieName: string;
  /** Redirect URIs of applications: code and state come to their pages. */
  readonly appUris?: readonly string[];
}

type AllowedParameters = Readonly<Record<string, SecretKind>>;

/** The places that DESIGN section 8, guarantee 1, names, and the two where a value goes by its very purpose. */
const CALLBACK: AllowedParameters = { code: 'code', state: 'state' };
const CALLBACKS = ['/callback', '/callback/one', '/callback/two'];
const AUTHORIZATION: AllowedParameters = { state: 'state' };
const END_SESSION: AllowedParameters = { id_token_hint: 'id token' };
const LOGOUT: AllowedParameters = { token: 'logout token' };

/** What a hop shows: the address to whoever sees addresses, our answer to the page. The provider's answers are not ours. */
export function* exposuresOfHop(hop: Hop, ground: Ground): Iterable<Exposure> {
  const place = placeOf(hop, ground);
  yield* exposuresOfUrl(hop.url, `address of ${place}`, ground);
  if (new URL(hop.url).origin !== ground.origin) return;
  for (const [name, value] of Object.entries(hop.headers)) {
    for (const text of [value ?? ''].flat())
      yield* exposuresOfHeader(name, text, { place, ground, url: hop.url });
  }
  yield* exposuresOfBody(hop, place, ground);
}

export function exposuresOfLog(lines: readonly string[], kind = 'log line'): Exposure[] {
  return lines.map((text) => ({ where: `${kind} ${eventOf(text)}`, text }));
}

function* exposuresOfHeader(
  name: string,
  text: string,
  { place, ground, url }: { readonly place: string; readonly ground: Ground; readonly url: string },
): Iterable<Exposure> {
  const where = `header ${name} of ${place}`;
  if (name === 'location') yield* exposuresOfUrl(new URL(text, url).href, where, ground);
  else if (name !== 'set-cookie') yield { where, text };
  else if (text.startsWith(`${ground.cookieName}=`))
    yield { where, text, allowed: new Set<SecretKind>(['session cookie', 'session id']) };
  else if (text.startsWith(`${ground.loginCookieName}=`))
    yield { where, text, allowed: new Set<SecretKind>(['browser binding']) };
  else yield { where, text };
}

/** A JSON answer may tell where to go next (`location`, `logout_url`): that address is judged as an address. */
function* exposuresOfBody(hop: Hop, place: string, ground: Ground): Iterable<Exposure> {
  const where = `body of ${place}`;
  const path = pathOf(hop.url, ground);
  const allowed = new Set<SecretKind>(path === '/logout' ? ['logout token'] : []);
  let text = hop.body;
  if (text === '') return;
  if (
    String(hop.headers['content-type']).includes('json') &&
    ['/login', '/logout', '/session', '/session/refresh', ...CALLBACKS].includes(path)
  ) {
    const {
      location,
      logout_url: logoutUrl,
      ...rest
    } = JSON.parse(text) as Record<string, unknown>;
    for (const address of [location, logoutUrl]) {
      if (typeof address === 'string')
        yield* exposuresOfUrl(new URL(address, hop.url).href, where, ground);
    }
    text = JSON.stringify(rest);
  }
  yield { where, text, allowed };
}

function* exposuresOfUrl(address: string, where: string, ground: Ground): Iterable<Exposure> {
  const url = new URL(address);
  const allowed = allowedParameters(url, ground);
  const rest = new URL(address);
  for (const [name, kind] of Object.entries(allowed)) {
    for (const text of url.searchParams.getAll(name))
      yield { where: `${where}, ${name}`, text, allowed: new Set([kind]) };
    rest.searchParams.delete(name);
  }
  yield { where, text: rest.href };
}

function allowedParameters(url: URL, ground: Ground): AllowedParameters {
  if (url.origin === new URL(ground.issuer).origin) {
    if (url.pathname === '/auth') return AUTHORIZATION;
    return url.pathname === '/session/end' ? END_SESSION : {};
  }
  const { appUris = [] } = ground;
  if (appUris.includes(`${url.origin}${url.pathname}`)) return CALLBACK;
  if (url.origin !== ground.origin) return {};
  const path = pathOf(url.href, ground);
  if (path === '/callback' || path.startsWith('/callback/')) return CALLBACK;
  return path === '/logout' ? LOGOUT : {};
}

function placeOf(hop: Hop, ground: Ground): string {
  return `${hop.method} ${pathOf(hop.url, ground).slice(0, 80)} (${hop.status})`;
}

function pathOf(url: string, { basePath }: Ground): string {
  const { pathname } = new URL(url);
  return basePath !== '' && pathname.startsWith(`${basePath}/`)
    ? pathname.slice(basePath.length)
    : pathname;
}

function eventOf(line: string): string {
  return /"event":"([^"]+)"/.exec(line)?.[1] ?? 'without an event';
}
