import { createHash, randomBytes } from 'node:crypto';
import type { Env } from '../../src/config/source/environment.js';
import { errors } from 'oidc-provider';
import { jsonOf, type Hop } from '../support/http-exchange.js';
import { PATHS, RESOURCE } from '../support/op-host.js';
import { refreshesAt } from '../support/refresh-calls.js';
import { askAs, basicOf, ServiceCaller, servicesFile } from '../support/service-caller.js';
import { newSigningKey, readToken } from '../support/signing-key.js';
import { CLIENT_ID, SHORT_OF_PATIENCE, Stage } from '../support/stage.js';
import type { UserAgent } from '../support/user-agent.js';

const CALLBACK = 'https://native.example/cb';
const SPARE = 'https://native.example/spare';
const PLAIN_CALLBACK = 'https://local.example/cb';
const ORDERS = 'https://orders.example';
const BILLING = 'https://billing.example';
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const SESSION = 'urn:vestibule:params:oauth:token-type:session';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const CODE = 'authorization_code';
const LIFE_MS = 300_000;
const SCOPES = 'orders:read orders:write';

const backend = new ServiceCaller('backend', {
  scopes: '[code, token]',
  redirectUris: `[${CALLBACK}, ${SPARE}]`,
  resources: `[${ORDERS}]`,
  audiences: `[${ORDERS}]`,
});
/** Has no list, so that it gets the session's own token. */
const trader = new ServiceCaller('trader', { scopes: '[token]' });
const keeper = new ServiceCaller('keeper', {
  auth: 'client_secret_post',
  scopes: '[code]',
  redirectUris: `[${CALLBACK}]`,
  refreshTokens: 'true',
});
const local = new ServiceCaller('local', {
  auth: 'none',
  scopes: '[code]',
  redirectUris: `[${PLAIN_CALLBACK}]`,
  codeShape: 'plain',
});
const gateway = new ServiceCaller('gateway', { scopes: '[introspect]' });

const openStage = (env: Env = {}): Promise<Stage> =>
  Stage.open({
    redis: true,
    env: { ...SHORT_OF_PATIENCE, OIDC_SCOPE: `openid profile email ${SCOPES}`, ...env },
    op: {
      configuration: {
        pkce: { required: () => false },
        features: {
          resourceIndicators: {
            enabled: true,
            defaultResource: async (_ctx, _client, oneOf) =>
              oneOf === undefined ? [RESOURCE, ORDERS] : RESOURCE,
            useGrantedResource: async () => true,
            getResourceServerInfo: async (_ctx, resource) => {
              if (![RESOURCE, ORDERS].includes(resource)) throw new errors.InvalidTarget();
              return {
                scope: SCOPES,
                audience: resource,
                accessTokenFormat: 'jwt',
                accessTokenTTL: LIFE_MS / 1_000,
                jwt: { sign: { alg: 'RS256' } },
              };
            },
          },
        },
      },
    },
    file: `routes:
  - name: orders
    prefix: /orders
    upstream: \${API}
    resource: ${ORDERS}
${servicesFile(backend, trader, keeper, local, gateway)}`,
  });

let stage: Stage;
beforeEach(() => stageWith());
afterEach(() => stage.close());

/** The provider knows the services' redirect URIs as well as ours. */
async function stageWith(env: Env = {}): Promise<void> {
  stage = await openStage(env);
  stage.op.register({
    clientId: CLIENT_ID,
    clientSecret: stage.clientSecret,
    publicUrl: stage.bff.url(''),
    more: { redirect_uris: [stage.url('/callback'), CALLBACK, SPARE, PLAIN_CALLBACK] },
  });
}

const errorOf = (hop: Hop): unknown => [hop.status, jsonOf(hop)['error']];

describe('POST /token with a code that a service received (RFC 6749 §4.1.3)', () => {
  const verifier = randomBytes(32).toString('base64url');
  const nonce = randomBytes(16).toString('base64url');

  /** What the provider sends to the service's own redirect URI after a login. */
  async function codeFor(redirectUri = CALLBACK, { pkce = true } = {}): Promise<string> {
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: CLIENT_ID,
      redirect_uri: redirectUri,
      scope: 'openid orders:read offline_access',
      resource: RESOURCE,
      prompt: 'consent',
      nonce,
      ...(pkce && {
        code_challenge: createHash('sha256').update(verifier).digest('base64url'),
        code_challenge_method: 'S256',
      }),
    });
    const from = `${stage.op.issuer}${PATHS.authorize}?${query.toString()}`;
    const location = await stage.sentTo([redirectUri], { from });
    return new URL(location).searchParams.get('code') ?? '';
  }
  const formOf = (code: string): Record<string, string> => ({
    grant_type: CODE,
    code,
    redirect_uri: CALLBACK,
    code_verifier: verifier,
  });

  it('answers with the provider’s tokens, but for the refresh token, and makes no session', async () => {
    const answer = await backend.ask(stage, '/token', { form: formOf(await codeFor()) });
    expect(answer.status).toBe(200);
    expect([answer.headers['cache-control'], answer.headers.pragma]).toEqual([
      'no-store',
      'no-cache',
    ]);
    expect(answer.headers['set-cookie']).toBeUndefined();
    const given = jsonOf({ body: stage.op.callsOf(PATHS.token)[0]?.answer.body ?? '' });
    expect(jsonOf(answer)).toEqual({
      access_token: given['access_token'],
      token_type: 'Bearer',
      expires_in: given['expires_in'],
      scope: given['scope'],
      id_token: given['id_token'],
    });
    expect(given['refresh_token']).toEqual(expect.any(String));
    expect(stage.op.callsOf(PATHS.revoke)).toEqual([]);
    expect(stage.bff.logged('session.started')).toEqual([]);
    expect(stage.bff.logged('service.token_given')).toMatchObject([
      { caller: 'backend', grant: 'code' },
    ]);
  });

  it('gives the refresh token to a service that is to have it, and takes JSON as well', async () => {
    const { secret: client_secret } = keeper;
    const json = { ...formOf(await codeFor()), client_id: 'keeper', client_secret };
    const answer = await askAs(stage, '/token', { json });
    expect(jsonOf(answer)).toMatchObject({
      access_token: expect.any(String),
      refresh_token: expect.any(String),
    });
  });

  it('takes the nonce of the request in place of a verifier, and compares it', async () => {
    const { code_verifier: _left, ...form } = formOf(await codeFor(CALLBACK, { pkce: false }));
    const right = await backend.ask(stage, '/token', { form: { ...form, nonce } });
    expect([right.status, jsonOf(right)]).toMatchObject([200, { token_type: 'Bearer' }]);
    const code = await codeFor(CALLBACK, { pkce: false });
    const wrong = await backend.ask(stage, '/token', {
      form: { ...form, code, nonce: 'another-nonce-than-that' },
    });
    expect(errorOf(wrong)).toEqual([502, 'server_error']);
    // What came with a wrong nonce is given to nobody, and to nobody else either.
    expect(stage.op.callsOf(PATHS.revoke)).toHaveLength(1);
  });

  it('needs the nonce in the ID token where nothing else binds the code, also of a provider that may leave it out', async () => {
    await stage.close();
    await stageWith({ OIDC_NONCE: 'optional' });
    stage.op.forgeIdToken(({ claims: { nonce: _left, ...claims } }) => stage.op.key.sign(claims));
    const { code_verifier: _verifier, ...form } = formOf(await codeFor(CALLBACK, { pkce: false }));
    const alone = await backend.ask(stage, '/token', { form: { ...form, nonce } });
    expect(errorOf(alone)).toEqual([502, 'server_error']);
    const both = await backend.ask(stage, '/token', {
      form: { ...formOf(await codeFor()), nonce },
    });
    expect(both.status).toBe(200);
  });

  it('takes a verifier for no proof where the provider is one that knows none', async () => {
    await stage.close();
    await stageWith({ OIDC_PKCE: 'none' });
    const answer = await backend.ask(stage, '/token', { form: formOf('x') });
    expect(errorOf(answer)).toEqual([400, 'invalid_request']);
  });

  it('takes no nonce for a proof that no ID token has', async () => {
    // Who it is may be said by the access token alone; to whom the code belongs may not.
    await stage.close();
    await stageWith({ OIDC_IDENTITY: 'access_token' });
    const { code_verifier: _left, ...form } = formOf(await codeFor(CALLBACK, { pkce: false }));
    stage.op.forgeIdToken(() => undefined);
    const answer = await backend.ask(stage, '/token', { form: { ...form, nonce } });
    expect(errorOf(answer)).toEqual([502, 'server_error']);
    const bound = { ...formOf(await codeFor()), nonce };
    expect((await backend.ask(stage, '/token', { form: bound })).status).toBe(200);
  });

  it.each<[string, Record<string, string | undefined>, number, string]>([
    ['no grant type', { grant_type: undefined }, 400, 'invalid_request'],
    ['a password (H-12)', { grant_type: 'password' }, 400, 'unsupported_grant_type'],
    ['a refresh', { grant_type: 'refresh_token' }, 400, 'unsupported_grant_type'],
    ['no code', { code: undefined }, 400, 'invalid_request'],
    ['an empty code', { code: '' }, 400, 'invalid_request'],
    ['no redirect URI', { redirect_uri: undefined }, 400, 'invalid_request'],
    ['a redirect URI of others', { redirect_uri: `${CALLBACK}/` }, 400, 'invalid_grant'],
    ['nothing that binds the code', { code_verifier: undefined }, 400, 'invalid_request'],
    ['a verifier that is none', { code_verifier: 'short' }, 400, 'invalid_request'],
    ['an unknown provider', { provider: 'other' }, 400, 'invalid_request'],
    ['a scope', { scope: 'admin' }, 400, 'invalid_scope'],
  ])('refuses %s, without asking the provider', async (_what, changes, status, error) => {
    const code = randomBytes(32).toString('base64url');
    const form = Object.entries({ ...formOf(code), ...changes }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    );
    const answer = await backend.ask(stage, '/token', { form });
    expect([answer.status, jsonOf(answer)]).toEqual([
      status,
      { error, error_description: expect.any(String) },
    ]);
    expect([answer.headers['cache-control'], answer.headers.pragma]).toEqual([
      'no-store',
      'no-cache',
    ]);
    expect(stage.op.callsOf(PATHS.token)).toEqual([]);
  });

  it.each(['code', 'grant_type', 'redirect_uri', 'client_id'])(
    'refuses %s that comes twice, in a form and in JSON (RFC 6749 §3.2)',
    async (name) => {
      const form = Object.entries({ ...formOf('x'), client_id: 'backend' });
      const twice = [...form, ...form.filter(([one]) => one === name)];
      const answers = [await backend.ask(stage, '/token', { form: twice })];
      const members = twice.map(
        ([one, value]) => `${JSON.stringify(one)}:${JSON.stringify(value)}`,
      );
      answers.push(
        await askAs(stage, '/token', {
          text: `{${members.join(',')}}`,
          headers: { 'content-type': 'application/json', authorization: backend.basic },
        }),
      );
      expect(answers.map(errorOf)).toEqual([
        [400, 'invalid_request'],
        [400, 'invalid_request'],
      ]);
    },
  );

  it('refuses a code that belongs to another address or another verifier', async () => {
    const elsewhere = { ...formOf(await codeFor(SPARE)) };
    expect(errorOf(await backend.ask(stage, '/token', { form: elsewhere }))).toEqual([
      400,
      'invalid_grant',
    ]);
    const other = { ...formOf(await codeFor()), code_verifier: 'x'.repeat(43) };
    expect(errorOf(await backend.ask(stage, '/token', { form: other }))).toEqual([
      400,
      'invalid_grant',
    ]);
  });

  it('refuses a code that was used', async () => {
    const form = formOf(await codeFor());
    expect((await backend.ask(stage, '/token', { form })).status).toBe(200);
    const again = await backend.ask(stage, '/token', { form });
    expect(errorOf(again)).toEqual([400, 'invalid_grant']);
  });

  it.each<[string, () => void, number, string]>([
    [
      'refuses our own credentials',
      () =>
        stage.op.fail(PATHS.token, {
          status: 401,
          headers: { 'content-type': 'application/json' },
          body: '{"error":"invalid_client"}',
        }),
      502,
      'server_error',
    ],
    [
      'passes on a scope that it does not give',
      () =>
        stage.op.fail(PATHS.token, {
          status: 400,
          headers: { 'content-type': 'application/json' },
          body: '{"error":"invalid_scope","error_description":"a secret of theirs"}',
        }),
      400,
      'invalid_scope',
    ],
    ['is down', () => stage.op.fail(PATHS.token, 503), 503, 'temporarily_unavailable'],
    ['breaks off', () => stage.op.fail(PATHS.token, 'reset'), 503, 'temporarily_unavailable'],
    [
      'signs with a wrong key',
      () => stage.op.forgeIdToken(({ claims }) => newSigningKey('key-1').sign(claims)),
      502,
      'server_error',
    ],
    [
      'means another client',
      () => stage.op.forgeIdToken(({ claims }) => stage.op.key.sign({ ...claims, aud: 'other' })),
      502,
      'server_error',
    ],
  ])('a provider that %s', async (_what, arrange, status, error) => {
    const form = formOf(await codeFor());
    arrange();
    const answer = await backend.ask(stage, '/token', { form });
    expect(errorOf(answer)).toEqual([status, error]);
    expect(answer.body).not.toContain('theirs');
    expect(answer.headers['retry-after']).toBe(status === 503 ? '5' : undefined);
  });

  describe('in the shape of the first seed', () => {
    it.each([
      ['JSON', (code: string) => ({ json: { code } })],
      ['a form', (code: string) => ({ form: { code } })],
      ['JSON with its grant type', (code: string) => ({ json: { code, grant_type: CODE } })],
    ])('takes the code alone, as %s, from this machine', async (_what, shape) => {
      const code = await codeFor(PLAIN_CALLBACK, { pkce: false });
      const answer = await local.ask(stage, '/token', shape(code));
      expect(answer.status).toBe(200);
      expect(jsonOf(answer)).toEqual({
        access_token: expect.any(String),
        expires_in: expect.any(Number),
        scope: 'orders:read',
        token_type: 'Bearer',
        id_token: expect.any(String),
      });
      expect(readToken(String(jsonOf(answer)['id_token'])).claims['sub']).toBe('alice');
    });

    it('answers a bad code as the seed has it', async () => {
      const answer = await local.ask(stage, '/token', { json: { code: 'x'.repeat(43) } });
      expect([answer.status, jsonOf(answer)]).toEqual([
        400,
        { error: 'invalid_grant', error_description: expect.any(String) },
      ]);
    });

    it.each<[string, object, string]>([
      ['no code', {}, 'invalid_request'],
      ['a code that is no text', { code: 7 }, 'invalid_request'],
      ['another grant', { code: 'x', grant_type: EXCHANGE }, 'unauthorized_client'],
      ['another address', { code: 'x', redirect_uri: CALLBACK }, 'invalid_grant'],
    ])('refuses %s', async (_what, json, error) => {
      expect(errorOf(await local.ask(stage, '/token', { json }))).toEqual([400, error]);
    });

    it.each<[string, Record<string, string>]>([
      ['a page in a browser', { origin: 'https://evil.example' }],
      ['a page without an origin', { 'sec-fetch-site': 'cross-site' }],
      ['somebody with a secret', { authorization: basicOf('local', 'x') }],
    ])('refuses %s', async (_what, headers) => {
      const answer = await askAs(stage, '/token', { json: { code: 'x' }, headers });
      expect(errorOf(answer)).toEqual([401, 'invalid_client']);
    });
  });
});

describe('POST /token with a session (RFC 8693)', () => {
  const valueOf = async (person: UserAgent): Promise<string> =>
    (await person.cookie(stage.url('/'), stage.bff.cookieName)) ?? '';
  const formOf = async (person: UserAgent): Promise<Record<string, string>> => ({
    grant_type: EXCHANGE,
    subject_token: await valueOf(person),
    subject_token_type: SESSION,
  });
  const trade = async (
    person: UserAgent,
    more: Readonly<Record<string, string>> = {},
  ): Promise<Hop> => {
    const caller = 'resource' in more || 'audience' in more ? backend : trader;
    return caller.ask(stage, '/token', { form: { ...(await formOf(person)), ...more } });
  };
  const claimsOf = (hop: Hop): Record<string, unknown> =>
    readToken(String(jsonOf(hop)['access_token'])).claims;

  it('answers with the session’s access token', async () => {
    const person = await stage.member();
    const answer = await trade(person, { requested_token_type: ACCESS_TOKEN });
    expect([answer.status, jsonOf(answer)]).toEqual([
      200,
      {
        access_token: expect.any(String),
        issued_token_type: ACCESS_TOKEN,
        token_type: 'Bearer',
        expires_in: expect.any(Number),
        scope: SCOPES,
      },
    ]);
    expect([answer.headers['cache-control'], answer.headers.pragma]).toEqual([
      'no-store',
      'no-cache',
    ]);
    expect(claimsOf(answer)).toMatchObject({ sub: 'alice', aud: RESOURCE });
    expect(refreshesAt(stage.op)).toEqual([]);
  });

  it('answers with a fresh one when it is due, and keeps it for the pages', async () => {
    const person = await stage.member();
    const old = jsonOf(await trade(person))['access_token'];
    stage.clock.advance(LIFE_MS);
    const answer = jsonOf(await trade(person));
    expect(answer['access_token']).not.toBe(old);
    expect(Number(answer['expires_in'])).toBeGreaterThan(0);
    expect((await stage.call(person)).status).toBe(200);
    expect(stage.api.last.headers.authorization).toBe(`Bearer ${String(answer['access_token'])}`);
    expect(refreshesAt(stage.op)).toHaveLength(1);
  });

  it('answers with one for the API that is named, the same that proxied calls have (ATK-62)', async () => {
    const person = await stage.member();
    const [own, orders] = [await trade(person), await trade(person, { resource: ORDERS })];
    expect([claimsOf(own)['aud'], claimsOf(orders)['aud']]).toEqual([RESOURCE, ORDERS]);
    await stage.call(person, '/orders/x');
    const proxied = stage.api.last.headers.authorization;
    expect(proxied).toBe(`Bearer ${String(jsonOf(orders)['access_token'])}`);
    expect(jsonOf(await trade(person, { resource: ORDERS }))['access_token']).toBe(
      jsonOf(orders)['access_token'],
    );
    expect(jsonOf(await trade(person))['access_token']).toBe(jsonOf(own)['access_token']);
    expect(refreshesAt(stage.op)).toHaveLength(1);
  });

  it.each([
    ['resource', BILLING],
    ['resource', `${ORDERS}/`],
    ['resource', RESOURCE],
    ['audience', BILLING],
    ['audience', ORDERS.slice(0, -1)],
  ])('gives none for %s=%s, which is not the service’s (ATK-62)', async (name, value) => {
    const person = await stage.member();
    expect(errorOf(await trade(person, { [name]: value }))).toEqual([400, 'invalid_target']);
    expect(refreshesAt(stage.op)).toEqual([]);
  });

  it('gives a service that has a list none but those: not the session’s own either', async () => {
    const person = await stage.member();
    for (const form of [await formOf(person), { ...(await formOf(person)), subject_token: 'x' }])
      expect(errorOf(await backend.ask(stage, '/token', { form }))).toEqual([
        400,
        'invalid_target',
      ]);
  });

  it.each<[string, Record<string, string>, string]>([
    ['no subject token', { subject_token: '' }, 'invalid_request'],
    ['a broken one', { subject_token: 'x' }, 'invalid_request'],
    ['no type', { subject_token_type: '' }, 'invalid_request'],
    ['another type', { subject_token_type: ACCESS_TOKEN }, 'invalid_request'],
    [
      'another wish',
      { requested_token_type: 'urn:ietf:params:oauth:token-type:id_token' },
      'invalid_request',
    ],
    ['an actor', { actor_token: 'x', actor_token_type: SESSION }, 'invalid_request'],
    ['a scope', { scope: 'orders:read' }, 'invalid_scope'],
  ])('refuses %s (RFC 8693 §2.2.2)', async (_what, more, error) => {
    expect(errorOf(await trade(await stage.member(), more))).toEqual([400, error]);
  });

  it('refuses a session that has ended, and one that its refresh ends', async () => {
    const person = await stage.member();
    const form = await formOf(person);
    await stage.call(person, '/logout', { method: 'POST' });
    expect(errorOf(await trader.ask(stage, '/token', { form }))).toEqual([400, 'invalid_request']);
    const other = await stage.member();
    stage.op.forget('RefreshToken');
    stage.clock.advance(LIFE_MS);
    expect(errorOf(await trade(other))).toEqual([400, 'invalid_request']);
    expect(await stage.view(other)).toMatchObject({ reason: 'refresh_failed' });
  });

  it('says that it is for now when the provider or the store does not answer, and logs nobody out', async () => {
    const person = await stage.member();
    stage.clock.advance(LIFE_MS);
    stage.op.fail(PATHS.token, 503);
    const answer = await trade(person);
    expect([...(errorOf(answer) as unknown[]), answer.headers['retry-after']]).toEqual([
      503,
      'temporarily_unavailable',
      '5',
    ]);
    stage.op.behave();
    stage.redis.pause();
    const unread = await trade(person);
    stage.redis.resume();
    expect(errorOf(unread)).toEqual([503, 'temporarily_unavailable']);
    expect(await stage.view(person)).toMatchObject({ authenticated: true });
  });

  it('is no way in with anything else than a session (ATK-78)', async () => {
    const person = await stage.member();
    const { body } = stage.op.callsOf(PATHS.token).at(-1)?.answer ?? { body: '{}' };
    const sid = (await stage.view(person))['session_id'];
    for (const token of [...Object.values(jsonOf({ body })), sid])
      expect(errorOf(await trade(person, { subject_token: String(token) }))).toEqual([
        400,
        'invalid_request',
      ]);
  });
});

describe('who may ask /token (RFC 6749 §2.3)', () => {
  const form = { grant_type: CODE, code: 'x', redirect_uri: CALLBACK, nonce: 'n' };
  const ask = (headers: Record<string, string>, more: Record<string, string> = {}): Promise<Hop> =>
    askAs(stage, '/token', { form: { ...form, ...more }, headers });

  it('is told to a service that lacks the scope', async () => {
    expect(errorOf(await gateway.ask(stage, '/token', { form }))).toEqual([
      400,
      'unauthorized_client',
    ]);
    const exchange = { grant_type: EXCHANGE, subject_token: 'x', subject_token_type: SESSION };
    expect(errorOf(await keeper.ask(stage, '/token', { form: exchange }))).toEqual([
      400,
      'unauthorized_client',
    ]);
    expect(stage.bff.logged('service.refused')).toMatchObject([
      { caller: 'gateway', code: 'unauthorized_client' },
      { caller: 'keeper', code: 'unauthorized_client' },
    ]);
  });

  it('is only who proves it, by the method that is configured', async () => {
    const post = { client_id: 'backend', client_secret: backend.secret };
    const raw = Buffer.from(`backend:${backend.secret}`).toString('base64');
    const answers = [
      await ask({}, { client_id: 'backend' }),
      await ask({}, post),
      await ask({ authorization: basicOf('backend', 'x') }),
      await ask({ authorization: basicOf('nobody', backend.secret) }),
      await ask({ authorization: basicOf('keeper', keeper.secret) }),
      await ask({ authorization: basicOf('local', '') }),
      // Not encoded: the + of the secret would be a space.
      await ask({ authorization: `Basic ${raw}` }),
      await ask({ authorization: 'Basic %%%' }),
      await ask({ authorization: `Bearer ${backend.secret}` }),
      await ask({}, { client_assertion: 'a.b.c' }),
    ];
    for (const answer of answers) {
      expect(errorOf(answer)).toEqual([401, 'invalid_client']);
      expect(answer.headers['www-authenticate']).toMatch(/^Basic /);
    }
    expect(stage.op.callsOf(PATHS.token)).toEqual([]);
  });

  it('says it in one way', async () => {
    const { basic, secret } = backend;
    for (const answer of [
      await ask({ authorization: basic }, { client_id: 'backend', client_secret: secret }),
      await ask({ authorization: basic }, { client_assertion: 'a.b.c' }),
      await ask({ authorization: basic }, { client_id: 'keeper' }),
    ])
      expect(errorOf(answer)).toEqual([400, 'invalid_request']);
    expect(errorOf(await ask({ authorization: basic }, { client_id: 'backend' }))).toEqual([
      400,
      'invalid_grant',
    ]);
  });

  it('is slowed down where it guesses, and nowhere else', async () => {
    const guess = (): Promise<Hop> => ask({ authorization: basicOf('backend', 'x') });
    for (let at = 0; at < 10; at += 1) expect((await guess()).status).toBe(401);
    const late = await ask({ authorization: backend.basic });
    expect(late.status).toBe(429);
    expect(Number(late.headers['retry-after'])).toBeGreaterThan(0);
    // Another service at the same address, and the same service at another address.
    expect((await keeper.ask(stage, '/token', { form })).status).toBe(400);
    const away = await askAs(stage, '/token', {
      form,
      headers: { authorization: backend.basic },
      localAddress: '127.0.0.2',
    });
    expect(errorOf(away)).toEqual([400, 'invalid_grant']);
    expect(stage.bff.logged('service.refused').at(-1)).toMatchObject({ code: 'too_many_failures' });
  });
});
