import { JsonServer } from '../../test/support/json-server.js';
import { providerAt } from '../../test/support/provider-config.js';
import type { ProviderConfig } from '../config/provider-config.types.js';
import type { ProviderInspection } from '../domain/provider-inspection.js';
import { inspectProvider } from './provider-inspection.js';

let server: JsonServer;

beforeAll(async () => {
  server = await JsonServer.start();
});
afterAll(() => server.stop());
beforeEach(() => {
  server.asked.length = 0;
  offering();
});

/** A metadata document like that of any provider, with some members changed. */
function offering(more: object = {}): void {
  const at = (path: string): string => `${server.origin}${path}`;
  server.answerJson({
    issuer: server.origin,
    authorization_endpoint: at('/authorize'),
    token_endpoint: at('/token'),
    jwks_uri: at('/keys'),
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    code_challenge_methods_supported: ['plain', 'S256'],
    id_token_signing_alg_values_supported: ['RS256', 'ES256'],
    ...more,
  });
}

const inspect = (more: Partial<ProviderConfig> = {}): Promise<ProviderInspection> =>
  inspectProvider(providerAt(server.origin, { timeoutMs: 10_000, ...more }));

const withMethod = (method: ProviderConfig['credentials']['method']): Partial<ProviderConfig> => ({
  credentials: { method, basicEncoding: 'form', keys: [], assertionAudience: 'issuer' },
});

describe('a provider that is asked', () => {
  it('fits, and was asked for its metadata alone', async () => {
    await expect(inspect()).resolves.toEqual({ kind: 'fits' });
    expect(server.asked).toEqual(['GET /.well-known/openid-configuration']);
  });

  it('may not offer the method', async () => {
    await expect(inspect(withMethod('private_key_jwt'))).resolves.toEqual({
      kind: 'misfits',
      misfits: [
        {
          option: 'clientAuth',
          fault: 'is private_key_jwt, which the provider does not offer',
          remedy: 'use client_secret_basic or client_secret_post, as registered there',
        },
      ],
    });
  });

  it.each([[['public']], [['attest_jwt_client_auth', 'public']], [[]], [['']], [[5]], ['none']])(
    'fits when its methods are %j, none of which is registered',
    async (methods) => {
      offering({ token_endpoint_auth_methods_supported: methods });
      await expect(inspect(withMethod('none'))).resolves.toEqual({ kind: 'fits' });
    },
  );

  it('may call itself otherwise', async () => {
    offering({ issuer: `${server.origin}/` });
    await expect(inspect()).resolves.toEqual({
      kind: 'misfits',
      misfits: [
        {
          option: 'issuer',
          fault: 'does not fit: the metadata name another issuer',
          remedy: "copy 'issuer' from the provider's metadata document, byte for byte",
        },
      ],
    });
  });

  it('may know no S256', async () => {
    offering({ code_challenge_methods_supported: ['plain'] });
    await expect(inspect()).resolves.toMatchObject({
      misfits: [{ option: 'pkce', fault: 'is S256, which the provider does not offer' }],
    });
    await expect(inspect({ pkce: 'none' })).resolves.toEqual({ kind: 'fits' });
  });

  it('may differ in several things, all of which are told', async () => {
    offering({
      jwks_uri: undefined,
      response_modes_supported: ['query'],
      id_token_signing_alg_values_supported: ['ES256', '\u001b[31mRS999'],
    });
    const found = await inspect({ responseMode: 'form_post' });
    expect(found).toMatchObject({
      misfits: [
        { option: 'endpoints.jwks', fault: 'is not set, and the metadata have no jwks_uri' },
        { option: 'idTokenAlg', remedy: 'use ES256' },
        { option: 'responseMode', remedy: 'use query' },
      ],
    });
    // What a provider writes goes to a terminal only where it is a word that we know.
    expect(JSON.stringify(found)).not.toContain('RS999');
  });

  it('is not asked when everything is written by hand', async () => {
    const byHand = {
      authorization_endpoint: `${server.origin}/authorize`,
      token_endpoint: `${server.origin}/token`,
      jwks_uri: `${server.origin}/keys`,
    };
    await expect(inspect({ metadata: { byHand } })).resolves.toEqual({ kind: 'fits' });
    expect(server.asked).toEqual([]);
  });
});

describe('a provider that does not answer', () => {
  it.each([
    ['an error', 500, 'metadata: no document, status 500'],
    ['nothing there', 404, 'metadata: no document, status 404'],
  ])('as it should: %s', async (_what, status, cause) => {
    server.answerJson({ issuer: server.origin }, status);
    await expect(inspect()).resolves.toEqual({ kind: 'unreachable', cause });
  });

  it('within its time', async () => {
    server.answerWith(() => undefined);
    await expect(inspect({ timeoutMs: 50 })).resolves.toMatchObject({ kind: 'unreachable' });
  });

  it('at all', async () => {
    const gone = await JsonServer.start();
    const { origin } = gone;
    await gone.stop();
    await expect(inspectProvider(providerAt(origin))).resolves.toEqual({
      kind: 'unreachable',
      cause: expect.stringContaining('ECONNREFUSED'),
    });
  });
});
