import type { ServerResponse } from 'node:http';
import { JsonServer } from '../../test/support/json-server.js';
import { providerAt } from '../../test/support/provider-config.js';
import type { ProviderConfig } from '../config/provider-config.types.js';
import { createProviderFetch, type ProviderFetch } from './provider-fetch.js';
import { fetchServerMetadata } from './server-metadata.js';

const WELL_KNOWN = '/.well-known/openid-configuration';
const HTTPS = 'https://login.example';
let server: JsonServer;
let foreign: JsonServer;

beforeAll(async () => {
  [server, foreign] = await Promise.all([JsonServer.start(), JsonServer.start()]);
});
afterAll(() => Promise.all([server.stop(), foreign.stop()]));
beforeEach(() => {
  server.asked.length = 0;
  foreign.asked.length = 0;
  foreign.answerJson({ issuer: server.origin, token_endpoint: `${foreign.origin}/token` });
});

const get = (more: Partial<ProviderConfig> = {}) =>
  fetchServerMetadata(
    providerAt(server.origin, { timeoutMs: 1_000, ...more }),
    createProviderFetch({}),
  );

const document = (more: object = {}): object => ({
  issuer: server.origin,
  token_endpoint: `${server.origin}/token`,
  ...more,
});

/** A document, and before it redirects from each address to the next. */
function redirecting(status: number, ...targets: string[]): void {
  server.answerWith((req, res) => {
    const from = req.url === WELL_KNOWN ? 0 : targets.indexOf(req.url ?? '') + 1;
    const location = targets[from];
    if (location === undefined) reply(res, document());
    else res.writeHead(status, { location }).end();
  });
}

function reply(res: ServerResponse, body: object): void {
  res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

describe('the metadata document', () => {
  it('is asked for without credentials', async () => {
    let headers = {};
    server.answerWith((req, res) => {
      ({ headers } = req);
      reply(res, document());
    });
    await get();
    expect(server.asked).toEqual([`GET ${WELL_KNOWN}`]);
    expect(Object.keys(headers)).not.toContain('authorization');
    expect(Object.keys(headers)).not.toContain('cookie');
  });

  it.each<[string, () => unknown]>([
    ['is of another issuer', () => 'https://evil.example'],
    ['is of the issuer with a slash more', () => `${server.origin}/`],
    ['names no issuer', () => undefined],
    ['names a list of issuers', () => [server.origin]],
  ])('that %s is refused (A-18, D-36, F-27, C-08, E-32)', async (_what, issuer) => {
    server.answerJson(document({ issuer: issuer() }));
    await expect(get()).rejects.toMatchObject({ code: 'provider_misconfigured' });
  });

  it('at an address of its own is compared with the issuer all the same (D-37)', async () => {
    const metadata = { discoveryUrl: `${server.origin}/oidc/config`, byHand: {} };
    server.answerJson(document());
    await expect(get({ metadata })).resolves.toMatchObject({ issuer: server.origin });
    expect(server.asked).toEqual(['GET /oidc/config']);
    server.answerJson(document({ issuer: 'https://evil.example' }));
    await expect(get({ metadata })).rejects.toMatchObject({ code: 'provider_misconfigured' });
  });

  it.each<[string, number, string, string]>([
    ['an error', 404, 'application/json', '{}'],
    ['another success', 201, 'application/json', '{}'],
    ['HTML', 200, 'text/html', '<html>'],
    ['JSON that calls itself HTML', 200, 'text/html', '{}'],
    ['broken JSON', 200, 'application/json', '{"issuer":'],
    ['a list', 200, 'application/json', '[]'],
    ['null', 200, 'application/json', 'null'],
  ])('cannot be %s', async (_what, status, type, body) => {
    server.answerWith((_req, res) => {
      res.writeHead(status, { 'content-type': type }).end(body);
    });
    await expect(get()).rejects.toMatchObject({ code: 'provider_unreachable' });
  });
});

describe('what the document says', () => {
  const known = async (more: object) => {
    server.answerJson(document(more));
    return get();
  };

  it('is kept as far as it is used, and nothing else of it', async () => {
    const all = {
      authorization_endpoint: `${server.origin}/authorize`,
      userinfo_endpoint: `${server.origin}/userinfo`,
      jwks_uri: `${server.origin}/jwks`,
      revocation_endpoint: `${server.origin}/revoke`,
      end_session_endpoint: `${server.origin}/logout`,
      token_endpoint_auth_methods_supported: ['public', 'none'],
      code_challenge_methods_supported: ['S256'],
      id_token_signing_alg_values_supported: ['RS256'],
      response_modes_supported: ['query'],
      prompt_values_supported: ['login'],
      authorization_response_iss_parameter_supported: true,
      mtls_endpoint_aliases: { token_endpoint: `${server.origin}/mutual` },
    };
    const unused = { registration_endpoint: `${server.origin}/register`, '__proto__ ': 1, x: {} };
    await expect(known({ ...all, ...unused })).resolves.toEqual(document(all));
  });

  it.each<[string, unknown]>([
    ['token_endpoint', 7],
    ['token_endpoint', null],
    ['token_endpoint', ['http://127.0.0.1/']],
    ['token_endpoint', { url: 'http://127.0.0.1/' }],
    ['token_endpoint', '/token'],
    ['token_endpoint', ''],
    ['jwks_uri', 'http://'],
    ['authorization_endpoint', 'javascript:alert(1)'],
    ['end_session_endpoint', 'data:text/html,x'],
    ['userinfo_endpoint', 'file:///etc/passwd'],
    ['revocation_endpoint', true],
    ['revocation_endpoint', `http://x.${'GET'.repeat(6_000)}`],
    ['token_endpoint_auth_methods_supported', 'none'],
    ['code_challenge_methods_supported', { S256: true }],
    ['id_token_signing_alg_values_supported', null],
    ['response_modes_supported', 1],
    ['prompt_values_supported', 'login'],
    ['mtls_endpoint_aliases', 'x'],
    ['mtls_endpoint_aliases', null],
  ])('counts as not there when %s is %j', async (name, value) => {
    const got = await known({ [name]: value });
    expect(got).not.toHaveProperty(name);
    expect(got.issuer).toBe(server.origin);
  });

  it('loses members of lists and aliases that are of the wrong type', async () => {
    const got = await known({
      token_endpoint_auth_methods_supported: ['none', 7, null, ['x']],
      mtls_endpoint_aliases: { token_endpoint: 7, userinfo_endpoint: `${server.origin}/x` },
    });
    expect(got.token_endpoint_auth_methods_supported).toEqual(['none']);
    expect(got.mtls_endpoint_aliases).toEqual({ userinfo_endpoint: `${server.origin}/x` });
  });

  it.each(['true', 1, null, undefined, {}])(
    'does not promise `iss` in callbacks with %j',
    async (promise) => {
      const got = await known({ authorization_response_iss_parameter_supported: promise });
      expect(got.authorization_response_iss_parameter_supported).toBe(false);
    },
  );

  it('sends nobody from an https issuer to an http address', async () => {
    const said = {
      issuer: HTTPS,
      token_endpoint: 'http://login.example/token',
      jwks_uri: 'http://login.example/jwks',
      userinfo_endpoint: 'HTTP://login.example/userinfo',
      authorization_endpoint: 'https://accounts.example/authorize',
      mtls_endpoint_aliases: { token_endpoint: 'http://mutual.example/token' },
    };
    const fetch: ProviderFetch = () => Promise.resolve(Response.json(said));
    await expect(fetchServerMetadata(providerAt(HTTPS), fetch)).resolves.toEqual({
      issuer: HTTPS,
      authorization_endpoint: 'https://accounts.example/authorize',
      authorization_response_iss_parameter_supported: false,
      mtls_endpoint_aliases: {},
    });
  });
});

describe('endpoints written by hand', () => {
  const byHand = { token_endpoint: 'https://other.example/token', jwks_uri: 'https://x.example/' };

  it('win over the document', async () => {
    server.answerJson(document({ userinfo_endpoint: `${server.origin}/userinfo` }));
    const metadata = { discoveryUrl: `${server.origin}${WELL_KNOWN}`, byHand };
    await expect(get({ metadata })).resolves.toMatchObject({
      ...byHand,
      userinfo_endpoint: `${server.origin}/userinfo`,
    });
  });

  it('are all that is known without a document: nobody is asked', async () => {
    await expect(get({ metadata: { byHand } })).resolves.toEqual({
      issuer: server.origin,
      ...byHand,
    });
    expect(server.asked).toEqual([]);
  });
});

describe('a redirect', () => {
  it.each([301, 302, 307, 308])('%d on the same host is followed once', async (status) => {
    redirecting(status, '/moved');
    await expect(get()).resolves.toMatchObject({ token_endpoint: `${server.origin}/token` });
    expect(server.asked).toEqual([`GET ${WELL_KNOWN}`, 'GET /moved']);
  });

  it('may be relative to the address', async () => {
    server.answerWith((req, res) => {
      if (req.url === '/.well-known/here') reply(res, document());
      else res.writeHead(302, { location: 'here' }).end();
    });
    await expect(get()).resolves.toMatchObject({ issuer: server.origin });
  });

  it('is followed no second time', async () => {
    redirecting(302, '/one', '/two');
    await expect(get()).rejects.toMatchObject({ code: 'provider_unreachable' });
    expect(server.asked).toEqual([`GET ${WELL_KNOWN}`, 'GET /one']);
  });

  it('that goes round is followed once', async () => {
    redirecting(302, WELL_KNOWN);
    await expect(get()).rejects.toMatchObject({ code: 'provider_unreachable' });
    expect(server.asked).toHaveLength(2);
  });

  const refused = { code: 'provider_misconfigured' };

  it('to another port is not followed', async () => {
    redirecting(302, `${foreign.origin}/`);
    await expect(get()).rejects.toMatchObject(refused);
    expect([server.asked.length, foreign.asked]).toEqual([1, []]);
  });

  it.each([
    'http://169.254.169.254/latest/meta-data/',
    '//evil.example/',
    'http://user:password@evil.example/',
    'https://127.0.0.1/',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'http://',
  ])('to %s is not followed (ATK-87)', async (location) => {
    redirecting(302, location);
    const fetched: string[] = [];
    const fetch: ProviderFetch = (url, init) => {
      fetched.push(url);
      return createProviderFetch({})(url, init);
    };
    await expect(fetchServerMetadata(providerAt(server.origin), fetch)).rejects.toMatchObject(
      refused,
    );
    expect(fetched).toEqual([`${server.origin}${WELL_KNOWN}`]);
  });

  it('to nowhere is no document', async () => {
    server.answerWith((_req, res) => void res.writeHead(302).end());
    await expect(get()).rejects.toMatchObject({ code: 'provider_unreachable' });
  });
});
