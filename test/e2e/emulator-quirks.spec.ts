import { AuthentiqEmulator } from '../support/emulators/authentiq.emulator.js';
import { AuthingEmulator } from '../support/emulators/authing.emulator.js';
import { EudiwEmulator } from '../support/emulators/eudiw.emulator.js';
import { GoogleEmulator } from '../support/emulators/google.emulator.js';
import { LocalTokenService } from '../support/emulators/local-token-service.js';
import { OneAccessEmulator } from '../support/emulators/oneaccess.emulator.js';
import { signWithSecret } from '../support/emulators/provider-key.js';
import {
  clientFor,
  errorOf,
  RawClient,
  REDIRECT_URI,
  SECRET,
  tokenOf,
  userinfoAt,
  type Changes,
} from '../support/emulators/raw-client.js';
import { exchange, jsonOf, type Hop } from '../support/http-exchange.js';
import { readToken } from '../support/signing-key.js';

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

describe('the emulator of google', () => {
  let provider: GoogleEmulator;
  let rp: RawClient;
  beforeEach(async () => {
    provider = await GoogleEmulator.start();
    rp = new RawClient(provider, clientFor('client_secret_post'), {
      pkce: true,
      authorize: { access_type: 'offline', prompt: 'consent' },
    });
  });
  afterEach(() => provider.close());

  it('has its endpoints on several hosts, and no end_session', async () => {
    const metadata = jsonOf(await exchange(provider.endpoints.discovery ?? ''));
    const hosts = ['authorization_endpoint', 'token_endpoint', 'jwks_uri', 'userinfo_endpoint'].map(
      (name) => new URL(String(metadata[name])).host,
    );
    expect(new Set(hosts).size).toBe(4);
    expect(metadata['end_session_endpoint']).toBeUndefined();
    expect(metadata['revocation_endpoint']).toBe(provider.endpoints.revoke);
  });

  it('refuses offline_access', async () => {
    const callback = await rp.callback({ scope: 'openid offline_access' });
    expect(callback.get('error')).toBe('invalid_scope');
  });

  it.each([
    [{ access_type: undefined }, false],
    [{ prompt: undefined }, false],
    [{}, true],
  ])('gives a refresh token for %j: %s', async (changes, gives) => {
    const body = jsonOf(await rp.redeem(await rp.code(changes)));
    expect('refresh_token' in body).toBe(gives);
  });

  it('keeps the refresh token, says nothing of it in a refresh, and revokes it', async () => {
    const refreshToken = tokenOf(await rp.redeem(await rp.code()), 'refresh_token');
    const refreshed = jsonOf(await rp.refresh(refreshToken));
    expect(refreshed).not.toHaveProperty('refresh_token');
    expect(readToken(String(refreshed['id_token'])).claims).not.toHaveProperty('nonce');
    const revoke = (): Promise<Hop> =>
      exchange(provider.endpoints.revoke ?? '', {
        method: 'POST',
        headers: FORM,
        body: `token=${refreshToken}`,
      });
    expect((await revoke()).status).toBe(200);
    expect(errorOf(await rp.refresh(refreshToken))).toBe('invalid_grant');
    expect(errorOf(await revoke())).toBe('invalid_token');
  });

  it('names itself with and without a scheme', async () => {
    const issuers: unknown[] = [];
    for (const scheme of [true, false]) {
      provider.issHasScheme = scheme;
      const answer = await rp.redeem(await rp.code());
      issuers.push(readToken(tokenOf(answer, 'id_token')).claims['iss']);
    }
    expect(issuers).toEqual([provider.issuer, provider.issuer.replace('http://', '')]);
  });
});

describe('the service of the first seed', () => {
  let provider: GoogleEmulator;
  let service: LocalTokenService;
  let rp: RawClient;
  const post = (body: string, headers: Readonly<Record<string, string>>): Promise<Hop> =>
    exchange(service.tokenEndpoint, { method: 'POST', headers, body });
  const JSON_TYPE = { 'content-type': 'application/json' };
  beforeAll(async () => {
    provider = await GoogleEmulator.start();
    rp = new RawClient(provider, clientFor('client_secret_post'), { pkce: false });
    service = await LocalTokenService.start({
      tokenEndpoint: provider.endpoints.token ?? '',
      clientId: rp.client.clientId,
      clientSecret: SECRET,
      redirectUri: REDIRECT_URI,
    });
  });
  afterAll(() => Promise.all([provider.close(), service.close()]));

  it('takes a code as JSON and answers with the tokens, whatever stands beside it', async () => {
    const code = await rp.code();
    const answer = await post(JSON.stringify({ code, grant_type: 'nonsense' }), JSON_TYPE);
    expect(answer.status).toBe(200);
    expect(Object.keys(jsonOf(answer)).sort()).toEqual(
      ['access_token', 'expires_in', 'id_token', 'scope', 'token_type'].sort(),
    );
  });

  it.each([['application/x-www-form-urlencoded'], ['application/json; charset=utf-8'], ['']])(
    'takes no body of type "%s"',
    async (type) => {
      const answer = await post(JSON.stringify({ code: await rp.code() }), {
        'content-type': type,
      });
      expect(answer.status).toBe(415);
    },
  );

  it.each(['{}', '{"code": ""}', '{"code": 4}', 'null', '[]', 'code=4', '{"code": "4/0AbUR"}'])(
    'answers %s as documented',
    async (body) => {
      const answer = await post(body, JSON_TYPE);
      expect(answer.status).toBe(400);
      expect(jsonOf(answer)).toEqual({ error: 'invalid_grant', error_description: 'Bad Request' });
    },
  );

  it('cannot redeem the code of a login with PKCE', async () => {
    const code = await rp.code({ code_challenge: 'x'.repeat(43), code_challenge_method: 'S256' });
    expect((await post(JSON.stringify({ code }), JSON_TYPE)).status).toBe(400);
  });
});

describe('the emulator of authentiq', () => {
  let provider: AuthentiqEmulator;
  let rp: RawClient;
  beforeEach(async () => {
    provider = await AuthentiqEmulator.start();
    rp = new RawClient(provider, clientFor('client_secret_post'), { pkce: false });
  });
  afterEach(() => provider.close());

  it('has an issuer that ends in a slash and no discovery', async () => {
    expect(provider.issuer).toMatch(/\d\/$/);
    const at = `${provider.issuer}.well-known/openid-configuration`;
    expect((await exchange(at)).status).toBe(404);
  });

  it('signs ID tokens and logout tokens with the secret of the client', async () => {
    const token = tokenOf(await rp.redeem(await rp.code()), 'id_token');
    for (const signed of [token, provider.logoutToken(provider.login)]) {
      const { header, claims } = readToken(signed);
      expect(header['alg']).toBe('HS256');
      expect(signed).toBe(signWithSecret('HS256', SECRET, claims, header));
    }
  });

  it('has no refresh', async () => {
    const body = jsonOf(await rp.redeem(await rp.code()));
    expect(body).not.toHaveProperty('refresh_token');
    expect(typeof body['expires_at']).toBe('number');
    expect(errorOf(await rp.refresh('anything'))).toBe('unsupported_grant_type');
  });

  it.each(['access_token', 'id_token'] as const)('leaves out the %s', async (name) => {
    provider.leaveOut = name;
    expect(jsonOf(await rp.redeem(await rp.code()))).not.toHaveProperty(name);
  });
});

describe('the emulator of oneaccess', () => {
  let provider: OneAccessEmulator;
  let rp: RawClient;
  beforeEach(async () => {
    provider = await OneAccessEmulator.start();
    rp = new RawClient(provider, clientFor('client_secret_post'), { pkce: false });
  });
  afterEach(() => provider.close());

  it.each([
    ['string', '7200'],
    ['number', 7200],
  ] as const)('tells the life of a token as a %s', async (kind, expected) => {
    provider.expiresInAs = kind;
    expect(jsonOf(await rp.redeem(await rp.code()))['expires_in']).toBe(expected);
  });

  it('gives a refresh token only where one is configured', async () => {
    expect(jsonOf(await rp.redeem(await rp.code()))).not.toHaveProperty('refresh_token');
    provider.refreshConfigured = true;
    const refreshToken = tokenOf(await rp.redeem(await rp.code()), 'refresh_token');
    expect((await rp.refresh(refreshToken)).status).toBe(200);
    expect(jsonOf(await rp.refresh(refreshToken))).toEqual({
      error: 'invalid_grant',
      error_description: 'Invalid refresh token',
    });
  });

  it('takes the one scope that is documented', async () => {
    expect((await rp.callback({ scope: 'openid profile' })).get('error')).toBe('invalid_scope');
  });

  it('takes the registered domain for the callback', async () => {
    const redirectUris = ['http://app.localhost'];
    const bare = new RawClient(
      provider,
      { ...clientFor('client_secret_post'), redirectUris },
      { pkce: false },
    );
    const code = await bare.code({ redirect_uri: REDIRECT_URI });
    expect((await bare.redeem(code)).status).toBe(200);
  });

  it('tells a user in words of its own', async () => {
    const token = tokenOf(await rp.redeem(await rp.code()), 'access_token');
    const answer = jsonOf(await userinfoAt(provider, token));
    expect(Object.keys(answer)).toEqual(['id', 'userName', 'name', 'email', 'mobile']);
    expect(errorOf(await userinfoAt(provider, 'x'))).toBe('unauthorized');
  });

  it('logs out to redirect_url, or to its own login page', async () => {
    const back = 'http://app.localhost/logout/done?state=1';
    const to = `${provider.logoutEndpoint}?redirect_url=${encodeURIComponent(back)}`;
    expect((await exchange(to)).headers.location).toBe(back);
    expect((await exchange(provider.logoutEndpoint)).headers.location).toBe(
      `${provider.origins[0] ?? ''}/login`,
    );
  });
});

describe('the emulator of eudiw', () => {
  let provider: EudiwEmulator;
  let rp: RawClient;
  beforeEach(async () => {
    provider = await EudiwEmulator.start();
    rp = new RawClient(provider, clientFor('none'), { pkce: true });
  });
  afterEach(() => provider.close());
  const redeem = (code: string, form: Changes = {}): Promise<Hop> =>
    rp.redeem(code, { form: { state: rp.state, ...form } });

  it('names an authentication method that nobody registered', async () => {
    const metadata = jsonOf(await exchange(provider.endpoints.discovery ?? ''));
    expect(metadata['token_endpoint_auth_methods_supported']).toEqual(['public']);
  });

  it('takes whoever comes, with a code of more than 1,000 characters and the scope beside it', async () => {
    const redirectUris = ['http://stranger.localhost/cb'];
    const stranger = { clientId: 'stranger', authMethod: 'none', redirectUris } as const;
    const client = new RawClient(provider, stranger, { pkce: true });
    provider.clients.clear();
    const callback = await client.callback();
    expect((callback.get('code') ?? '').length).toBeGreaterThan(1000);
    expect(callback.get('scope')).toBe('openid');
    expect(callback.has('iss')).toBe(false);
  });

  it('gives no ID token, or one without the nonce', async () => {
    expect(jsonOf(await redeem(await rp.code()))).not.toHaveProperty('id_token');
    provider.idTokens = true;
    const { claims } = readToken(tokenOf(await redeem(await rp.code()), 'id_token'));
    expect(claims).not.toHaveProperty('nonce');
    expect(claims).toMatchObject({ aud: [rp.client.clientId], scope: ['openid'] });
    expect(String(claims['sid']).length).toBeGreaterThan(300);
  });

  it('gives access and refresh tokens that are JWTs of about 1,000 characters', async () => {
    const answer = await redeem(await rp.code());
    for (const name of ['access_token', 'refresh_token']) {
      const token = tokenOf(answer, name);
      expect(readToken(token).claims).toMatchObject({ token_class: name, sub: 'alice' });
      expect(token.length).toBeGreaterThan(800);
    }
  });

  it('tells authorization_details in place of the scope', async () => {
    const details = '[{"type":"openid_credential"}]';
    const body = jsonOf(await redeem(await rp.code({ authorization_details: details })));
    expect(body['authorization_details']).toEqual(JSON.parse(details));
    expect(body).not.toHaveProperty('scope');
  });

  it('has errors as JSON of type text/html, with a description, or as a page', async () => {
    const basic = await rp.redeem(await rp.code(), {
      headers: { authorization: rp.basic(SECRET) },
      form: { state: rp.state, client_id: rp.client.clientId },
    });
    expect(basic.headers['content-type']).toMatch('text/html');
    expect(jsonOf(basic)).toEqual({ error: 'invalid_request' });
    const secret = await redeem(await rp.code(), { client_secret: SECRET });
    expect(jsonOf(secret)).toMatchObject({ error_description: "secrets doesn't match" });
    const grant = await redeem(await rp.code(), { grant_type: 'password' });
    expect(jsonOf(grant)).toHaveProperty('description');
    const unknown = await redeem('x'.repeat(1040));
    expect([unknown.status, unknown.headers['content-type']]).toEqual([
      500,
      expect.stringMatching('text/html'),
    ]);
  });

  it('insists on the state of the login', async () => {
    const answer = await rp.redeem(await rp.code(), { form: { state: 'other' } });
    expect(errorOf(answer)).toBe('invalid_request');
    provider.wantsState = false;
    expect((await rp.redeem(await rp.code())).status).toBe(200);
  });

  it('rotates, and kills the refresh token of a code that comes again', async () => {
    const code = await rp.code();
    const first = tokenOf(await redeem(code), 'refresh_token');
    const second = tokenOf(await rp.refresh(first), 'refresh_token');
    expect(errorOf(await rp.refresh(first))).toBe('invalid_grant');
    await redeem(code);
    provider.refreshError = 'invalid_request';
    expect(errorOf(await rp.refresh(second))).toBe('invalid_request');
  });

  it('has a userinfo endpoint that does not work', async () => {
    const token = tokenOf(await redeem(await rp.code()), 'access_token');
    expect(jsonOf(await userinfoAt(provider, token))).toEqual({
      error: 'invalid_request',
      error_description: "'token'",
    });
  });
});

describe('the emulator of authing', () => {
  let provider: AuthingEmulator;
  let rp: RawClient;
  const scope = 'openid profile email phone offline_access';
  beforeEach(async () => {
    provider = await AuthingEmulator.start();
    rp = new RawClient(provider, clientFor('client_secret_basic'), {
      pkce: true,
      authorize: { scope, prompt: 'consent' },
    });
  });
  afterEach(() => provider.close());

  it('has an issuer with a path, and tokens that may name another', async () => {
    const metadata = jsonOf(await exchange(provider.endpoints.discovery ?? ''));
    expect(metadata['issuer']).toBe(provider.issuer);
    expect(new URL(provider.issuer).pathname).toBe('/oidc');
    provider.otherTokenIssuer = 'https://core.authing.cn/oidc';
    const { claims } = readToken(tokenOf(await rp.redeem(await rp.code()), 'id_token'));
    expect(claims['iss']).toBe('https://core.authing.cn/oidc');
  });

  it('signs HS256 without a kid until it is switched to RS256', async () => {
    const hmac = readToken(tokenOf(await rp.redeem(await rp.code()), 'id_token'));
    expect(hmac.header).toEqual({ alg: 'HS256', typ: 'JWT' });
    provider.idTokenAlg = 'RS256';
    const rsa = readToken(tokenOf(await rp.redeem(await rp.code()), 'id_token'));
    const keys = jsonOf(await exchange(provider.endpoints.jwks ?? ''))['keys'];
    expect(keys).toEqual([expect.objectContaining({ kid: rsa.header['kid'], alg: 'RS256' })]);
  });

  it('has claims that are null, and session_state in the callback', async () => {
    const callback = await rp.callback();
    expect(callback.get('session_state')).toEqual(expect.any(String));
    const answer = await rp.redeem(callback.get('code') ?? '');
    expect(readToken(tokenOf(answer, 'id_token')).claims).toMatchObject({
      sub: 'alice',
      birthdate: null,
      phone_number: null,
      name: 'Alice Archer',
      updated_at: expect.any(String),
    });
  });

  it('gives a refresh token for a consent only', async () => {
    const body = jsonOf(await rp.redeem(await rp.code({ prompt: undefined })));
    expect(body).not.toHaveProperty('refresh_token');
    expect(body['scope']).not.toContain('offline_access');
  });

  it('rotates, repeats the nonce, and kills the family of a token that comes again', async () => {
    const first = tokenOf(await rp.redeem(await rp.code()), 'refresh_token');
    const refreshed = await rp.refresh(first);
    expect(readToken(tokenOf(refreshed, 'id_token')).claims['nonce']).toBe('n-1');
    expect(errorOf(await rp.refresh(first))).toBe('invalid_grant');
    expect(errorOf(await rp.refresh(tokenOf(refreshed, 'refresh_token')))).toBe('invalid_grant');
    expect((await userinfoAt(provider, tokenOf(refreshed, 'access_token'))).status).toBe(401);
  });

  it('kills what a code brought when the code comes again', async () => {
    const code = await rp.code();
    const answer = await rp.redeem(code);
    await rp.redeem(code);
    expect((await userinfoAt(provider, tokenOf(answer, 'access_token'))).status).toBe(401);
    expect(errorOf(await rp.refresh(tokenOf(answer, 'refresh_token')))).toBe('invalid_grant');
  });

  it('takes a client without a secret where it is registered so', async () => {
    const spa = new RawClient(provider, clientFor('none'), { pkce: true });
    provider.idTokenAlg = 'RS256';
    expect((await spa.redeem(await spa.code())).status).toBe(200);
    const secret = { client_secret: SECRET };
    expect(errorOf(await spa.redeem(await spa.code(), { form: secret }))).toBe('invalid_client');
  });

  it('goes back after a logout only with a hint, or by its other address', async () => {
    const back = 'http://app.localhost/logout/done';
    const end = (query: Record<string, string>): Promise<Hop> =>
      exchange(`${provider.endpoints.endSession ?? ''}?${new URLSearchParams(query).toString()}`);
    const query = { post_logout_redirect_uri: back, client_id: rp.client.clientId };
    expect((await end(query)).status).toBe(200);
    expect((await end({ ...query, id_token_hint: 'x' })).headers.location).toBe(back);
    provider.refusesHints = true;
    expect((await end({ ...query, id_token_hint: 'x' })).status).toBe(400);
    const other = new URLSearchParams({ app_id: rp.client.clientId, redirect_uri: back });
    const answer = await exchange(`${provider.profileLogout}?${other.toString()}`);
    expect(answer.headers.location).toBe(back);
  });
});
