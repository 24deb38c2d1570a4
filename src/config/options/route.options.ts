import { optional, required, withDefault } from '../option.js';
import { choice, flag, line, list } from '../values/basic-values.js';
import { duration } from '../values/duration.js';
import { prefix } from '../values/path-values.js';
import { scope } from '../values/provider-values.js';
import { shortName } from '../values/short-name.js';
import { upstream } from '../values/web-url.js';

/** Section `routes`, one entry each: APIs that are called with the session's access token. */
export const routeOptions = {
  name: required({
    key: 'name',
    type: shortName,
    remedy: 'give the route a short name',
    doc: 'Name of the route in logs and metrics.',
  }),
  prefix: required({
    key: 'prefix',
    type: prefix,
    remedy: 'set the path below which the API is called, such as /api',
    doc: 'Path prefix below `BASE_PATH`. Of several that fit the longest counts; none may be in the way of our own routes.',
  }),
  upstream: required({
    key: 'upstream',
    env: 'API_UPSTREAM',
    type: upstream,
    remedy: 'set the address of the API, such as http://api:8080',
    doc: 'Address of the API. As an environment variable it makes (or changes) the route `api` with the prefix `/api`.',
  }),
  methods: withDefault({
    key: 'methods',
    type: list('methods', choice('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS')),
    default: 'GET,HEAD,POST,PUT,PATCH,DELETE',
    doc: 'Methods that are let through.',
  }),
  token: withDefault({
    key: 'token',
    type: choice('required', 'optional', 'none'),
    default: 'required',
    doc: 'Whether a call needs a session with an access token, takes one along, or goes without.',
  }),
  timeoutMs: withDefault({
    key: 'timeout',
    type: duration('100ms', '1h'),
    default: '30s',
    doc: 'How long the API may be silent. An event stream may be silent for ever.',
  }),
  csrf: withDefault({
    key: 'csrf',
    type: choice('header', 'fetch-metadata'),
    default: 'header',
    doc: 'How a call proves that it comes from our own pages. `header` is the static header. `fetch-metadata` is for what a page links to or streams and cannot give a header (images, downloads, EventSource): safe methods only, and the browser must say `Sec-Fetch-Site: same-origin`.',
  }),
  documents: withDefault({
    key: 'documents',
    type: flag,
    default: 'false',
    doc: 'Whether pages of the API run as pages of our origin. Off, because such a page can do whatever the user can: without it HTML is answered in a sandbox.',
  }),
  download: withDefault({
    key: 'download',
    type: flag,
    default: 'false',
    doc: 'Whether a person may open an address of the route as a page; with `csrf: fetch-metadata`. It is saved as a file, not shown.',
  }),
  websocket: withDefault({
    key: 'websocket',
    type: flag,
    default: 'false',
    doc: 'Whether WebSockets are let through. They need the right `Origin` and are closed within seconds of the end of the session.',
  }),
  identity: withDefault({
    key: 'identity',
    type: choice('assertion', 'headers', 'both', 'none'),
    default: 'none',
    doc: 'What the API is told of who calls: the identity assertion (`X-Auth-Assertion`, with the name of the route as `aud`), the `X-Auth-*` headers, both, or nothing. Whatever a client sends under these names never arrives.',
  }),
  acr: withDefault({
    key: 'acr',
    type: list('acr values', line),
    default: '',
    doc: 'Authentication contexts, one of which the login must have had (RFC 9470); else 401 with a `login_url` that asks for it.',
  }),
  maxAgeMs: optional({
    key: 'maxAge',
    type: duration('1s', '30d'),
    otherwise: 'any age',
    doc: 'How long ago the user may have logged in at the provider; else 401 with a `login_url` that asks again.',
  }),
  scopes: withDefault({
    key: 'scopes',
    type: list('scopes', line),
    default: '',
    doc: 'Scopes that the access token must have been given; else 403.',
  }),
  resource: optional({
    key: 'resource',
    type: line,
    otherwise: 'the session has one access token',
    doc: 'The API for which a token of its own is got (`resource` of RFC 8707), kept with the session until it runs out.',
  }),
  audience: optional({
    key: 'audience',
    type: line,
    otherwise: 'the session has one access token',
    doc: 'The same for providers that call it `audience` (RFC 8693, and some by custom).',
  }),
  tokenScope: optional({
    key: 'tokenScope',
    type: scope,
    otherwise: 'what the provider gives',
    doc: 'The scope that is asked for with `resource` or `audience`.',
  }),
  tokenVia: withDefault({
    key: 'tokenVia',
    type: choice('refresh', 'exchange'),
    default: 'refresh',
    doc: 'How that token is got: with the refresh token (RFC 8707 §2.2), or in exchange for the access token (RFC 8693), where the provider can do that.',
  }),
};
