import { generateKeyPairSync } from 'node:crypto';
import { configOf, HTTPS_ENV, LOOPBACK_ENV } from '../../test/support/config-env.js';
import type { VestibuleConfig } from './config.types.js';
import type { ProviderConfig } from './provider-config.types.js';
import type { Env } from './source/environment.js';

const PATH = '/etc/vestibule.yaml';
const KEY = String(
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
  }),
);

function providerOf(more: Env): ProviderConfig {
  const [provider] = configOf({ ...HTTPS_ENV, ...more }).providers;
  if (provider === undefined) throw new Error('the configuration has no provider');
  return provider;
}

const load = (
  yaml: string,
  env: Env,
  files: Readonly<Record<string, string>> = {},
): VestibuleConfig =>
  configOf({ ...env, CONFIG_FILE: PATH }, { files: { [PATH]: yaml, ...files } });

describe('a provider', () => {
  it('is what its variables say', () => {
    const provider = providerOf({
      OIDC_PROVIDER: 'generic',
      OIDC_LABEL: 'Staff',
      OIDC_ISSUER: 'https://login.example.org/realms/a',
      OIDC_TOKEN_ISSUERS: 'https://sso.example.org,login.example.org',
      OIDC_DISCOVERY_URL: 'https://config.example.org/a.json',
      OIDC_AUTHORIZATION_ENDPOINT: '/authorize?tenant=a',
      OIDC_TOKEN_ENDPOINT: 'https://api.example.org/token',
      OIDC_USERINFO_ENDPOINT: '/me',
      OIDC_JWKS_URI: '/keys',
      OIDC_REVOCATION_ENDPOINT: '/revoke',
      OIDC_END_SESSION_ENDPOINT: '/end',
      OIDC_LOGOUT_URL: '/out?to={post_logout_redirect_uri}&state={state}',
      OIDC_TIMEOUT: '3s',
      OIDC_CLIENT_ID: 'app',
      OIDC_CLIENT_SECRET: 's3cret',
      OIDC_CLIENT_AUTH: 'client_secret_jwt',
      OIDC_BASIC_ENCODING: 'raw',
      OIDC_ASSERTION_ALG: 'HS512',
      OIDC_ASSERTION_AUDIENCE: 'token_endpoint',
      OIDC_SCOPE: 'openid groups',
      OIDC_AUTHORIZATION_PARAMS: 'access_type=offline, claims={"a"=1}',
      OIDC_RESOURCES: 'https://orders.example, urn:billing',
      OIDC_RESPONSE_MODE: 'form_post',
      OIDC_REDIRECT_URIS: 'https://app.example.com/in',
      OIDC_PKCE: 'none',
      OIDC_TOKEN_REQUEST: 'json',
      OIDC_TOKEN_REQUEST_STATE: 'true',
      OIDC_ACCESS_TOKEN: 'optional',
      OIDC_IDENTITY: 'access_token',
      OIDC_NONCE: 'optional',
      OIDC_ID_TOKEN_ALG: 'PS384',
      OIDC_USERINFO: 'false',
      OIDC_CLAIMS: 'email, roles=realm_access.roles, unit=https://example.com/unit',
      OIDC_DEAD_GRANT_ERRORS: 'invalid_grant,invalid_token',
      OIDC_ALLOW_DOMAINS: 'corp.com, corp.org',
      OIDC_ALLOW_EMAILS: 'guest@example.org',
      OIDC_ALLOW_GROUPS: 'staff, Sales EMEA',
      OIDC_ALLOW_CLAIMS: 'level=gold,org.unit=a=b',
      OIDC_DOMAIN_CLAIM: 'hd',
      OIDC_GROUPS_CLAIM: 'realm_access.roles',
    });
    expect(provider).toEqual({
      id: 'generic',
      label: 'Staff',
      profile: 'generic',
      issuer: 'https://login.example.org/realms/a',
      tokenIssuers: ['https://sso.example.org', 'login.example.org'],
      metadata: {
        discoveryUrl: 'https://config.example.org/a.json',
        byHand: {
          authorization_endpoint: 'https://login.example.org/authorize?tenant=a',
          token_endpoint: 'https://api.example.org/token',
          userinfo_endpoint: 'https://login.example.org/me',
          jwks_uri: 'https://login.example.org/keys',
          revocation_endpoint: 'https://login.example.org/revoke',
          end_session_endpoint: 'https://login.example.org/end',
        },
      },
      logoutUrl: 'https://login.example.org/out?to={post_logout_redirect_uri}&state={state}',
      timeoutMs: 3000,
      clientId: 'app',
      credentials: {
        method: 'client_secret_jwt',
        secret: 's3cret',
        basicEncoding: 'raw',
        keys: [],
        assertionAlg: 'HS512',
        assertionAudience: 'token_endpoint',
      },
      tls: {},
      scope: 'openid groups',
      authorizationParams: { access_type: 'offline', claims: '{"a"=1}' },
      resources: ['https://orders.example', 'urn:billing'],
      responseMode: 'form_post',
      redirectUris: ['https://app.example.com/in'],
      pkce: 'none',
      tokenRequest: { format: 'json', state: true, accessTokenOptional: true },
      identityFrom: 'access_token',
      nonce: 'optional',
      idTokenAlg: 'PS384',
      decryptionKeys: [],
      userinfo: false,
      claims: [
        { name: 'email', source: 'email' },
        { name: 'roles', source: 'realm_access.roles' },
        { name: 'unit', source: 'https://example.com/unit' },
      ],
      refreshGraceMs: 0,
      deadGrantErrors: ['invalid_grant', 'invalid_token'],
      allow: {
        domains: ['corp.com', 'corp.org'],
        emails: ['guest@example.org'],
        groups: ['staff', 'Sales EMEA'],
        claims: [
          { claim: 'level', value: 'gold' },
          { claim: 'org.unit', value: 'a=b' },
        ],
        domainClaim: 'hd',
        groupsClaim: 'realm_access.roles',
      },
    });
  });

  it.each([
    ['https://a.example', 'https://a.example/.well-known/openid-configuration'],
    ['https://a.example/', 'https://a.example/.well-known/openid-configuration'],
    ['https://a.example/oidc', 'https://a.example/oidc/.well-known/openid-configuration'],
    ['https://a.example/oidc/', 'https://a.example/oidc/.well-known/openid-configuration'],
  ])('has its metadata below the issuer: %s', (issuer, discoveryUrl) => {
    expect(providerOf({ OIDC_ISSUER: issuer }).metadata).toEqual({ discoveryUrl, byHand: {} });
    expect(providerOf({ OIDC_ISSUER: issuer }).issuer).toBe(issuer);
  });

  it('takes keys for signing and for reading from files', () => {
    const config = configOf(
      {
        ...HTTPS_ENV,
        OIDC_CLIENT_SECRET: undefined,
        OIDC_CLIENT_AUTH: 'private_key_jwt',
        OIDC_CLIENT_KEY_FILE: '/run/client.pem',
        OIDC_DECRYPTION_KEY_FILE: '/run/decryption.pem',
      },
      { files: { '/run/client.pem': KEY, '/run/decryption.pem': `${KEY}${KEY}` } },
    );
    const [provider] = config.providers;
    expect(provider?.credentials.keys).toHaveLength(1);
    expect(provider?.credentials).not.toHaveProperty('secret');
    expect(provider?.decryptionKeys).toHaveLength(2);
    expect(Object.isFrozen(provider?.credentials)).toBe(true);
  });
});

describe('several providers', () => {
  const yaml = `
providers:
  - id: staff
    label: Staff
    profile: google
    clientId: staff-app
    clientSecret: \${STAFF_SECRET}
    allow: { domains: [corp.com] }
  - id: partners
    profile: oneaccess
    issuer: https://partners.example.org
    clientId: partners-app
    clientSecret: \${PARTNERS_SECRET}
    idTokenAlg: RS512
    endpoints: { userinfo: /api/v1/oauth2/me }
    claims: [name, "roles=realm_access.roles"]
    allow:
      groups: [buyers, sellers]
      groupsClaim: realm_access.roles
  - id: bank
    issuer: https://bank.example.org
    clientId: bank-app
    clientAuth: private_key_jwt
    clientKey: \${BANK_KEY}
    clientKeyId: "2026"
    scope: openid accounts
  - profile: eudiw
    issuer: https://wallet.example.org
    clientId: wallet-app
`;
  const env: Env = {
    ...LOOPBACK_ENV,
    OIDC_ISSUER: undefined,
    OIDC_CLIENT_ID: undefined,
    OIDC_CLIENT_SECRET: undefined,
    STAFF_SECRET: 'of the staff',
    PARTNERS_SECRET_FILE: '/run/partners',
    BANK_KEY_FILE: '/run/bank.pem',
  };
  const files = { '/run/partners': 'of the partners\n', '/run/bank.pem': KEY };

  it('have each their own profile, secret, scope, claims and rules', () => {
    expect(load(yaml, env, files).providers).toMatchObject([
      {
        id: 'staff',
        label: 'Staff',
        profile: 'google',
        issuer: 'https://accounts.google.com',
        credentials: { method: 'client_secret_post', secret: 'of the staff' },
        authorizationParams: { access_type: 'offline', prompt: 'consent' },
        allow: { domains: ['corp.com'], domainClaim: 'hd', groups: [] },
      },
      {
        id: 'partners',
        label: 'OneAccess',
        credentials: { method: 'client_secret_post', secret: 'of the partners' },
        metadata: {
          byHand: {
            userinfo_endpoint: 'https://partners.example.org/api/v1/oauth2/me',
            token_endpoint: 'https://partners.example.org/api/v1/oauth2/token',
          },
        },
        idTokenAlg: 'RS512',
        authorizationParams: {},
        claims: [{ name: 'name' }, { name: 'roles', source: 'realm_access.roles' }],
        allow: { domains: [], groups: ['buyers', 'sellers'], groupsClaim: 'realm_access.roles' },
      },
      {
        id: 'bank',
        label: 'bank',
        credentials: { method: 'private_key_jwt', keys: [{ kid: '2026' }] },
        scope: 'openid accounts',
        claims: expect.arrayContaining([{ name: 'email', source: 'email' }]),
      },
      { id: 'eudiw', credentials: { method: 'none' }, identityFrom: 'access_token' },
    ]);
  });

  it('keep their secrets to themselves', () => {
    const [, , bank, wallet] = load(yaml, env, files).providers;
    expect(bank?.credentials).not.toHaveProperty('secret');
    expect(wallet?.credentials).toMatchObject({ keys: [] });
    expect(wallet?.credentials).not.toHaveProperty('secret');
  });
});
