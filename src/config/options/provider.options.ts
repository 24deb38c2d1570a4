import { optional, required, withDefault } from '../option.js';
import { PROFILES } from '../profiles.js';
import { choice, filledList, flag, line, text } from '../values/basic-values.js';
import { certificates } from '../values/certificates.js';
import { duration } from '../values/duration.js';
import { endpoint, issuer, logoutTemplate } from '../values/web-url.js';
import { providerClientOptions } from './provider-client.options.js';
import { providerLoginOptions } from './provider-login.options.js';

const providerId = text(
  'up to 32 lower-case letters, digits or hyphens, a letter first',
  /^[a-z][a-z0-9-]{0,31}$/,
  'choose a short id: it is part of the path /callback/{id}',
);

const label = text(
  'up to 60 characters on one line',
  /^\P{C}{1,60}$/u,
  'write what a person should read on the button',
);

const tokenIssuer = text(
  'an issuer',
  /^[\x21-\x2b\x2d-\x7e]{1,500}$/,
  "copy the value of 'iss' from a token, byte for byte",
);

const FOUND = 'as the metadata say';

/** Section `providers`, one entry each: who vouches for users. */
export const providerOptions = {
  id: optional({
    key: 'id',
    type: providerId,
    otherwise: 'the profile',
    doc: 'Name of the provider in `/login?provider=` and `/callback/{id}`; needed when there are several.',
  }),
  label: optional({
    key: 'label',
    env: 'OIDC_LABEL',
    type: label,
    otherwise: "the profile's, for `generic` the id",
    doc: 'What a person reads where several providers are offered.',
  }),
  profile: withDefault({
    key: 'profile',
    env: 'OIDC_PROVIDER',
    type: choice(...PROFILES.map(({ name }) => name)),
    default: 'generic',
    doc: "What is known of the provider's habits: other defaults for the options of this entry. `generic` is a provider that keeps to OpenID Connect.",
  }),
  issuer: required({
    key: 'issuer',
    env: 'OIDC_ISSUER',
    type: issuer,
    remedy: "set it to the value of 'issuer' in the provider's discovery document",
    doc: "The provider's issuer, byte for byte: discovery and every ID token are compared with it. http on loopback only.",
  }),
  tokenIssuers: optional({
    key: 'tokenIssuers',
    env: 'OIDC_TOKEN_ISSUERS',
    type: filledList('issuers', tokenIssuer),
    otherwise: 'the issuer',
    doc: 'What `iss` of tokens and callbacks may say, where a provider calls itself otherwise there. Its users are kept under `OIDC_ISSUER` all the same.',
  }),
  discovery: withDefault({
    key: 'discovery',
    env: 'OIDC_DISCOVERY',
    type: flag,
    default: 'true',
    doc: 'Whether the metadata are fetched from the issuer (OIDC Discovery §4). Without, the endpoints must be written by hand.',
  }),
  discoveryUrl: optional({
    key: 'discoveryUrl',
    env: 'OIDC_DISCOVERY_URL',
    type: endpoint,
    otherwise: 'below the issuer',
    doc: 'Where the metadata document lies, if not at `/.well-known/openid-configuration` below the issuer. Its `issuer` is compared all the same.',
  }),
  authorizationEndpoint: optional({
    key: 'endpoints.authorization',
    env: 'OIDC_AUTHORIZATION_ENDPOINT',
    type: endpoint,
    otherwise: FOUND,
    doc: 'Where logins begin. Like every endpoint written by hand it wins over the metadata.',
  }),
  tokenEndpoint: optional({
    key: 'endpoints.token',
    env: 'OIDC_TOKEN_ENDPOINT',
    type: endpoint,
    otherwise: FOUND,
    doc: 'Where codes are redeemed and tokens renewed.',
  }),
  userinfoEndpoint: optional({
    key: 'endpoints.userinfo',
    env: 'OIDC_USERINFO_ENDPOINT',
    type: endpoint,
    otherwise: FOUND,
    doc: 'Where claims are asked for.',
  }),
  jwksUri: optional({
    key: 'endpoints.jwks',
    env: 'OIDC_JWKS_URI',
    type: endpoint,
    otherwise: FOUND,
    doc: "Where the provider's public keys are.",
  }),
  revocationEndpoint: optional({
    key: 'endpoints.revocation',
    env: 'OIDC_REVOCATION_ENDPOINT',
    type: endpoint,
    otherwise: FOUND,
    doc: 'Where tokens are revoked; without one they run out by themselves.',
  }),
  endSessionEndpoint: optional({
    key: 'endpoints.endSession',
    env: 'OIDC_END_SESSION_ENDPOINT',
    type: endpoint,
    otherwise: FOUND,
    doc: 'Where a browser logs out at the provider (RP-Initiated Logout §2).',
  }),
  logoutUrl: optional({
    key: 'logoutUrl',
    env: 'OIDC_LOGOUT_URL',
    type: logoutTemplate,
    otherwise: 'the end-session endpoint',
    doc: 'Address for logging out at a provider that does it in a way of its own: a template with `{post_logout_redirect_uri}`, `{client_id}`, `{state}`, `{id_token_hint}`.',
  }),
  ca: optional({
    key: 'ca',
    env: 'OIDC_CA',
    type: certificates,
    otherwise: 'the authorities that Node knows',
    doc: "Authorities that vouch for the provider's own TLS certificate, PEM.",
  }),
  timeoutMs: withDefault({
    key: 'timeout',
    env: 'OIDC_TIMEOUT',
    type: duration('100ms', '1m'),
    default: '10s',
    doc: 'How long one call to the provider may take.',
  }),
  clientId: required({
    key: 'clientId',
    env: 'OIDC_CLIENT_ID',
    type: line,
    remedy: 'register this application at the provider and set the client id that it gives',
    doc: 'The id under which Vestibule is registered at the provider.',
  }),
  ...providerClientOptions,
  ...providerLoginOptions,
};
