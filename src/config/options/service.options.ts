import { optional, required, withDefault } from '../option.js';
import { choice, flag, line, list } from '../values/basic-values.js';
import { redirectUri } from '../values/web-url.js';
import { serviceSecret } from '../values/service-secret.js';
import { shortName } from '../values/short-name.js';

export const SERVICE_SCOPES = ['introspect', 'token', 'code', 'sessions'] as const;

/** Section `services`, one entry each: internal services that may ask `/introspect`, `/token` or `/admin`. */
export const serviceOptions = {
  id: required({
    key: 'id',
    type: shortName,
    remedy: 'give the service an id',
    doc: 'The `client_id` of the service.',
  }),
  auth: withDefault({
    key: 'auth',
    type: choice('client_secret_basic', 'client_secret_post', 'none'),
    default: 'client_secret_basic',
    doc: 'How it proves who it is (RFC 6749 §2.3.1). `none` is for a service in the shape of a plain token endpoint, and only where `INTERNAL_HOST` is on this machine.',
  }),
  secretHash: optional({
    key: 'secret',
    type: serviceSecret,
    otherwise: 'only for `auth: none`',
    doc: 'Its secret, best as a hash: `vestibule keys generate --service` prints both.',
  }),
  scopes: required({
    key: 'scopes',
    type: list('scopes', choice(...SERVICE_SCOPES)),
    remedy: `list what it may do: ${SERVICE_SCOPES.join(', ')}`,
    doc: 'What it may do: `introspect` sessions, exchange them for a `token`, redeem a `code` that it received, list and end `sessions`.',
  }),
  provider: optional({
    key: 'provider',
    type: shortName,
    otherwise: 'the only provider; with several, the request says `provider`',
    doc: 'The provider whose codes it redeems.',
  }),
  redirectUris: withDefault({
    key: 'redirectUris',
    type: list('URLs', redirectUri),
    default: '',
    doc: "Redirect URIs at which it receives codes, byte for byte. Neither `/callback` here nor one of `providers[].redirectUris`: a code of a browser's login is no code for a service.",
  }),
  codeShape: withDefault({
    key: 'codeShape',
    type: choice('standard', 'plain'),
    default: 'standard',
    doc: '`plain` takes a `code` alone, as JSON (`{"code": …}`) or as a form, for the one redirect URI of the service. Nothing then binds the code to a browser: that is the service\'s to do.',
  }),
  audiences: withDefault({
    key: 'audiences',
    type: list('audiences', line),
    default: '',
    doc: "Values of `audience` for which it may get access tokens of a session (RFC 8693). With this or `resources` it gets tokens for these APIs alone, without either the session's own access token.",
  }),
  resources: withDefault({
    key: 'resources',
    type: list('resources', line),
    default: '',
    doc: 'The same for `resource` (RFC 8707).',
  }),
  tokenVia: withDefault({
    key: 'tokenVia',
    type: choice('refresh', 'exchange'),
    default: 'refresh',
    doc: 'How these are got from the provider: with the refresh token of the session, or in exchange for its access token.',
  }),
  refreshTokens: withDefault({
    key: 'refreshTokens',
    type: flag,
    default: 'false',
    doc: 'Whether a redeemed code brings the service a refresh token, if the provider gives one.',
  }),
};
