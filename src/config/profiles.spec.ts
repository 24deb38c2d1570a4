import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { configOf, HTTPS_ENV, noticesOf, problemsOf } from '../../test/support/config-env.js';
import { LISTS } from './declarations.js';
import type { Option } from './option.js';
import { PROFILES, profileNamed } from './profiles.js';
import type { ProviderConfig } from './provider-config.types.js';
import type { Env } from './source/environment.js';
import { readValue } from './values/value-type.js';

const OPTIONS = new Map(
  Object.values<Option>(LISTS.providers).map((option) => [option.key, option]),
);
const NAMES = PROFILES.map(({ name }) => name);
const NEITHER_SAID: Env = {
  ...HTTPS_ENV,
  OIDC_ISSUER: undefined,
  OIDC_CLIENT_SECRET: undefined,
};
/** What an operator has to add to a profile's name and a client id. */
const ADDED: Readonly<Record<string, Env>> = {
  generic: { OIDC_ISSUER: 'https://login.example.org', OIDC_CLIENT_SECRET: 's3cret' },
  google: { OIDC_CLIENT_SECRET: 's3cret' },
  authentiq: { OIDC_CLIENT_SECRET: 's3cret' },
  oneaccess: { OIDC_ISSUER: 'https://tenant.example.org', OIDC_CLIENT_SECRET: 's3cret' },
  eudiw: { OIDC_ISSUER: 'https://issuer.example.org' },
  authing: { OIDC_ISSUER: 'https://app.authing.cn/oidc', OIDC_CLIENT_SECRET: 's3cret' },
};

const envOf = (name: string, more: Env = {}): Env => ({
  ...NEITHER_SAID,
  OIDC_PROVIDER: name,
  ...ADDED[name],
  ...more,
});

function providerOf(name: string, more: Env = {}): ProviderConfig {
  const [provider] = configOf(envOf(name, more)).providers;
  if (provider === undefined) throw new Error('the configuration has no provider');
  return provider;
}

describe('the profiles', () => {
  it('are the files of the folder, each under its own name', () => {
    const files = readdirSync(join(import.meta.dirname, 'profiles'))
      .filter((file) => file.endsWith('.profile.ts'))
      .map((file) => file.replace('.profile.ts', ''));
    expect(NAMES.toSorted()).toEqual(files.toSorted());
    expect(new Set(NAMES).size).toBe(NAMES.length);
  });

  it.each(
    PROFILES.flatMap(({ name, defaults }) => Object.entries(defaults).map((one) => [name, ...one])),
  )('have defaults that are settings: %s says %s is %s', (_name, key, value) => {
    const option = OPTIONS.get(key);
    expect(option).toBeDefined();
    expect(option && readValue(option.type, value)).toMatchObject({ kind: 'value' });
  });

  it.each(NAMES)('choose a method that the provider takes: %s', (name) => {
    expect(profileNamed(name).clientAuth).toContain(providerOf(name).credentials.method);
  });

  it('differ from generic in all that they say', () => {
    const same = PROFILES.flatMap(({ name, defaults }) =>
      Object.entries(defaults)
        .filter(([key, value]) => {
          const presence = OPTIONS.get(key)?.presence;
          return presence?.kind === 'default' && presence.value === value;
        })
        .map(([key]) => `${name} ${key}`),
    );
    // Said all the same, because the providers' own documents insist on it.
    expect(same.toSorted()).toEqual(['authentiq clientAuth', 'google scope']);
  });

  it.each(NAMES)('need nothing but what is added here: %s', (name) => {
    expect(problemsOf(envOf(name))).toEqual([]);
    for (const variable of Object.keys(ADDED[name] ?? {})) {
      const keys = problemsOf(envOf(name, { [variable]: undefined })).map(({ key }) => key);
      expect(keys).toEqual([variable]);
    }
  });

  it('are an error in the program when they are asked for by a wrong name', () => {
    expect(() => profileNamed('toString')).toThrow(RangeError);
  });
});

describe('what a profile makes of a provider', () => {
  it('google: two forms of the issuer, refresh tokens by parameters, domains by hd', () => {
    expect(providerOf('google')).toMatchObject({
      id: 'google',
      label: 'Google',
      issuer: 'https://accounts.google.com',
      tokenIssuers: ['https://accounts.google.com', 'accounts.google.com'],
      metadata: {
        discoveryUrl: 'https://accounts.google.com/.well-known/openid-configuration',
        byHand: {},
      },
      credentials: { method: 'client_secret_post' },
      scope: 'openid profile email',
      authorizationParams: { access_type: 'offline', prompt: 'consent' },
      pkce: 'S256',
      idTokenAlg: 'RS256',
      allow: { domainClaim: 'hd' },
    });
  });

  it('authentiq: endpoints by hand below an issuer with a slash, signed by the secret', () => {
    expect(providerOf('authentiq')).toMatchObject({
      issuer: 'https://connect.authentiq.io/',
      tokenIssuers: ['https://connect.authentiq.io/'],
      metadata: {
        byHand: {
          authorization_endpoint: 'https://connect.authentiq.io/authorize',
          token_endpoint: 'https://connect.authentiq.io/token',
          userinfo_endpoint: 'https://connect.authentiq.io/userinfo',
        },
      },
      credentials: { method: 'client_secret_basic', basicEncoding: 'form' },
      idTokenAlg: 'HS256',
      pkce: 'none',
      nonce: 'required',
      tokenRequest: { format: 'form', state: false, accessTokenOptional: true },
    });
    expect(providerOf('authentiq').metadata).not.toHaveProperty('discoveryUrl');
  });

  it('oneaccess: endpoints and logout on the domain of the tenant', () => {
    expect(providerOf('oneaccess')).toMatchObject({
      tokenIssuers: ['https://tenant.example.org'],
      metadata: {
        byHand: {
          authorization_endpoint: 'https://tenant.example.org/api/v1/oauth2/authorize',
          token_endpoint: 'https://tenant.example.org/api/v1/oauth2/token',
          userinfo_endpoint: 'https://tenant.example.org/api/v1/oauth2/userinfo',
          jwks_uri: 'https://tenant.example.org/api/v1/oauth2/keys',
        },
      },
      credentials: { method: 'client_secret_post' },
      pkce: 'none',
      nonce: 'required',
      logoutUrl: 'https://tenant.example.org/api/v1/logout?redirect_url={post_logout_redirect_uri}',
    });
  });

  it('eudiw: a public client, identity from the access token, other words for a dead grant', () => {
    expect(providerOf('eudiw')).toMatchObject({
      metadata: { discoveryUrl: 'https://issuer.example.org/.well-known/openid-configuration' },
      credentials: { method: 'none' },
      scope: 'openid',
      pkce: 'S256',
      tokenRequest: { state: true },
      identityFrom: 'access_token',
      nonce: 'optional',
      idTokenAlg: 'ES256',
      userinfo: false,
      deadGrantErrors: ['invalid_grant', 'invalid_request'],
    });
  });

  it('authing: signed by the secret, refresh tokens by consent', () => {
    expect(providerOf('authing')).toMatchObject({
      metadata: { discoveryUrl: 'https://app.authing.cn/oidc/.well-known/openid-configuration' },
      credentials: { method: 'client_secret_post' },
      scope: 'openid profile email offline_access',
      authorizationParams: { prompt: 'consent' },
      idTokenAlg: 'HS256',
      pkce: 'S256',
    });
  });

  it('nothing that a line of configuration could not change', () => {
    const discovered = providerOf('oneaccess', {
      OIDC_DISCOVERY: 'true',
      OIDC_DISCOVERY_URL: '/api/v1/oauth2/.well-known',
      OIDC_JWKS_URI: 'https://keys.example.org/jwks',
      OIDC_LOGOUT_URL: 'https://sso.example.org/out?to={post_logout_redirect_uri}&app={client_id}',
      OIDC_PKCE: 'S256',
      OIDC_ID_TOKEN_ALG: 'RS512',
    });
    expect(discovered).toMatchObject({
      metadata: {
        discoveryUrl: 'https://tenant.example.org/api/v1/oauth2/.well-known',
        byHand: { jwks_uri: 'https://keys.example.org/jwks' },
      },
      logoutUrl: 'https://sso.example.org/out?to={post_logout_redirect_uri}&app={client_id}',
      pkce: 'S256',
      idTokenAlg: 'RS512',
    });
    const renamed = providerOf('authing', {
      OIDC_TOKEN_ISSUERS: 'https://sso.authing.cn/oidc',
      OIDC_ID_TOKEN_ALG: 'RS256',
      OIDC_CLIENT_AUTH: 'none',
      OIDC_CLIENT_SECRET: undefined,
      OIDC_LABEL: 'Staff',
    });
    expect(renamed).toMatchObject({
      issuer: 'https://app.authing.cn/oidc',
      tokenIssuers: ['https://sso.authing.cn/oidc'],
      credentials: { method: 'none' },
      label: 'Staff',
    });
  });

  it('no notice, but for eudiw without PKCE: nothing binds its codes then', () => {
    for (const name of NAMES) expect(noticesOf(envOf(name))).toEqual([]);
    expect(noticesOf(envOf('eudiw', { OIDC_PKCE: 'none' }))).toEqual([
      expect.stringContaining('OIDC_PKCE none and no nonce'),
      expect.stringContaining('whoever gets hold of a code'),
    ]);
  });
});
