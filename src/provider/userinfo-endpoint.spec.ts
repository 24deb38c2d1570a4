import type { IncomingHttpHeaders } from 'node:http';
import { FixedClock } from '../../test/support/fixed-clock.js';
import { JsonServer } from '../../test/support/json-server.js';
import { providerAt } from '../../test/support/provider-config.js';
import { RecordedEvents } from '../../test/support/recorded-events.js';
import { newSigningKey, publicKeys } from '../../test/support/signing-key.js';
import type { ProviderConfig } from '../config/provider-config.types.js';
import { providerParts } from './provider-parts.js';
import { UserinfoEndpoint, type UserinfoClaims } from './userinfo-endpoint.js';

const key = newSigningKey('key-1');
const stranger = newSigningKey('key-1');
const clock = new FixedClock();
let server: JsonServer;
let headers: IncomingHttpHeaders;

beforeAll(async () => {
  server = await JsonServer.start();
});
afterAll(() => server.stop());
beforeEach(() => {
  server.asked.length = 0;
});

/** From now on the endpoint answers so; the keys are where they belong. */
function answer(body: unknown, { status = 200, type = 'application/json' } = {}): void {
  server.answerWith((req, res) => {
    const isKeys = req.url === '/jwks';
    if (!isKeys) headers = req.headers;
    res.writeHead(isKeys ? 200 : status, { 'content-type': isKeys ? 'application/json' : type });
    const said = isKeys ? publicKeys([key]) : body;
    res.end(typeof said === 'string' ? said : JSON.stringify(said));
  });
}

function ask(more: Partial<ProviderConfig> = {}, metadata = {}): Promise<UserinfoClaims> {
  const config = providerAt(server.origin, { timeoutMs: 1_000, ...more });
  const { fetch, verifier } = providerParts(config, clock, new RecordedEvents());
  const known = {
    issuer: server.origin,
    jwks_uri: `${server.origin}/jwks`,
    userinfo_endpoint: `${server.origin}/userinfo`,
    ...metadata,
  };
  return new UserinfoEndpoint(config, fetch, verifier).ask(known, 'the-access-token');
}

const signed = (more: object = {}, by = key): string =>
  by.sign({ iss: server.origin, aud: 'app', sub: 'user-1', name: 'User', ...more });

describe('the userinfo endpoint', () => {
  it('gets the token in the header, and nothing in the address (A-30)', async () => {
    answer({ sub: 'user-1' });
    await ask();
    expect(server.asked).toEqual(['GET /userinfo']);
    expect(headers.authorization).toBe('Bearer the-access-token');
  });

  it('gives claims as they are; null is one of them (A-13)', async () => {
    answer({ sub: 'user-1', name: 'User', email: null, address: { country: 'x' } });
    await expect(ask()).resolves.toEqual({
      sub: 'user-1',
      name: 'User',
      email: null,
      address: { country: 'x' },
    });
  });

  it('may name others who know more: nobody calls them (A-38, A-39)', async () => {
    const told = {
      sub: 'user-1',
      _claim_names: { address: 'src1', phone_number: 'src2' },
      _claim_sources: {
        src1: { JWT: 'x.y.z' },
        src2: { endpoint: `${server.origin}/stolen`, access_token: 'x' },
      },
    };
    answer(told);
    await expect(ask()).resolves.toEqual(told);
    expect(server.asked).toEqual(['GET /userinfo']);
  });

  it.each<[string, unknown]>([
    ['no subject', { name: 'User' }],
    ['an empty subject', { sub: '' }],
    ['a subject that is a number', { sub: 7 }],
    ['a subject of 256 characters', { sub: 'x'.repeat(256) }],
    ['a list', [{ sub: 'user-1' }]],
    ['a text', '"user-1"'],
    ['null', 'null'],
    ['nothing', ''],
    ['broken JSON', '{"sub":'],
    ['active: true (ATK-105)', { active: true }],
  ])('is refused with %s (ATK-83)', async (_what, body) => {
    answer(body);
    await expect(ask()).rejects.toMatchObject({ code: 'login_rejected', detail: 'userinfo: sub' });
  });

  it.each(['text/html', 'text/plain', 'application/x-www-form-urlencoded', ''])(
    'is refused as %p',
    async (type) => {
      answer({ sub: 'user-1' }, { type });
      await expect(ask()).rejects.toMatchObject({ code: 'login_rejected' });
    },
  );

  it.each([201, 204, 302, 400, 401, 403, 500, 503])(
    'tells nothing with status %d, whatever it says (ATK-105)',
    async (status) => {
      answer(status === 204 ? '' : { sub: 'user-1', active: true }, { status });
      await expect(ask()).rejects.toMatchObject({
        code: 'provider_unreachable',
        detail: `userinfo: status ${status}`,
      });
      expect(server.asked).toHaveLength(1);
    },
  );

  it('is our fault where there is none', async () => {
    await expect(ask({}, { userinfo_endpoint: undefined })).rejects.toMatchObject({
      code: 'provider_misconfigured',
    });
  });

  it('has another address with mutual TLS, where there is one (RFC 8705 §5)', async () => {
    answer({ sub: 'user-1' });
    const aliases = {
      mtls_endpoint_aliases: { userinfo_endpoint: `${server.origin}/mutual/userinfo` },
    };
    const credentials = {
      ...providerAt(server.origin).credentials,
      method: 'tls_client_auth' as const,
    };
    await ask({ credentials }, aliases);
    await ask({ credentials });
    await ask({}, aliases);
    expect(server.asked).toEqual(['GET /mutual/userinfo', 'GET /userinfo', 'GET /userinfo']);
  });
});

describe('signed userinfo (OIDC Core §5.3.2)', () => {
  it.each(['application/jwt', 'application/jwt; charset=utf-8', 'APPLICATION/JWT'])(
    'is verified when it comes as %s (A-26)',
    async (type) => {
      answer(signed(), { type });
      await expect(ask()).resolves.toMatchObject({ sub: 'user-1', name: 'User' });
    },
  );

  it.each<[string, () => string]>([
    ['signed by a stranger', () => signed({}, stranger)],
    ['for another client', () => signed({ aud: 'other' })],
    ['without audience', () => signed({ aud: undefined })],
    ['of another issuer', () => signed({ iss: 'https://evil.example' })],
    ['that is no JWT', () => JSON.stringify({ sub: 'user-1' })],
  ])('is refused: one %s (A-26)', async (_what, token) => {
    answer(token(), { type: 'application/jwt' });
    await expect(ask()).rejects.toMatchObject({
      code: expect.stringMatching(/^ERR_(?:JWS|JWT|JOSE)_/),
    });
  });

  it('without a subject is refused', async () => {
    answer(signed({ sub: undefined }), { type: 'application/jwt' });
    await expect(ask()).rejects.toMatchObject({ detail: 'userinfo: sub' });
  });

  it('is not believed when it calls itself JSON', async () => {
    answer(signed());
    await expect(ask()).rejects.toMatchObject({ detail: 'userinfo: sub' });
  });
});
