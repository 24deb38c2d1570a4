import { z } from 'zod';
import { optional, required, withDefault } from '../option.js';
import { choice, flag, line, list, text } from '../values/basic-values.js';
import { duration } from '../values/duration.js';
import { accept, refuse, secretOf, valueType, type Judged } from '../values/value-type.js';
import { issuer } from '../values/web-url.js';

/** RFC 6749 §3.3; OpenID Connect is spoken only when `openid` is asked for (OIDC Core §3.1.2.1). */
const scope = valueType({
  label: "scopes separated by spaces, 'openid' among them",
  remedy: "separate the scopes by spaces and keep 'openid'",
  input: z.string(),
  judge: (given): Judged<string> => {
    const scopes = given.split(' ').filter((part) => part !== '');
    if (scopes.some((part) => !/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(part))) {
      return refuse('must be scopes separated by spaces');
    }
    return scopes.includes('openid')
      ? accept([...new Set(scopes)].join(' '))
      : refuse("must contain 'openid'");
  },
});

const claimName = text(
  'a claim name',
  /^[\x21-\x2b\x2d-\x7e]{1,128}$/,
  'list claim names, such as name, email',
);

const providerId = text(
  'up to 32 lower-case letters, digits or hyphens, a letter first',
  /^[a-z][a-z0-9-]{0,31}$/,
  'choose a short id: it is part of the path /callback/{id}',
);

/** Section `providers`, one entry each: who vouches for users. */
export const providerOptions = {
  id: optional({
    key: 'id',
    type: providerId,
    otherwise: 'the profile',
    doc: 'Name of the provider in `/login?provider=` and `/callback/{id}`; needed when there are several.',
  }),
  profile: withDefault({
    key: 'profile',
    env: 'OIDC_PROVIDER',
    type: choice('generic'),
    default: 'generic',
    doc: "What is known of the provider's habits: `generic` is a provider that keeps to OpenID Connect.",
  }),
  issuer: required({
    key: 'issuer',
    env: 'OIDC_ISSUER',
    type: issuer,
    remedy: "set it to the value of 'issuer' in the provider's discovery document",
    doc: "The provider's issuer, byte for byte: discovery and every ID token are compared with it. http on loopback only.",
  }),
  clientId: required({
    key: 'clientId',
    env: 'OIDC_CLIENT_ID',
    type: line,
    remedy: 'register this application at the provider and set the client id that it gives',
    doc: 'The id under which Vestibule is registered at the provider.',
  }),
  clientSecret: optional({
    key: 'clientSecret',
    env: 'OIDC_CLIENT_SECRET',
    type: secretOf(line),
    otherwise: 'needed unless `OIDC_CLIENT_AUTH` is `none`',
    doc: 'The secret that goes with the client id.',
  }),
  clientAuth: withDefault({
    key: 'clientAuth',
    env: 'OIDC_CLIENT_AUTH',
    type: choice('client_secret_basic', 'client_secret_post', 'none'),
    default: 'client_secret_basic',
    doc: 'How Vestibule proves itself at the token endpoint. The default is what providers must support (RFC 6749 §2.3.1); `none` relies on PKCE alone.',
  }),
  scope: withDefault({
    key: 'scope',
    env: 'OIDC_SCOPE',
    type: scope,
    default: 'openid profile email',
    doc: 'What is asked for, separated by spaces. Add `offline_access` where the provider gives refresh tokens only then.',
  }),
  idTokenAlg: withDefault({
    key: 'idTokenAlg',
    env: 'OIDC_ID_TOKEN_ALG',
    type: choice(
      'RS256',
      'RS384',
      'RS512',
      'PS256',
      'PS384',
      'PS512',
      'ES256',
      'ES384',
      'ES512',
      'EdDSA',
    ),
    default: 'RS256',
    doc: 'The one algorithm that ID tokens may be signed with, whatever their header says. RS256 is what providers must support (OIDC Core §15.1).',
  }),
  responseMode: withDefault({
    key: 'responseMode',
    env: 'OIDC_RESPONSE_MODE',
    type: choice('query', 'form_post'),
    default: 'query',
    doc: 'How the provider sends the code back. `form_post` keeps it out of the address and needs https, because its cookie must be SameSite=None.',
  }),
  timeoutMs: withDefault({
    key: 'timeout',
    env: 'OIDC_TIMEOUT',
    type: duration('100ms', '1m'),
    default: '10s',
    doc: 'How long one call to the provider may take.',
  }),
  userinfo: withDefault({
    key: 'userinfo',
    env: 'OIDC_USERINFO',
    type: flag,
    default: 'true',
    doc: 'Whether the userinfo endpoint is asked at login, where the provider has one. On, because with a code the claims of a scope come from there (OIDC Core §5.4), and many ID tokens hold little more than `sub`.',
  }),
  claims: withDefault({
    key: 'claims',
    env: 'OIDC_CLAIMS',
    type: list('claim names', claimName),
    default:
      'sub,name,preferred_username,given_name,family_name,email,email_verified,picture,locale',
    doc: 'Claims of the ID token and of userinfo that go into the session and to the page. Everything else is dropped, because what is not kept cannot leak.',
  }),
};
