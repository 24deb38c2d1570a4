import type { GoogleEmulator } from '../support/emulators/google.emulator.js';
import { LocalTokenService } from '../support/emulators/local-token-service.js';
import { RawClient } from '../support/emulators/raw-client.js';
import { exchange, jsonOf, type Hop } from '../support/http-exchange.js';
import { GOOGLE } from '../support/seed-logins.js';
import { SeedStage } from '../support/seed-stage.js';
import { ServiceCaller, servicesFile } from '../support/service-caller.js';
import { readToken } from '../support/signing-key.js';
import { CLIENT_ID, Stage } from '../support/stage.js';

const CALLBACK = 'https://local.example/cb';

describe('a plain token endpoint over Google (seed 000)', () => {
  const local = new ServiceCaller('local', {
    auth: 'none',
    scopes: '[code]',
    redirectUris: `[${CALLBACK}]`,
    codeShape: 'plain',
  });
  let stage: SeedStage<GoogleEmulator>;
  let browser: RawClient;
  beforeEach(async () => {
    const provider = await GOOGLE.start();
    stage = await SeedStage.open({
      profile: GOOGLE.profile,
      provider,
      env: GOOGLE.env(provider),
      authMethod: 'client_secret_post',
      file: servicesFile(local),
    });
    browser = new RawClient(
      stage.provider,
      { ...stage.client, redirectUris: [CALLBACK] },
      { pkce: false },
    );
  });
  afterEach(() => stage.close());

  it('answers as the service of the seed does', async () => {
    const { clientId, clientSecret = '' } = stage.client;
    const seed = await LocalTokenService.start({
      tokenEndpoint: stage.provider.endpoints.token ?? '',
      clientId,
      clientSecret,
      redirectUri: CALLBACK,
    });
    stage.onClose(() => seed.close());
    const askSeed = (json: object): Promise<Hop> =>
      exchange(seed.tokenEndpoint, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(json),
      });
    const askUs = (json: object): Promise<Hop> => local.ask(stage, '/token', { json });
    const [theirs, ours] = [
      await askSeed({ code: await browser.code() }),
      await askUs({ code: await browser.code() }),
    ];
    expect([ours.status, theirs.status]).toEqual([200, 200]);
    const shape = {
      access_token: expect.any(String),
      expires_in: 3599,
      scope: 'openid',
      token_type: 'Bearer',
      id_token: expect.any(String),
    };
    expect([jsonOf(ours), jsonOf(theirs)]).toEqual([shape, shape]);
    expect(readToken(String(jsonOf(ours)['id_token'])).claims['aud']).toBe(clientId);
    const bad = { code: '4/0AbUR2VNwbtWHmjhOTqE8' };
    for (const answer of [await askUs(bad), await askSeed(bad)])
      expect([answer.status, jsonOf(answer)]).toEqual([
        400,
        { error: 'invalid_grant', error_description: expect.any(String) },
      ]);
  });
});

describe('with several providers', () => {
  const any = new ServiceCaller('any', { scopes: '[code]', redirectUris: `[${CALLBACK}]` });
  const bound = new ServiceCaller('bound', {
    scopes: '[code]',
    redirectUris: `[${CALLBACK}]`,
    provider: 'one',
  });
  const operator = new ServiceCaller('operator', { scopes: '[sessions]' });
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open({
      op: { configuration: { pkce: { required: () => false } } },
      env: { OIDC_SCOPE: undefined, OIDC_USERINFO: undefined },
      file: `providers:
  - id: one
    issuer: \${OIDC_ISSUER}
    clientId: \${OIDC_CLIENT_ID}
    clientSecret: \${OIDC_CLIENT_SECRET}
    userinfo: false
  - id: two
    issuer: https://two.example
    clientId: two
    clientSecret: the-secret-of-another-client-there
    userinfo: false
${servicesFile(any, bound, operator)}`,
    });
    stage.op.register({
      clientId: CLIENT_ID,
      clientSecret: stage.clientSecret,
      publicUrl: stage.bff.url(''),
      more: { redirect_uris: [CALLBACK] },
    });
  });
  afterAll(() => stage.close());

  const nonce = 'the-nonce-of-this-request';
  async function formOf(): Promise<Record<string, string>> {
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: CLIENT_ID,
      redirect_uri: CALLBACK,
      scope: 'openid',
      nonce,
    });
    const from = `${stage.op.issuer}/auth?${query.toString()}`;
    const code = new URL(await stage.sentTo([CALLBACK], { from })).searchParams.get('code') ?? '';
    return { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, nonce };
  }

  it('a code is redeemed at its own: the request says where, or the service’s entry', async () => {
    const named = { ...(await formOf()), provider: 'one' };
    expect((await any.ask(stage, '/token', { form: named })).status).toBe(200);
    expect((await bound.ask(stage, '/token', { form: await formOf() })).status).toBe(200);
    expect(
      (await bound.ask(stage, '/token', { form: { ...(await formOf()), provider: 'one' } })).status,
    ).toBe(200);
  });

  it('a code is sent to nobody where that is not clear, or not the service’s', async () => {
    stage.op.calls.length = 0;
    const form = { grant_type: 'authorization_code', code: 'x', redirect_uri: CALLBACK, nonce };
    for (const [by, provider] of [
      [any, ''],
      [any, 'three'],
      [bound, 'two'],
    ] as const) {
      const answer = await by.ask(stage, '/token', { form: { ...form, provider } });
      expect([answer.status, jsonOf(answer)['error']]).toEqual([400, 'invalid_request']);
    }
    expect(stage.op.callsOf('/token')).toEqual([]);
  });

  it.each([
    ['GET', '?sub=alice', 400],
    ['DELETE', '?sub=alice', 400],
    ['GET', '?sub=alice&provider=three', 400],
    ['GET', '?sub=alice&provider=two', 200],
  ])(
    'sessions are those of a user at one of them: %s /admin/sessions%s is %d',
    async (method, query, status) => {
      const answer = await operator.ask(stage, `/admin/sessions${query}`, { method });
      expect(answer.status).toBe(status);
    },
  );
});
