import { optional, required, withDefault } from '../option.js';
import { choice, flag, line, list } from '../values/basic-values.js';
import { duration } from '../values/duration.js';
import { claimName, group } from '../values/provider-values.js';
import { shortName } from '../values/short-name.js';

/** Section `policies`, one entry each: what a gateway may ask at `/verify/{name}`. */
export const policyOptions = {
  name: required({
    key: 'name',
    type: shortName,
    remedy: 'give the policy a short name',
    doc: 'Name of the policy in `/verify/{name}`. `/verify` is the policy `default`: any live session, unless an entry says otherwise.',
  }),
  audience: optional({
    key: 'audience',
    type: line,
    otherwise: 'the name of the policy',
    doc: '`aud` of the identity assertion.',
  }),
  identity: withDefault({
    key: 'identity',
    type: choice('assertion', 'headers', 'both', 'none'),
    default: 'both',
    doc: 'What the answer tells of who is there: the identity assertion (`X-Auth-Assertion`), the `X-Auth-*` headers, both, or nothing. Every header is always set.',
  }),
  acr: withDefault({
    key: 'acr',
    type: list('acr values', line),
    default: '',
    doc: 'Authentication contexts, one of which the login must have had; else 401 with a `login_url` that asks for it.',
  }),
  maxAgeMs: optional({
    key: 'maxAge',
    type: duration('1s', '30d'),
    otherwise: 'any age',
    doc: 'How long ago the user may have logged in at the provider; else 401.',
  }),
  scopes: withDefault({
    key: 'scopes',
    type: list('scopes', line),
    default: '',
    doc: 'Scopes that the access token must have been given; else 403.',
  }),
  groups: withDefault({
    key: 'groups',
    type: list('groups', group),
    default: '',
    doc: 'Groups of which the user must be in one; else 403. Empty asks for none.',
  }),
  groupsClaim: withDefault({
    key: 'groupsClaim',
    type: claimName,
    default: 'groups',
    doc: 'The claim of the session that `groups` is compared with.',
  }),
  csrf: withDefault({
    key: 'csrf',
    type: flag,
    default: 'true',
    doc: 'Whether calls that may change something (told by the gateway: `X-Forwarded-Method` or `X-Original-Method`) must carry the static header and come from our own pages.',
  }),
  origin: withDefault({
    key: 'origin',
    type: flag,
    default: 'true',
    doc: 'Whether a WebSocket must come from our own pages (its `Origin`).',
  }),
  preflight: withDefault({
    key: 'preflight',
    type: flag,
    default: 'false',
    doc: 'Whether true preflights of `ALLOWED_ORIGINS` pass without a session.',
  }),
  redirect: withDefault({
    key: 'redirect',
    type: flag,
    default: 'false',
    doc: 'Whether a page that a person opens is sent to the login by 302. Not for nginx, which makes a 500 of it.',
  }),
  authorization: withDefault({
    key: 'authorization',
    type: flag,
    default: 'false',
    doc: "Whether the answer carries the session's access token as `Authorization`, fresh. Then it leaves this house: only for gateways that hand it to APIs of yours.",
  }),
};
