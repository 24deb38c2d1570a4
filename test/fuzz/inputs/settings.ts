/** Settings by their path; the third part of a list's path says which entry is meant. */
export type Settings = readonly (readonly [path: string, value: unknown, entry?: 0 | 1])[];

/** Words in braces stand for keys and a certificate that are made anew in each run. */
const KEY = '{key}';
const ED25519 = '{ed25519}';
const CERTIFICATE = '{certificate}';

/** Settings that are about one another. Each bundle is right but for what its comment says, and one may be left out. */
export const BUNDLES: Readonly<Record<string, Settings>> = {
  sentinels: [
    ['store.sentinels', ['a:1', 'b:2']],
    ['store.sentinelName', 'm'],
    ['store.sentinelPassword', 'p'],
    ['store.sentinelUsername', 'u'],
    ['store.password', 'p'],
    ['store.username', 'u'],
    ['store.tls', true],
    ['store.nearCache', '1s'],
  ],
  // Its near cache can never be right.
  cluster: [
    ['store.cluster', ['a:1']],
    ['store.tlsCa', CERTIFICATE],
    ['store.tls', true],
    ['store.password', 'p'],
    ['store.nearCache', '1s'],
  ],
  // Two passwords, and a scheme that says otherwise than tls.
  standalone: [
    ['store.redisUrl', 'redis://u:p@redis:6379'],
    ['store.password', 'p'],
    ['store.tls', true],
    ['store.tlsCa', CERTIFICATE],
    ['server.workers', 2],
  ],
  'own certificate': [
    ['store.redisUrl', 'rediss://redis:6379'],
    ['store.tlsCa', CERTIFICATE],
    ['server.workers', 'auto'],
  ],
  'empty lists': [
    ['store.cluster', []],
    ['store.sentinels', []],
  ],
  'key of a client': [
    ['providers[].clientAuth', 'private_key_jwt'],
    ['providers[].clientKey', KEY],
    ['providers[].clientKeyId', 'k'],
    ['providers[].assertionAlg', 'ES256'],
    ['providers[].assertionAudience', 'token_endpoint'],
    ['providers[].clientSecret', null],
  ],
  // A key that agrees and does not sign.
  'wrong key of a client': [
    ['providers[].clientAuth', 'private_key_jwt'],
    ['providers[].clientKey', '{x25519}'],
    ['providers[].clientSecret', null],
    ['providers[].assertionAlg', 'RS256'],
  ],
  'certificate of a client': [
    ['providers[].clientAuth', 'tls_client_auth'],
    ['providers[].clientKey', KEY],
    ['providers[].clientCert', CERTIFICATE],
    ['providers[].ca', CERTIFICATE],
    ['providers[].clientSecret', null],
    ['providers[].allow.domainClaim', 'hd'],
    ['providers[].allow.domains', ['example.com']],
  ],
  // The certificate is another key's.
  'wrong certificate of a client': [
    ['providers[].clientAuth', 'tls_client_auth'],
    ['providers[].clientKey', ED25519],
    ['providers[].clientCert', CERTIFICATE],
    ['providers[].clientSecret', null],
    ['providers[].issuer', 'http://127.0.0.1:4000'],
  ],
  'secret of a client': [
    ['providers[].clientAuth', 'client_secret_jwt'],
    ['providers[].assertionAlg', 'EdDSA'],
    ['providers[].idTokenAlg', 'HS256'],
    ['providers[].clientSecret', null],
  ],
  // Nothing binds a code.
  'public client': [
    ['providers[].clientAuth', 'none'],
    ['providers[].clientSecret', null],
    ['providers[].pkce', 'none'],
    ['providers[].nonce', 'optional'],
    ['providers[].identityFrom', 'userinfo'],
    ['providers[].clientKey', KEY],
  ],
  'profile of another': [
    ['providers[].profile', 'google'],
    ['providers[].clientAuth', 'private_key_jwt'],
    ['providers[].id', null],
    ['providers[].label', null],
  ],
  'by hand': [
    ['providers[].discovery', false],
    ['providers[].endpoints.authorization', '/auth'],
    ['providers[].endpoints.token', 'https://idp.example/token'],
    ['providers[].endpoints.userinfo', '/me'],
    ['providers[].endpoints.jwks', '/jwks'],
    ['providers[].logoutUrl', '/out?x={state}'],
    ['providers[].idTokenAlg', 'HS256'],
  ],
  'discovered elsewhere': [
    ['providers[].discoveryUrl', '/other/openid-configuration'],
    ['providers[].tokenIssuers', ['https://one.example', 'https://sts.one.example']],
    ['providers[].decryptionKey', ED25519],
    ['providers[].responseMode', 'form_post'],
    ['providers[].authorizationParams', ['max_age=x']],
    ['server.publicUrl', 'http://localhost:3000'],
    ['cookie.sameSite', 'none'],
  ],
  'rules of who may come': [
    ['providers[].allow.domains', ['example.com']],
    ['providers[].allow.emails', ['a@example.com']],
    ['providers[].allow.groups', ['staff']],
    ['providers[].allow.claims', ['role=admin']],
    ['providers[].allow.groupsClaim', 'roles'],
    ['providers[].scope', 'profile'],
  ],
  // Two of a name, with one address.
  'two providers': [
    ['providers[].id', 'one', 1],
    ['providers[].issuer', 'https://two.example', 1],
    ['providers[].clientId', 'b', 1],
    ['providers[].clientSecret', 'c', 1],
    ['providers[].redirectUris', ['https://app.example.com/in'], 0],
    ['providers[].redirectUris', ['https://app.example.com/in', 'https://s.example/cb'], 1],
    ['services[].codeShape', 'plain'],
  ],
  'our own callback': [
    ['providers[].redirectUris', ['https://app.example.com/callback/x?y']],
    ['server.basePath', '/base'],
    ['server.publicUrl', 'https://app.example.com/other'],
  ],
  'two routes': [
    ['routes[].name', 'a', 1],
    ['routes[].prefix', '/A', 1],
    ['routes[].upstream', 'http://b', 1],
    ['routes[].csrf', 'fetch-metadata', 1],
    ['routes[].methods', ['GET', 'POST'], 1],
    ['routes[].download', true],
  ],
  'route of our own': [
    ['routes[].prefix', '/login/x'],
    ['routes[].token', 'none'],
    ['routes[].acr', ['loa2']],
    ['routes[].maxAge', '5m'],
    ['routes[].scopes', ['a']],
  ],
  'token of another': [
    ['routes[].resource', 'urn:api'],
    ['routes[].tokenVia', 'refresh'],
    ['routes[].tokenScope', 'a b'],
    ['providers[].resources', ['urn:other']],
  ],
  'service without a secret': [
    ['services[].auth', 'none'],
    ['services[].secret', null],
    ['services[].scopes', ['code', 'token']],
    ['server.internalHost', '0.0.0.0'],
  ],
  'service with a form': [
    ['services[].auth', 'client_secret_post'],
    ['services[].scopes', ['sessions', 'code']],
    ['services[].redirectUris', []],
    ['services[].codeShape', 'plain'],
    ['services[].provider', 'nobody'],
  ],
  'hashed secret': [
    ['services[].secret', `sha256:${'A'.repeat(43)}`],
    ['services[].id', 's', 1],
    ['services[].secret', 'sha256:x', 1],
  ],
  'one port': [
    ['server.port', 3_000],
    ['server.internalPort', 3_000],
    ['server.host', '0.0.0.0'],
    ['server.internalHost', '127.0.0.1'],
  ],
  'one port by default': [
    ['server.port', 9_000],
    ['server.internalPort', 9_000],
    ['server.internalHost', '192.0.2.1'],
    ['server.publicUrl', 'http://localhost:3000'],
  ],
  origins: [
    ['server.allowedOrigins', ['https://b.example.com', 'https://x.example.org']],
    ['server.trustProxy', ['0.0.0.0/0']],
    ['server.shutdownDelay', '1s'],
  ],
  'origins of this machine': [
    ['server.publicUrl', 'http://localhost:3000'],
    ['server.allowedOrigins', ['http://localhost:9', 'https://localhost', 'http://127.0.0.1']],
  ],
  'claims of ours': [
    ['claims.assertion', ['sub', 'email']],
    ['claims.headers', ['subject', 'é']],
    ['assertion.keys', KEY],
    ['assertion.algorithm', 'EdDSA'],
  ],
  'claims as they may be': [
    ['claims.assertion', ['email']],
    ['claims.headers', ['roles=realm_access.roles']],
    ['assertion.keys', KEY],
    ['assertion.algorithm', 'ES256'],
  ],
  application: [
    ['spa.dir', '/srv'],
    ['spa.url', 'http://frontend:1'],
    ['spa.login', 'required'],
  ],
  sessions: [
    ['session.idle', '9h'],
    ['session.absolute', '8h'],
    ['cookie.sameSite', 'none'],
    ['limits.login', 'off'],
    ['limits.callback', '0/m'],
    ['log.audit', '/var/log/audit'],
  ],
};
