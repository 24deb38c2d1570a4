import { FixedClock } from '../../test/support/fixed-clock.js';
import { JsonServer } from '../../test/support/json-server.js';
import { providerAt } from '../../test/support/provider-config.js';
import { RecordedEvents } from '../../test/support/recorded-events.js';
import { createProviderFetch } from './provider-fetch.js';
import { ProviderMetadata } from './provider-metadata.js';

const SIX_HOURS = 6 * 60 * 60 * 1000;
let server: JsonServer;
let clock: FixedClock;
let log: RecordedEvents;
let metadata: ProviderMetadata;

beforeAll(async () => {
  server = await JsonServer.start();
});
afterAll(() => server.stop());
beforeEach(() => {
  server.asked.length = 0;
  clock = new FixedClock();
  log = new RecordedEvents();
  metadata = new ProviderMetadata(
    providerAt(server.origin, { timeoutMs: 1_000 }),
    createProviderFetch({}),
    clock,
    log,
  );
  discoverable('/token');
});

function discoverable(token: string, issuer = server.origin): void {
  server.answerJson({ issuer, token_endpoint: `${server.origin}${token}` });
}

const tokenEndpoint = async (): Promise<string | undefined> =>
  (await metadata.get()).token_endpoint;
const discoveries = (count: number): Promise<void> => log.until('provider.discovered', count);
const unreachable = expect.objectContaining({ code: 'provider_unreachable' });

describe('discovery', () => {
  it('is lazy: nothing is asked before the first use', async () => {
    expect(metadata.known).toBe(false);
    expect(server.asked).toEqual([]);
    await metadata.get();
    expect(metadata.known).toBe(true);
    expect(server.asked).toEqual(['GET /.well-known/openid-configuration']);
  });

  it('happens once for many at a time (P-45)', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => metadata.get()));
    expect(new Set(all).size).toBe(1);
    expect(server.asked).toHaveLength(1);
  });

  it('is kept for six hours and then repeated beside the request, which does not wait (D-39)', async () => {
    await metadata.get();
    discoverable('/token-2');
    clock.advance(SIX_HOURS - 1);
    await expect(tokenEndpoint()).resolves.toBe(`${server.origin}/token`);
    clock.advance(1);
    await expect(tokenEndpoint()).resolves.toBe(`${server.origin}/token`);
    await discoveries(2);
    await expect(tokenEndpoint()).resolves.toBe(`${server.origin}/token-2`);
    expect(server.asked).toHaveLength(2);
  });

  it.each([
    'https://evil.example',
    // As the common endpoint of several tenants writes it: a tenant's own issuer is what to configure.
    'https://login.example/{tenantid}/v2.0',
  ])('refuses metadata of another issuer: %s (OIDC Discovery §4.3, C-08, D-38)', async (issuer) => {
    discoverable('/token', issuer);
    await expect(metadata.get()).rejects.toMatchObject({ code: 'provider_misconfigured' });
    expect(metadata.known).toBe(false);
  });

  it('calls another issuer a wrong setting during the pause as well, and an outage an outage', async () => {
    discoverable('/token', 'https://evil.example');
    const misconfigured = expect.objectContaining({ code: 'provider_misconfigured' });
    await expect(metadata.get()).rejects.toEqual(misconfigured);
    await expect(metadata.get()).rejects.toEqual(misconfigured);
    expect(server.asked).toHaveLength(1);
    expect(log.events).toMatchObject([
      {
        name: 'provider.discovery_failed',
        fields: { provider: 'generic', detail: 'the metadata name another issuer' },
      },
    ]);
    clock.advance(1_000);
    server.answerJson({}, 500);
    await expect(metadata.get()).rejects.toEqual(unreachable);
    await expect(metadata.get()).rejects.toEqual(unreachable);
    clock.advance(2_000);
    discoverable('/token');
    await expect(tokenEndpoint()).resolves.toBe(`${server.origin}/token`);
  });

  it('tells of every setting that the metadata contradict, and goes on', async () => {
    server.answerJson({
      issuer: server.origin,
      authorization_endpoint: `${server.origin}/authorize`,
      token_endpoint: `${server.origin}/token`,
      jwks_uri: `${server.origin}/keys`,
      token_endpoint_auth_methods_supported: ['private_key_jwt'],
      id_token_signing_alg_values_supported: ['ES256'],
    });
    await metadata.get();
    expect(log.events).toEqual([
      { name: 'provider.discovered', fields: { provider: 'generic' } },
      {
        name: 'provider.misfit',
        fields: {
          provider: 'generic',
          option: 'clientAuth',
          fault: 'is client_secret_basic, which the provider does not offer',
          remedy: 'use private_key_jwt, as registered there',
        },
      },
      {
        name: 'provider.misfit',
        fields: {
          provider: 'generic',
          option: 'idTokenAlg',
          fault: 'is RS256, which the provider does not offer',
          remedy: 'use ES256',
        },
      },
    ]);
  });

  it.each([[303], [404], [500]])('fails on status %d', async (status) => {
    server.answerJson({ issuer: server.origin }, status);
    await expect(metadata.get()).rejects.toEqual(unreachable);
    expect(server.asked).toHaveLength(1);
  });

  it('fails when the provider hangs (P-46)', async () => {
    server.answerWith(() => undefined);
    const impatient = new ProviderMetadata(
      providerAt(server.origin, { timeoutMs: 50 }),
      createProviderFetch({}),
      clock,
      log,
    );
    await expect(impatient.get()).rejects.toEqual(unreachable);
  });
});

describe('after a failure', () => {
  beforeEach(() => server.answerJson({}, 500));

  it('pauses, longer each time, at most half a minute (E-43)', async () => {
    for (const pause of [1, 2, 4, 8, 16, 30, 30]) {
      server.asked.length = 0;
      await expect(metadata.get()).rejects.toEqual(unreachable);
      clock.advance(pause * 1000 - 1);
      await expect(metadata.get()).rejects.toEqual(unreachable);
      expect(server.asked).toHaveLength(1);
      clock.advance(1);
    }
    expect(log.count('provider.discovery_failed')).toBe(7);
  });

  it('does not pause for longer when the clock is put back', async () => {
    server.answerWith((_req, res) => void res.writeHead(503).end());
    await expect(metadata.get()).rejects.toEqual(unreachable);
    clock.advance(-SIX_HOURS);
    discoverable('/token');
    await expect(tokenEndpoint()).resolves.toBe(`${server.origin}/token`);
  });

  it('recovers, and forgets the pause (P-44)', async () => {
    for (const pause of [1_000, 2_000]) {
      await expect(metadata.get()).rejects.toEqual(unreachable);
      clock.advance(pause);
    }
    discoverable('/token');
    await expect(tokenEndpoint()).resolves.toBe(`${server.origin}/token`);
    clock.advance(SIX_HOURS);
    server.answerJson({}, 500);
    await metadata.get();
    await log.until('provider.discovery_failed', 3);
    clock.advance(1_000);
    discoverable('/token-2');
    await metadata.get();
    await discoveries(2);
    await expect(tokenEndpoint()).resolves.toBe(`${server.origin}/token-2`);
  });
});

describe('a provider that asks to be left alone', () => {
  const ASKED_S = 120;
  const answerLater = (status: number, retryAfter: string): void =>
    server.answerWith((_req, res) => {
      res.writeHead(status, { 'retry-after': retryAfter }).end();
    });

  it.each([
    [429, String(ASKED_S)],
    [503, String(ASKED_S)],
    [503, new Date(new FixedClock().now() + ASKED_S * 1000).toUTCString()],
  ])('by %d and Retry-After: %s is left alone for so long (R-16)', async (status, retryAfter) => {
    answerLater(status, retryAfter);
    await expect(metadata.get()).rejects.toEqual(unreachable);
    discoverable('/token');
    clock.advance(ASKED_S * 1000 - 1);
    await expect(metadata.get()).rejects.toEqual(unreachable);
    expect(server.asked).toHaveLength(1);
    clock.advance(1);
    await expect(tokenEndpoint()).resolves.toBe(`${server.origin}/token`);
  });

  it.each(['0', 'soon', ''])('for %p is left alone as after any failure', async (retryAfter) => {
    answerLater(503, retryAfter);
    await expect(metadata.get()).rejects.toEqual(unreachable);
    discoverable('/token');
    clock.advance(999);
    await expect(metadata.get()).rejects.toEqual(unreachable);
    expect(server.asked).toHaveLength(1);
    clock.advance(1);
    await expect(tokenEndpoint()).resolves.toBe(`${server.origin}/token`);
  });
});

describe('while a refresh fails', () => {
  it('the last good metadata stay', async () => {
    await metadata.get();
    clock.advance(SIX_HOURS);
    server.answerJson({}, 500);
    for (let at = 0; at < 5; at += 1)
      await expect(tokenEndpoint()).resolves.toBe(`${server.origin}/token`);
    await log.until('provider.discovery_failed', 1);
    expect(server.asked).toHaveLength(2);
  });
});
