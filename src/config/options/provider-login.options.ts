import { optional, withDefault } from '../option.js';
import { SIGNATURE_ALGORITHMS } from '../provider-config.types.js';
import { choice, filledList, flag, line, list } from '../values/basic-values.js';
import { duration } from '../values/duration.js';
import { privateKeys } from '../values/private-keys.js';
import {
  authorizationParameter,
  claimMapping,
  claimName,
  claimRule,
  domain,
  email,
  errorCode,
  group,
  scope,
} from '../values/provider-values.js';
import { redirectUri } from '../values/web-url.js';

const ANYBODY = 'no such rule';

/** Of a provider entry: what is asked of the provider, what is believed, and who may come in. */
export const providerLoginOptions = {
  scope: withDefault({
    key: 'scope',
    env: 'OIDC_SCOPE',
    type: scope,
    default: 'openid profile email',
    doc: 'What is asked for, separated by spaces. Add `offline_access` where the provider gives refresh tokens only then.',
  }),
  authorizationParams: withDefault({
    key: 'authorizationParams',
    env: 'OIDC_AUTHORIZATION_PARAMS',
    type: list('name=value', authorizationParameter, ({ name }) => name),
    default: '',
    doc: 'More parameters of every authorization request, such as `access_type=offline`. What `/login` hands on wins.',
  }),
  resources: withDefault({
    key: 'resources',
    env: 'OIDC_RESOURCES',
    type: list('APIs', line),
    default: '',
    doc: 'APIs that every login asks for, each as a `resource` (RFC 8707 §2). A provider that goes by it gives tokens for these and no others: name those of all routes with `tokenVia: refresh`, and that of the session’s own token if there is one.',
  }),
  responseMode: withDefault({
    key: 'responseMode',
    env: 'OIDC_RESPONSE_MODE',
    type: choice('query', 'form_post'),
    default: 'query',
    doc: 'How the provider sends the code back. `form_post` keeps it out of the address and needs https, because its cookie must be SameSite=None.',
  }),
  redirectUris: withDefault({
    key: 'redirectUris',
    env: 'OIDC_REDIRECT_URIS',
    type: list('URLs', redirectUri),
    default: '',
    doc: 'Redirect URIs of applications that take the code themselves and post it to `/callback` as JSON; `/login?redirect_uri=` takes these and no other, byte for byte.',
  }),
  pkce: withDefault({
    key: 'pkce',
    env: 'OIDC_PKCE',
    type: choice('S256', 'none'),
    default: 'S256',
    doc: 'Proof Key for Code Exchange (RFC 7636). `none` only for a provider that refuses it: then the nonce alone binds the code.',
  }),
  tokenRequestFormat: withDefault({
    key: 'tokenRequest',
    env: 'OIDC_TOKEN_REQUEST',
    type: choice('form', 'json'),
    default: 'form',
    doc: 'How the token request is written. `json` is for small services in front of a provider that take nothing else.',
  }),
  tokenRequestState: withDefault({
    key: 'tokenRequestState',
    env: 'OIDC_TOKEN_REQUEST_STATE',
    type: flag,
    default: 'false',
    doc: 'Whether `state` goes along with the code to the token endpoint.',
  }),
  accessToken: withDefault({
    key: 'accessToken',
    env: 'OIDC_ACCESS_TOKEN',
    type: choice('required', 'optional'),
    default: 'required',
    doc: 'Whether a token answer must have an access token (RFC 6749 §5.1). Without one nobody can call an API.',
  }),
  identityFrom: withDefault({
    key: 'identityFrom',
    env: 'OIDC_IDENTITY',
    type: choice('id_token', 'access_token', 'userinfo'),
    default: 'id_token',
    doc: 'What says who logged in. `access_token` (a JWT of the provider) and `userinfo` are plain OAuth 2.0, for providers without an ID token.',
  }),
  nonce: withDefault({
    key: 'nonce',
    env: 'OIDC_NONCE',
    type: choice('required', 'optional'),
    default: 'required',
    doc: 'Whether an ID token must carry the nonce of its login. A wrong one is refused either way.',
  }),
  idTokenAlg: withDefault({
    key: 'idTokenAlg',
    env: 'OIDC_ID_TOKEN_ALG',
    type: choice(...SIGNATURE_ALGORITHMS),
    default: 'RS256',
    doc: 'The one algorithm that tokens may be signed with, whatever their header says. RS256 is what providers must support (OIDC Core §15.1); HS256 is a MAC by the client secret.',
  }),
  decryptionKeys: optional({
    key: 'decryptionKey',
    env: 'OIDC_DECRYPTION_KEY',
    type: privateKeys,
    otherwise: 'ID tokens are not encrypted',
    doc: 'The private key (or several) to which the provider encrypts ID tokens (RFC 7516). With it, one that is not encrypted is refused.',
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
    type: list('claim names', claimMapping, ({ name }) => name),
    default:
      'sub,name,preferred_username,given_name,family_name,email,email_verified,picture,locale',
    doc: 'Claims of the ID token and of userinfo that go into the session and to the page; `roles=realm_access.roles` takes a nested one under a name of its own. Everything else is dropped, because what is not kept cannot leak.',
  }),
  deadGrantErrors: withDefault({
    key: 'deadGrantErrors',
    env: 'OIDC_DEAD_GRANT_ERRORS',
    type: filledList('error codes', errorCode),
    default: 'invalid_grant',
    doc: 'OAuth errors by which the provider says that a refresh token is dead, which ends the session.',
  }),
  refreshGraceMs: withDefault({
    key: 'refreshGrace',
    env: 'OIDC_REFRESH_GRACE',
    type: duration('0s', '30d'),
    default: '0s',
    doc: 'How long after its use the provider takes a refresh token once more. Where it rotates them, a second use looks like theft and ends everything; so with 0 a refresh whose answer is lost ends the session.',
  }),
  allowDomains: optional({
    key: 'allow.domains',
    restricts: true,
    env: 'OIDC_ALLOW_DOMAINS',
    type: filledList('domains', domain),
    otherwise: ANYBODY,
    doc: 'Who may log in: users whose verified e-mail address (or `allow.domainClaim`) is in one of these domains. Everybody whom `allow.domains` or `allow.emails` names passes; the other rules must hold besides.',
  }),
  allowEmails: optional({
    key: 'allow.emails',
    restricts: true,
    env: 'OIDC_ALLOW_EMAILS',
    type: filledList('e-mail addresses', email),
    otherwise: ANYBODY,
    doc: 'Who may log in: users with one of these verified addresses.',
  }),
  allowGroups: optional({
    key: 'allow.groups',
    restricts: true,
    env: 'OIDC_ALLOW_GROUPS',
    type: filledList('groups', group),
    otherwise: ANYBODY,
    doc: 'Who may log in: members of at least one of these groups.',
  }),
  allowClaims: optional({
    key: 'allow.claims',
    restricts: true,
    env: 'OIDC_ALLOW_CLAIMS',
    type: filledList('claim=value', claimRule),
    otherwise: ANYBODY,
    doc: 'Who may log in: users all of whose claims listed here have (or hold) the value.',
  }),
  domainClaim: optional({
    key: 'allow.domainClaim',
    env: 'OIDC_DOMAIN_CLAIM',
    type: claimName,
    otherwise: 'the verified `email`',
    doc: 'The claim that `allow.domains` is compared with, such as `hd`.',
  }),
  groupsClaim: withDefault({
    key: 'allow.groupsClaim',
    env: 'OIDC_GROUPS_CLAIM',
    type: claimName,
    default: 'groups',
    doc: 'The claim that `allow.groups` is compared with: a name, or a path such as `realm_access.roles`.',
  }),
};
