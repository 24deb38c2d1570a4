import { required, withDefault } from '../option.js';
import { choice, list, text } from '../values/basic-values.js';
import { duration } from '../values/duration.js';
import { prefix } from '../values/path-values.js';
import { upstream } from '../values/web-url.js';

const routeName = text(
  'up to 32 lower-case letters, digits or hyphens, a letter first',
  /^[a-z][a-z0-9-]{0,31}$/,
  'choose a short name: logs and metrics carry it',
);

/** Section `routes`, one entry each: APIs that are called with the session's access token. */
export const routeOptions = {
  name: required({
    key: 'name',
    type: routeName,
    remedy: 'give the route a short name',
    doc: 'Name of the route in logs and metrics.',
  }),
  prefix: required({
    key: 'prefix',
    type: prefix,
    remedy: 'set the path below which the API is called, such as /api',
    doc: 'Path prefix below `BASE_PATH`. No prefix lies within another one, nor in the way of our own routes.',
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
    doc: 'How long the API may be silent.',
  }),
};
