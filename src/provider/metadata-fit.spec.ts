import type { ServerMetadata } from 'openid-client';
import { providerConfig } from '../../test/support/provider-config.js';
import type { ClientAuthMethod, ProviderConfig } from '../config/provider-config.types.js';
import type { Misfit } from '../domain/provider-inspection.js';
import { findMisfits, refusesS256 } from './metadata-fit.js';

const server = (more: Partial<ServerMetadata> = {}): ServerMetadata => ({
  issuer: 'https://login.example',
  authorization_endpoint: 'https://login.example/authorize',
  token_endpoint: 'https://login.example/token',
  jwks_uri: 'https://login.example/jwks',
  ...more,
});

/** The document without some of its members. */
const without = (...names: string[]): ServerMetadata =>
  Object.fromEntries(
    Object.entries(server()).filter(([name]) => !names.includes(name)),
  ) as unknown as ServerMetadata;

const by = (method: ClientAuthMethod): Partial<ProviderConfig> => ({
  credentials: { ...providerConfig().credentials, method },
});

const misfits = (more: Partial<ProviderConfig>, metadata: ServerMetadata): readonly Misfit[] =>
  findMisfits(providerConfig(more), metadata);

describe('metadata that fit', () => {
  it('say nothing at all of what they offer', () => {
    expect(findMisfits(providerConfig(), server())).toEqual([]);
  });

  it('offer what is configured', () => {
    const offers = server({
      token_endpoint_auth_methods_supported: ['private_key_jwt', 'client_secret_basic'],
      code_challenge_methods_supported: ['plain', 'S256'],
      id_token_signing_alg_values_supported: ['ES256', 'RS256'],
      response_modes_supported: ['fragment'],
    });
    expect(findMisfits(providerConfig(), offers)).toEqual([]);
  });

  it.each<[string, Partial<ServerMetadata>]>([
    ['methods that nobody registered', { token_endpoint_auth_methods_supported: ['public', 'x'] }],
    ['no methods', { token_endpoint_auth_methods_supported: [] }],
    ['no algorithms', { id_token_signing_alg_values_supported: [] }],
    ['no challenge methods', { code_challenge_methods_supported: [] }],
  ])('list %s, which says nothing', (_what, more) => {
    expect(findMisfits(providerConfig(), server(more))).toEqual([]);
  });

  it('need no keys where nothing is verified with one', () => {
    expect(misfits({ idTokenAlg: 'HS256' }, without('jwks_uri'))).toEqual([]);
    const plain: Partial<ProviderConfig> = { identityFrom: 'userinfo' };
    const metadata = { ...without('jwks_uri'), userinfo_endpoint: 'https://login.example/me' };
    expect(misfits(plain, metadata)).toEqual([]);
  });
});

describe('metadata that do not fit', () => {
  it.each<[string, string, Partial<ProviderConfig>]>([
    ['authorization_endpoint', 'endpoints.authorization', {}],
    ['token_endpoint', 'endpoints.token', {}],
    ['jwks_uri', 'endpoints.jwks', {}],
    ['jwks_uri', 'endpoints.jwks', { identityFrom: 'access_token' }],
    ['userinfo_endpoint', 'endpoints.userinfo', { identityFrom: 'userinfo' }],
  ])('lack %s, which is %s of an entry', (name, option, more) => {
    expect(misfits(more, without(name))).toEqual([
      { option, fault: expect.stringContaining(name), remedy: expect.any(String) },
    ]);
  });

  it.each<ClientAuthMethod>([
    'client_secret_basic',
    'client_secret_jwt',
    'private_key_jwt',
    'tls_client_auth',
    'none',
  ])('offer no %s, but others, unregistered ones aside', (method) => {
    const offers = server({
      token_endpoint_auth_methods_supported: ['public', 'client_secret_post'],
    });
    expect(misfits(by(method), offers)).toEqual([
      {
        option: 'clientAuth',
        fault: expect.stringContaining(method),
        remedy: expect.stringContaining('use client_secret_post,'),
      },
    ]);
  });

  it('offer other algorithms, challenge methods and response modes (P-47)', () => {
    const offers = server({
      id_token_signing_alg_values_supported: ['ES256', 'HS256'],
      code_challenge_methods_supported: ['plain'],
      response_modes_supported: ['query', 'fragment'],
    });
    const found = misfits({ responseMode: 'form_post' }, offers);
    expect(found.map(({ option, fault }) => [option, /^is (\S+),/.exec(fault)?.[1]])).toEqual([
      ['pkce', 'S256'],
      ['idTokenAlg', 'RS256'],
      ['responseMode', 'form_post'],
    ]);
    expect(found.map(({ remedy }) => remedy)).toEqual([
      expect.stringContaining('none'),
      expect.stringMatching(/ES256 or HS256|HS256 or ES256/),
      expect.stringContaining('query'),
    ]);
  });
});

describe('PKCE', () => {
  it.each<[ProviderConfig['pkce'], readonly string[] | undefined, boolean]>([
    ['S256', ['plain'], true],
    ['S256', [], false],
    ['S256', ['plain', 'S256'], false],
    ['S256', undefined, false],
    ['none', ['plain'], false],
  ])('as %s is refused by a provider that offers %j: %p', (pkce, offered, refused) => {
    const metadata = server(
      offered === undefined ? {} : { code_challenge_methods_supported: [...offered] },
    );
    expect(refusesS256(providerConfig({ pkce }), metadata)).toBe(refused);
  });
});
