import type { ServiceScope } from '../config/config.types.js';

export type Listener = 'public' | 'internal';
/** `ANY`: every method that the edge lets in. */
export type Method = 'GET' | 'POST' | 'DELETE' | 'PUT' | 'PATCH' | 'ANY';

/**
 * Who may come: `open` carries its reason, because everything else is denied without a session, or to anybody but a
 * registered service that has the scope. With `by-grant` the grant type says which scope, and its handler judges.
 */
export type Access = { readonly open: string } | 'session' | ServiceAccess;
export interface ServiceAccess {
  readonly service: ServiceScope | 'by-grant';
}

/**
 * How a request proves that it comes from our own pages:
 * `header` (the static header, and the origin where the browser tells it), `safe-read` (no header, never
 * cross-site), `navigation` (a top-level page load may come from anywhere), or an exemption with its reason.
 */
export type CsrfRule = 'header' | 'safe-read' | 'navigation' | { readonly exempt: string };

/** `nest`: a controller on Express. `hot`: dispatched before Express. */
export type Dispatch = 'nest' | 'hot';

export interface Route {
  readonly name: string;
  readonly listener: Listener;
  readonly method: Method;
  /** Below BASE_PATH; a segment `:name` matches one segment, `/*` behind a first one whatever follows, or nothing. */
  readonly path: string;
  readonly access: Access;
  readonly csrf: CsrfRule;
  readonly cache: 'no-store';
  readonly dispatch: Dispatch;
}

type RouteSpec = Omit<Route, 'name' | 'cache' | 'listener'>;

const PUBLIC = {
  login: {
    method: 'GET',
    path: '/login',
    access: { open: 'starts a login' },
    csrf: 'navigation',
    dispatch: 'nest',
  },
  'login.initiate': {
    method: 'POST',
    path: '/login',
    access: { open: 'a third party starts a login by form' },
    csrf: { exempt: 'it does no more than a link from anywhere may' },
    dispatch: 'nest',
  },
  'login.required': {
    method: 'GET',
    path: '/login/required',
    access: { open: 'a gateway sends on whoever it did not let in' },
    csrf: 'navigation',
    dispatch: 'nest',
  },
  'login.return': {
    method: 'GET',
    path: '/login/return',
    access: { open: 'leads back into the application after a login' },
    csrf: 'navigation',
    dispatch: 'nest',
  },
  callback: {
    method: 'GET',
    path: '/callback',
    access: { open: 'the provider sends the browser here' },
    csrf: 'navigation',
    dispatch: 'nest',
  },
  'callback.form': {
    method: 'POST',
    path: '/callback',
    access: { open: 'the provider (form_post) or the application (JSON) posts here' },
    csrf: {
      exempt: 'state and browser binding prove a form; JSON takes the header, the handler judges',
    },
    dispatch: 'nest',
  },
  'callback.provider': {
    method: 'GET',
    path: '/callback/:provider',
    access: { open: 'the provider sends the browser here' },
    csrf: 'navigation',
    dispatch: 'nest',
  },
  'callback.provider.form': {
    method: 'POST',
    path: '/callback/:provider',
    access: { open: 'the provider (form_post) or the application (JSON) posts here' },
    csrf: {
      exempt: 'state and browser binding prove a form; JSON takes the header, the handler judges',
    },
    dispatch: 'nest',
  },
  session: {
    method: 'GET',
    path: '/session',
    access: { open: 'says that nobody is logged in' },
    csrf: 'safe-read',
    dispatch: 'hot',
  },
  'session.refresh': {
    method: 'POST',
    path: '/session/refresh',
    access: 'session',
    csrf: 'header',
    dispatch: 'nest',
  },
  'session.events': {
    method: 'GET',
    path: '/session/events',
    access: { open: 'tells that a session ended' },
    csrf: 'safe-read',
    dispatch: 'hot',
  },
  sessions: {
    method: 'GET',
    path: '/sessions',
    access: 'session',
    csrf: 'safe-read',
    dispatch: 'nest',
  },
  'sessions.revoke-others': {
    method: 'DELETE',
    path: '/sessions',
    access: 'session',
    csrf: 'header',
    dispatch: 'nest',
  },
  'sessions.revoke': {
    method: 'DELETE',
    path: '/sessions/:session_id',
    access: 'session',
    csrf: 'header',
    dispatch: 'nest',
  },
  'backchannel-logout': {
    method: 'POST',
    path: '/backchannel-logout',
    access: { open: 'the provider calls it' },
    csrf: { exempt: 'the signature of the logout token proves it' },
    dispatch: 'nest',
  },
  'frontchannel-logout': {
    method: 'GET',
    path: '/frontchannel-logout',
    access: { open: 'the provider frames it' },
    csrf: { exempt: 'iss and sid of the session prove it' },
    dispatch: 'nest',
  },
  logout: {
    method: 'POST',
    path: '/logout',
    access: { open: 'logging out twice succeeds' },
    csrf: { exempt: 'takes the header or the token of our own form; the handler judges' },
    dispatch: 'nest',
  },
  'logout.page': {
    method: 'GET',
    path: '/logout',
    access: { open: 'shows the confirmation page' },
    csrf: 'navigation',
    dispatch: 'nest',
  },
  'logout.done': {
    method: 'GET',
    path: '/logout/done',
    access: { open: 'the provider sends the browser here' },
    csrf: 'navigation',
    dispatch: 'nest',
  },
} as const satisfies Record<string, RouteSpec>;

const INTERNAL = {
  healthz: {
    method: 'GET',
    path: '/healthz',
    access: { open: 'liveness probe' },
    csrf: { exempt: 'no browser comes here' },
    dispatch: 'nest',
  },
  readyz: {
    method: 'GET',
    path: '/readyz',
    access: { open: 'readiness probe' },
    csrf: { exempt: 'no browser comes here' },
    dispatch: 'nest',
  },
  metrics: {
    method: 'GET',
    path: '/metrics',
    access: { open: 'figures without anybody in them, on the listener of operators' },
    csrf: { exempt: 'no browser comes here' },
    dispatch: 'nest',
  },
  jwks: {
    method: 'GET',
    path: '/.well-known/jwks.json',
    access: { open: 'public keys, by which an API verifies an identity assertion' },
    csrf: { exempt: 'no browser comes here' },
    dispatch: 'nest',
  },
  introspect: {
    method: 'POST',
    path: '/introspect',
    access: { service: 'introspect' },
    csrf: { exempt: 'no browser comes here' },
    dispatch: 'hot',
  },
  token: {
    method: 'POST',
    path: '/token',
    access: { service: 'by-grant' },
    csrf: { exempt: 'no browser comes here' },
    dispatch: 'nest',
  },
  'admin.sessions': {
    method: 'GET',
    path: '/admin/sessions',
    access: { service: 'sessions' },
    csrf: { exempt: 'no browser comes here' },
    dispatch: 'nest',
  },
  'admin.sessions.end-all': {
    method: 'DELETE',
    path: '/admin/sessions',
    access: { service: 'sessions' },
    csrf: { exempt: 'no browser comes here' },
    dispatch: 'nest',
  },
  'admin.sessions.end': {
    method: 'DELETE',
    path: '/admin/sessions/:session_id',
    access: { service: 'sessions' },
    csrf: { exempt: 'no browser comes here' },
    dispatch: 'nest',
  },
  openapi: {
    method: 'GET',
    path: '/openapi.json',
    access: { open: 'says what both listeners offer, and nothing of anybody' },
    csrf: { exempt: 'no browser comes here' },
    dispatch: 'nest',
  },
  verify: {
    method: 'ANY',
    path: '/verify/*',
    access: { open: 'tells a gateway whether somebody is there; the policy judges' },
    csrf: { exempt: 'the policy judges the request that the gateway asks about' },
    dispatch: 'hot',
  },
} as const satisfies Record<string, RouteSpec>;

export type PublicRouteName = keyof typeof PUBLIC;
export type InternalRouteName = keyof typeof INTERNAL;
export type RouteName = PublicRouteName | InternalRouteName;

function rows(listener: Listener, specs: Record<string, RouteSpec>): Route[] {
  return Object.entries(specs).map(([name, spec]) => ({
    name,
    listener,
    cache: 'no-store',
    ...spec,
  }));
}

/** Every route of both listeners; what is not here is proxied, the application's page, or 404. */
export const ROUTE_TABLE: readonly Route[] = [
  ...rows('public', PUBLIC),
  ...rows('internal', INTERNAL),
];

const BY_NAME: ReadonlyMap<string, Route> = new Map(
  ROUTE_TABLE.map((route) => [route.name, route]),
);

/** The row of a route. */
export function routeNamed(name: RouteName): Route {
  const route = BY_NAME.get(name);
  if (route === undefined) throw new RangeError(`no route ${name}`);
  return route;
}

/** First path segments that are ours: nothing else may be configured there and no login returns to them. */
export function ownPrefixes(): readonly string[] {
  const first = ROUTE_TABLE.filter((route) => route.listener === 'public').map(
    (route) => `/${route.path.split('/')[1]}`,
  );
  return [...new Set([...first, '/sessions', '/backchannel-logout', '/frontchannel-logout'])];
}
