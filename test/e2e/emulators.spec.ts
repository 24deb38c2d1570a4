import { randomUUID } from 'node:crypto';
import { AuthentiqEmulator } from '../support/emulators/authentiq.emulator.js';
import { AuthingEmulator } from '../support/emulators/authing.emulator.js';
import { changeJson } from '../support/emulators/answers.js';
import { EmulatedProvider } from '../support/emulators/emulated-provider.js';
import type { ClientAuthMethod } from '../support/emulators/emulator.types.js';
import { EudiwEmulator } from '../support/emulators/eudiw.emulator.js';
import { GoogleEmulator } from '../support/emulators/google.emulator.js';
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

/** What a document says, as far as all documents say something of it. */
interface Subject {
  readonly start: () => Promise<EmulatedProvider>;
  readonly authMethod: ClientAuthMethod;
  readonly authorize?: Changes;
  readonly pkce: boolean;
  readonly authorizeNeeds: readonly string[];
  readonly tokenNeeds: readonly string[];
  /** Whether a parameter that no table names is an error. */
  readonly closed: boolean;
  readonly badCode: { readonly status: number; readonly body: unknown };
  readonly wrongRedirectUri?: string;
  readonly wrongSecret: string;
}

const invalidCode = {
  status: 400,
  body: { error: 'invalid_grant', error_description: 'Invalid authorization code' },
};

const subjects: Readonly<Record<string, Subject>> = {
  textbook: {
    start: () => EmulatedProvider.start(),
    authMethod: 'client_secret_post',
    pkce: true,
    authorizeNeeds: ['scope', 'response_type'],
    tokenNeeds: ['grant_type', 'code', 'redirect_uri'],
    closed: false,
    badCode: invalidCode,
    wrongSecret: 'invalid_client',
  },
  google: {
    start: () => GoogleEmulator.start(),
    authMethod: 'client_secret_post',
    authorize: { access_type: 'offline', prompt: 'consent' },
    pkce: true,
    authorizeNeeds: ['scope', 'response_type'],
    tokenNeeds: ['grant_type', 'code', 'redirect_uri'],
    closed: true,
    badCode: {
      status: 400,
      body: { error: 'invalid_grant', error_description: 'Bad Request' },
    },
    wrongRedirectUri: 'redirect_uri_mismatch',
    wrongSecret: 'invalid_client',
  },
  authentiq: {
    start: () => AuthentiqEmulator.start(),
    authMethod: 'client_secret_basic',
    pkce: false,
    authorizeNeeds: ['scope', 'state', 'response_type'],
    tokenNeeds: ['grant_type', 'code', 'redirect_uri'],
    closed: true,
    badCode: invalidCode,
    wrongSecret: 'invalid_client',
  },
  oneaccess: {
    start: () => OneAccessEmulator.start(),
    authMethod: 'client_secret_post',
    pkce: false,
    authorizeNeeds: ['response_type'],
    tokenNeeds: ['grant_type', 'code', 'client_id', 'client_secret', 'redirect_uri'],
    closed: true,
    badCode: invalidCode,
    wrongSecret: 'invalid_client',
  },
  eudiw: {
    start: () => EudiwEmulator.start(),
    authMethod: 'none',
    pkce: true,
    authorizeNeeds: ['response_type'],
    tokenNeeds: ['grant_type', 'code', 'client_id', 'redirect_uri', 'state'],
    closed: false,
    badCode: { status: 500, body: undefined },
    wrongSecret: 'invalid_client',
  },
  authing: {
    start: () => AuthingEmulator.start(),
    authMethod: 'client_secret_post',
    authorize: { scope: 'openid profile offline_access', prompt: 'consent' },
    pkce: true,
    authorizeNeeds: ['scope', 'response_type'],
    tokenNeeds: ['grant_type', 'code', 'redirect_uri'],
    closed: false,
    badCode: invalidCode,
    wrongSecret: 'invalid_client',
  },
};

/** What a token request sends beside the code: `state` goes along where it is wanted. */
function rightForm(name: string, rp: RawClient): Changes {
  return name === 'eudiw' ? { state: rp.state } : {};
}

describe.each(Object.entries(subjects))('the emulator of %s', (name, subject) => {
  let provider: EmulatedProvider;
  let rp: RawClient;
  const right = (form: Changes = {}): { form: Changes } => ({
    form: { ...rightForm(name, rp), ...form },
  });
  beforeAll(async () => {
    provider = await subject.start();
  });
  beforeEach(() => {
    rp = new RawClient(provider, clientFor(subject.authMethod), subject);
  });
  afterAll(() => provider.close());

  it('serves a login that is right', async () => {
    const callback = await rp.callback();
    expect(callback.get('state')).toBe(rp.state);
    const answer = await rp.redeem(callback.get('code') ?? '', right());
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('application/json');
    expect(jsonOf(answer)).toMatchObject({ token_type: 'Bearer' });
    expect(provider.callsOf('token').at(-1)).toMatchObject({ method: 'POST' });
  });

  it.each(subject.authorizeNeeds)('asks for %s in the authorization request', async (parameter) => {
    const answer = await rp.authorize({ [parameter]: undefined });
    const back = new URL(answer.headers.location ?? 'about:blank').searchParams;
    expect(back.get('error')).toBe('invalid_request');
    expect(back.has('code')).toBe(false);
  });

  it('sends nobody to an address that is none', async () => {
    const answer = await rp.authorize({ redirect_uri: 'nowhere' });
    expect(answer.status).toBe(400);
    expect(answer.headers.location).toBeUndefined();
  });

  it.each(subject.tokenNeeds)('asks for %s in the token request', async (parameter) => {
    const answer = await rp.redeem(await rp.code(), right({ [parameter]: undefined }));
    expect(answer.status).toBe(400);
    expect(errorOf(answer)).toBe('invalid_request');
  });

  it('takes a form only', async () => {
    const code = await rp.code();
    const body = JSON.stringify({ grant_type: 'authorization_code', code });
    const headers = { 'content-type': 'application/json' };
    const answer = await rp.redeem(code, { body, headers });
    expect(answer.status).toBe(400);
    expect(errorOf(answer)).toBe('invalid_request');
    expect((await rp.redeem(code, { method: 'GET', body: '' })).status).toBe(405);
  });

  it('refuses a parameter that comes twice', async () => {
    const code = await rp.code();
    const body = `grant_type=authorization_code&code=${code}&code=${code}`;
    expect(errorOf(await rp.redeem(code, { body }))).toBe('invalid_request');
  });

  it(`${subject.closed ? 'refuses' : 'ignores'} a parameter that no table names`, async () => {
    const answer = await rp.redeem(await rp.code(), right({ colour: 'blue' }));
    expect(answer.status).toBe(subject.closed ? 400 : 200);
  });

  it('refuses a grant type that it does not know', async () => {
    const answer = await rp.redeem(await rp.code(), right({ grant_type: 'password' }));
    expect([answer.status, errorOf(answer)]).toEqual([400, 'unsupported_grant_type']);
  });

  it('refuses a redirect_uri that is not the one of the login', async () => {
    const redirect_uri = `${REDIRECT_URI}/`;
    const answer = await rp.redeem(await rp.code(), right({ redirect_uri }));
    expect(answer.status).toBe(400);
    expect(errorOf(answer)).toBe(subject.wrongRedirectUri ?? 'invalid_grant');
  });

  it('takes a code once', async () => {
    const code = await rp.code();
    expect((await rp.redeem(code, right())).status).toBe(200);
    const again = await rp.redeem(code, right());
    expect([again.status, errorOf(again)]).toEqual([400, 'invalid_grant']);
  });

  it('answers an unknown code as documented', async () => {
    const answer = await rp.redeem('4/0AbUR2VNwbtWHmjhOTqE8', right());
    expect(answer.status).toBe(subject.badCode.status);
    if (subject.badCode.body !== undefined) expect(jsonOf(answer)).toEqual(subject.badCode.body);
  });

  it('refuses an old code', async () => {
    const code = await rp.code();
    provider.now = () => Date.now() + provider.codeSeconds * 1000;
    const answer = await rp.redeem(code, right());
    provider.now = Date.now;
    expect([answer.status, errorOf(answer)]).toEqual([400, 'invalid_grant']);
  });

  it('refuses a client secret that is wrong, or shown another way than is registered', async () => {
    const wrong = `${SECRET}x`;
    const basic = { authorization: rp.basic(wrong) };
    const registered =
      subject.authMethod === 'client_secret_basic'
        ? { headers: basic }
        : right({ client_secret: wrong });
    expect(errorOf(await rp.redeem(await rp.code(), registered))).toBe(subject.wrongSecret);
    const { clientId: client_id } = rp.client;
    const other =
      subject.authMethod === 'client_secret_basic'
        ? right({ client_id, client_secret: SECRET })
        : { headers: { authorization: rp.basic(SECRET) }, ...right() };
    const answer = await rp.redeem(await rp.code(), other);
    expect([400, 401]).toContain(answer.status);
    expect(['invalid_client', 'invalid_request']).toContain(errorOf(answer));
  });

  if (subject.pkce) {
    it.each([
      ['is missing', undefined],
      ['is another', 'another-verifier-that-is-as-long-as-it-has-to-be'],
    ])('refuses a code whose verifier %s', async (_how, verifier) => {
      const answer = await rp.redeem(await rp.code(), right({ code_verifier: verifier }));
      expect([answer.status, errorOf(answer)]).toEqual([400, 'invalid_grant']);
    });
  } else {
    it('refuses PKCE, of which its document says nothing, and ignores it when told to', async () => {
      const pkce = { code_challenge: 'x'.repeat(43), code_challenge_method: 'S256' };
      expect((await rp.callback(pkce)).get('error')).toBe('invalid_request');
      provider.pkce = 'ignore';
      const code = await rp.code(pkce);
      const answer = await rp.redeem(code, right({ code_verifier: 'y'.repeat(43) }));
      provider.pkce = 'refuse';
      expect(answer.status).toBe(200);
    });
  }
});

describe('an assertion in place of a secret', () => {
  let provider: EmulatedProvider;
  let rp: RawClient;
  beforeAll(async () => {
    provider = await EmulatedProvider.start();
    rp = new RawClient(provider, clientFor('client_secret_jwt'), { pkce: true });
  });
  afterAll(() => provider.close());

  const claims = (more: object = {}): Record<string, unknown> => ({
    iss: rp.client.clientId,
    sub: rp.client.clientId,
    aud: provider.issuer,
    exp: Math.floor(Date.now() / 1000) + 60,
    jti: randomUUID(),
    ...more,
  });
  const redeem = async (assertion: string, form: Changes = {}): Promise<Hop> =>
    rp.redeem(await rp.code(), {
      form: {
        client_id: undefined,
        client_secret: undefined,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: assertion,
        ...form,
      },
    });

  it('is taken once', async () => {
    const assertion = signWithSecret('HS256', SECRET, claims());
    expect((await redeem(assertion)).status).toBe(200);
    expect(errorOf(await redeem(assertion))).toBe('invalid_client');
  });

  it.each([
    ['for another provider', { aud: 'https://other.example' }],
    ['of another client', { iss: 'other' }],
    ['that has run out', { exp: 1 }],
    ['that lives for an hour', { exp: Math.floor(Date.now() / 1000) + 3600 }],
    ['without a jti', { jti: undefined }],
  ])('%s is refused', async (_which, wrong) => {
    const assertion = signWithSecret('HS256', SECRET, claims(wrong));
    expect(errorOf(await redeem(assertion))).toBe('invalid_client');
  });

  it('that is signed with another secret, or comes beside one, is refused', async () => {
    const foreign = signWithSecret('HS256', `${SECRET}x`, claims());
    expect(errorOf(await redeem(foreign))).toBe('invalid_client');
    const right = signWithSecret('HS256', SECRET, claims());
    expect(errorOf(await redeem(right, { client_secret: SECRET }))).toBe('invalid_client');
    expect(errorOf(await redeem(right, { client_assertion_type: 'jwt' }))).toBe('invalid_client');
  });
});

describe('a provider that is told to lie', () => {
  it('answers what each hook makes of the truth', async () => {
    const provider = await EmulatedProvider.start();
    const rp = new RawClient(provider, clientFor('client_secret_post'), { pkce: true });
    provider.tamper.token = (answer, { idTokenClaims, sign, nonce }) =>
      changeJson(answer, (body) => ({
        ...body,
        id_token: sign({ ...idTokenClaims, aud: `not ${nonce ?? ''}` }),
      }));
    provider.tamper.userinfo = (answer) => changeJson(answer, () => ({ sub: 'mallory' }));
    provider.tamper.jwks = (answer) => changeJson(answer, () => ({ keys: [] }));
    provider.tamper.discovery = (answer) => ({ ...answer, status: 503 });
    provider.tamper.callback = (answer, { authorization }) => ({
      ...answer,
      headers: { location: `${authorization.redirectUri}?code=other` },
    });
    expect(await rp.code()).toBe('other');
    delete provider.tamper.callback;
    const answer = await rp.redeem(await rp.code());
    expect(readToken(tokenOf(answer, 'id_token')).claims).toMatchObject({ aud: 'not n-1' });
    const userinfo = await userinfoAt(provider, tokenOf(answer, 'access_token'));
    expect(jsonOf(userinfo)).toEqual({ sub: 'mallory' });
    expect(jsonOf(await exchange(provider.endpoints.jwks ?? ''))).toEqual({ keys: [] });
    expect((await exchange(provider.endpoints.discovery ?? '')).status).toBe(503);
    expect(provider.knownCalls.map(({ path }) => path)).toContain('/auth');
    await provider.close();
  });
});
