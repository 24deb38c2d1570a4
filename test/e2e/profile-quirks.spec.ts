import { changeJson, redirect } from '../support/emulators/answers.js';
import type { EmulatedProvider } from '../support/emulators/emulated-provider.js';
import { errorCodeOf } from '../support/html-page.js';
import type { Hop } from '../support/http-exchange.js';
import {
  AUTHENTIQ,
  AUTHING,
  EUDIW,
  GOOGLE,
  ONEACCESS,
  openLocalService,
  openSeed,
} from '../support/seed-logins.js';
import type { SeedStage } from '../support/seed-stage.js';

const SECOND = 1000;
const WITH_PKCE = { env: { OIDC_PKCE: 'S256' } };

/** Logs somebody in and tells what the page and the session say. */
async function attempt(stage: SeedStage): Promise<{ page: Hop; view: Record<string, unknown> }> {
  const person = stage.person();
  const page = await stage.logIn(person);
  return { page, view: await stage.view(person) };
}

async function expectRefused(stage: SeedStage, code: string): Promise<void> {
  const { page, view } = await attempt(stage);
  expect(errorCodeOf(page.body)).toBe(code);
  expect(view['authenticated']).toBe(false);
}

async function expectIn(stage: SeedStage): Promise<Record<string, unknown>> {
  const { view } = await attempt(stage);
  expect(view).toMatchObject({ authenticated: true, user: { sub: 'alice' } });
  return view;
}

function backchannelLogout(stage: SeedStage, token: string): Promise<Hop> {
  return stage.send(stage.url('/backchannel-logout'), {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ logout_token: token }).toString(),
  });
}

function refreshes(provider: EmulatedProvider): readonly URLSearchParams[] {
  return provider
    .callsOf('token')
    .map(({ body }) => new URLSearchParams(body))
    .filter((form) => form.get('grant_type') === 'refresh_token');
}

describe.each([
  ['google', (): Promise<SeedStage> => openSeed(GOOGLE, 'client_secret_post')],
  ['authentiq', (): Promise<SeedStage> => openSeed(AUTHENTIQ, 'client_secret_post')],
  ['oneaccess', (): Promise<SeedStage> => openSeed(ONEACCESS, 'client_secret_post')],
  ['authing', (): Promise<SeedStage> => openSeed(AUTHING, 'client_secret_post')],
])('a client of %s', (_profile, open) => {
  it('is told of by name when it is registered for another method', async () => {
    await using stage = await open();
    stage.provider.register({ ...stage.client, authMethod: 'client_secret_basic' });
    await expectRefused(stage, 'provider_misconfigured');
  });
});

describe('the profile google', () => {
  it.each([true, false])('takes an iss whose scheme is there: %s', async (scheme) => {
    await using stage = await openSeed(GOOGLE, 'client_secret_post', {
      set: (provider) => {
        provider.issHasScheme = scheme;
      },
    });
    await expectIn(stage);
  });

  it('takes no third form of the iss', async () => {
    await using stage = await openSeed(GOOGLE, 'client_secret_post');
    stage.provider.tamper.token = (answer, { idTokenClaims, sign }) =>
      changeJson(answer, (body) => ({
        ...body,
        id_token: sign({ ...idTokenClaims, iss: `${stage.provider.issuer}/` }),
      }));
    await expectRefused(stage, 'login_rejected');
  });

  it('asks for offline access in the way of this provider', async () => {
    await using stage = await openSeed(GOOGLE, 'client_secret_post');
    await expectIn(stage);
    const request = stage.provider.callsOf('authorize')[0]?.query;
    expect(request?.get('access_type')).toBe('offline');
    expect(request?.get('prompt')).toBe('consent');
    expect(request?.get('scope')).not.toContain('offline_access');
  });

  it('shows the error of a scope that is refused', async () => {
    await using stage = await openSeed(GOOGLE, 'client_secret_post', {
      env: { OIDC_SCOPE: 'openid offline_access' },
    });
    await expectRefused(stage, 'login_denied');
  });

  it('sends the same refresh token each time', async () => {
    await using stage = await openSeed(GOOGLE, 'client_secret_post');
    const person = await stage.member();
    for (const _time of [1, 2]) {
      stage.age();
      expect((await stage.refresh(person)).status).toBe(200);
    }
    const sent = refreshes(stage.provider).map((form) => form.get('refresh_token'));
    expect(sent).toHaveLength(2);
    expect(new Set(sent).size).toBe(1);
  });

  it.each([
    ['example.com', 'alice@example.com', undefined],
    [undefined, 'alice@example.com', 'not_allowed'],
    ['example.net', 'alice@example.com', 'not_allowed'],
    ['example.net', 'alice@other.example', 'not_allowed'],
  ])('judges the domain by hd %s, not by the address %s', async (hd, email, refused) => {
    await using stage = await openSeed(GOOGLE, 'client_secret_post', {
      env: { OIDC_ALLOW_DOMAINS: 'example.com' },
    });
    stage.provider.user = { ...stage.provider.user, email, ...(hd !== undefined && { hd }) };
    if (refused === undefined) await expectIn(stage);
    else await expectRefused(stage, refused);
  });

  it('sends the service of seed 000 its code as JSON, and goes on without a refresh token', async () => {
    const { stage, service } = await openLocalService();
    const person = await stage.member();
    const [call] = service.calls;
    expect(call?.headers['content-type']).toBe('application/json');
    expect(JSON.parse(call?.body ?? '{}')).toHaveProperty('code');
    stage.age();
    expect((await stage.refresh(person)).status).toBe(200);
    expect(service.calls).toHaveLength(1);
    await stage.close();
    await service.close();
  });
});

describe('the profile authentiq', () => {
  it('logs in without an access token', async () => {
    await using stage = await openSeed(AUTHENTIQ, 'client_secret_basic', {
      set: (provider) => {
        provider.leaveOut = 'access_token';
      },
    });
    const view = await expectIn(stage);
    expect(view).not.toHaveProperty('access_token_expires_at');
    expect(stage.provider.callsOf('userinfo')).toHaveLength(0);
  });

  it('logs nobody in without an ID token, unless userinfo is to tell', async () => {
    const set = (provider: { leaveOut: 'access_token' | 'id_token' | undefined }): void => {
      provider.leaveOut = 'id_token';
    };
    await using strict = await openSeed(AUTHENTIQ, 'client_secret_basic', { set });
    await expectRefused(strict, 'login_rejected');
    await using plain = await openSeed(AUTHENTIQ, 'client_secret_basic', {
      set,
      env: { OIDC_IDENTITY: 'userinfo' },
    });
    await expectIn(plain);
  });

  it('believes a logout token that is signed with the client secret, and no other', async () => {
    await using stage = await openSeed(AUTHENTIQ, 'client_secret_basic');
    const person = await stage.member();
    const { provider } = stage;
    const stranger = { ...provider.login, client: { ...stage.client, clientSecret: 'other' } };
    expect((await backchannelLogout(stage, provider.logoutToken(stranger))).status).toBe(400);
    expect((await stage.view(person))['authenticated']).toBe(true);
    const token = provider.logoutToken(provider.login, { exp: undefined });
    expect((await backchannelLogout(stage, token)).status).toBe(200);
    expect(await stage.view(person)).toMatchObject({ authenticated: false, reason: 'backchannel' });
  });
});

describe.each([
  ['authentiq', (): Promise<SeedStage> => openSeed(AUTHENTIQ, 'client_secret_basic', WITH_PKCE)],
  ['oneaccess', (): Promise<SeedStage> => openSeed(ONEACCESS, 'client_secret_post', WITH_PKCE)],
])('PKCE with %s, whose document has none', (_profile, open) => {
  it('fails where it is switched on and the provider is strict', async () => {
    await using stage = await open();
    await expectRefused(stage, 'login_denied');
  });
});

describe('the profile oneaccess', () => {
  it.each(['string', 'number'] as const)('reads the life of a token as a %s', async (kind) => {
    await using stage = await openSeed(ONEACCESS, 'client_secret_post', {
      set: (provider) => {
        provider.expiresInAs = kind;
      },
    });
    const expiry = Number((await expectIn(stage))['access_token_expires_at']);
    expect(Math.abs(expiry - (stage.clock.now() / SECOND + 7200))).toBeLessThan(30);
  });

  it.each(['RS512', 'ES256', 'PS384'])(
    'takes the algorithm of the application: %s',
    async (alg) => {
      await using stage = await openSeed(ONEACCESS, 'client_secret_post', {
        set: (provider) => {
          provider.idTokenAlg = alg;
        },
        env: { OIDC_ID_TOKEN_ALG: alg },
      });
      await expectIn(stage);
    },
  );

  it('takes no algorithm but the configured one', async () => {
    await using stage = await openSeed(ONEACCESS, 'client_secret_post', {
      set: (provider) => {
        provider.idTokenAlg = 'RS512';
      },
    });
    await expectRefused(stage, 'login_rejected');
  });

  it('reads the metadata where they are given', async () => {
    await using stage = await openSeed(ONEACCESS, 'client_secret_post', {
      set: (provider) => {
        provider.hasDiscovery = true;
      },
      env: { OIDC_DISCOVERY: 'true' },
    });
    await expectIn(stage);
    expect(stage.provider.callsOf('discovery').length).toBeGreaterThan(0);
  });

  it('misses a nonce that is not repeated, unless it is told to do without', async () => {
    const set = (provider: { repeatsNonce: boolean }): void => {
      provider.repeatsNonce = false;
    };
    await using strict = await openSeed(ONEACCESS, 'client_secret_post', { set });
    await expectRefused(strict, 'login_rejected');
    const env = { OIDC_NONCE: 'optional' };
    await using plain = await openSeed(ONEACCESS, 'client_secret_post', { set, env });
    await expectIn(plain);
  });
});

describe('the profile eudiw', () => {
  it('sends the state along with a code of more than 1,000 characters', async () => {
    await using stage = await openSeed(EUDIW, 'none');
    await expectIn(stage);
    const form = new URLSearchParams(stage.provider.callsOf('token')[0]?.body);
    expect(form.get('state')).toBe(stage.provider.login.state);
    expect((form.get('code') ?? '').length).toBeGreaterThan(1000);
    expect(form.has('client_secret')).toBe(false);
  });

  it('fails without the state where the provider insists on it', async () => {
    await using stage = await openSeed(EUDIW, 'none', {
      env: { OIDC_TOKEN_REQUEST_STATE: 'false' },
    });
    await expectRefused(stage, 'login_rejected');
  });

  it('takes an ID token without a nonce where one is switched on', async () => {
    await using stage = await openSeed(EUDIW, 'none', {
      set: (provider) => {
        provider.idTokens = true;
      },
      env: { OIDC_IDENTITY: 'id_token' },
    });
    await expectIn(stage);
  });

  it('wants an ID token to be about the same person as the access token', async () => {
    await using stage = await openSeed(EUDIW, 'none', {
      set: (provider) => {
        provider.idTokens = true;
      },
    });
    await expectIn(stage);
    stage.provider.tamper.token = (answer, { idTokenClaims, sign }) =>
      changeJson(answer, (body) => ({
        ...body,
        id_token: sign({ ...idTokenClaims, sub: 'mallory' }),
      }));
    await expectRefused(stage, 'login_rejected');
  });

  it.each([
    ['another client', { client_id: 'other' }],
    ['another issuer', { iss: 'https://issuer.example' }],
    ['a time that is over', { exp: 1 }],
    ['nobody', { sub: undefined }],
  ])('believes no access token of %s', async (_whose, claims) => {
    await using stage = await openSeed(EUDIW, 'none');
    const { provider } = stage;
    provider.tamper.token = (answer, { authorization, idTokenClaims, sign }) => {
      const { iss, sub, iat, exp } = idTokenClaims;
      const right = { iss, sub, iat, exp, client_id: authorization.client.clientId };
      return changeJson(answer, (body) => ({
        ...body,
        access_token: sign({ ...right, ...claims }),
      }));
    };
    await expectRefused(stage, 'login_rejected');
  });

  it.each(['invalid_grant', 'invalid_request'] as const)(
    'ends a session whose refresh token is dead, told by %s as text/html',
    async (error) => {
      await using stage = await openSeed(EUDIW, 'none', {
        set: (provider) => {
          provider.refreshError = error;
        },
      });
      const person = await stage.member();
      stage.clock.advance(601 * SECOND);
      await stage.refresh(person);
      expect(await stage.view(person)).toMatchObject({
        authenticated: false,
        reason: 'refresh_failed',
      });
    },
  );

  it('tells of a code that is not known any more, which the provider answers with a page and 500', async () => {
    await using stage = await openSeed(EUDIW, 'none');
    stage.provider.tamper.callback = (answer, { authorization }) =>
      redirect(authorization.redirectUri, {
        code: 'x'.repeat(1040),
        state: authorization.state,
        scope: 'openid',
      });
    await expectRefused(stage, 'provider_unreachable');
  });

  it('logs nobody in by an error that comes without a state', async () => {
    await using stage = await openSeed(EUDIW, 'none');
    stage.provider.tamper.callback = (_answer, { authorization }) =>
      redirect(authorization.redirectUri, { error: 'server_error' });
    const { page, view } = await attempt(stage);
    expect(page.status).toBeGreaterThanOrEqual(400);
    expect(view['authenticated']).toBe(false);
  });

  it('leaves the person logged out here where the provider has a broken end_session', async () => {
    await using stage = await openSeed(EUDIW, 'none', {
      set: (provider) => {
        provider.endSessionWorks = false;
      },
    });
    const person = await stage.member();
    await stage.logOut(person);
    expect(new URL(person.page).origin).toBe(stage.provider.issuer);
    expect((await stage.view(person))['authenticated']).toBe(false);
  });
});

describe('the profile authing', () => {
  it('takes another iss in tokens only when it is configured', async () => {
    const other = 'https://core.authing.cn/oidc';
    const set = (provider: { otherTokenIssuer: string | undefined }): void => {
      provider.otherTokenIssuer = other;
    };
    await using strict = await openSeed(AUTHING, 'client_secret_post', { set });
    await expectRefused(strict, 'login_rejected');
    const env = { OIDC_TOKEN_ISSUERS: other };
    await using told = await openSeed(AUTHING, 'client_secret_post', { set, env });
    await expectIn(told);
  });

  it('takes RS256 when both sides are switched to it, and never what the header says', async () => {
    const set = (provider: { idTokenAlg: string }): void => {
      provider.idTokenAlg = 'RS256';
    };
    await using strict = await openSeed(AUTHING, 'client_secret_post', { set });
    await expectRefused(strict, 'login_rejected');
    const env = { OIDC_ID_TOKEN_ALG: 'RS256' };
    await using switched = await openSeed(AUTHING, 'client_secret_post', { set, env });
    await expectIn(switched);
  });

  it('writes Basic as its document has it when told to', async () => {
    const clientSecret = 'a secret+with%signs/that:need~encoding';
    await using encoded = await openSeed(AUTHING, 'client_secret_basic', { clientSecret });
    await expectRefused(encoded, 'provider_misconfigured');
    const env = { OIDC_BASIC_ENCODING: 'raw' };
    await using raw = await openSeed(AUTHING, 'client_secret_basic', { clientSecret, env });
    await expectIn(raw);
  });

  it('leaves out claims that are null', async () => {
    await using stage = await openSeed(AUTHING, 'client_secret_post', {
      env: { OIDC_CLAIMS: 'sub,name,birthdate,website,updated_at' },
    });
    expect((await expectIn(stage))['user']).toEqual({
      sub: 'alice',
      name: 'Alice Archer',
      updated_at: '2020-09-27T06:06:29.853Z',
    });
  });

  it('goes on without a refresh token where there was no consent', async () => {
    await using stage = await openSeed(AUTHING, 'client_secret_post', {
      env: { OIDC_AUTHORIZATION_PARAMS: 'prompt=login' },
    });
    const person = await stage.member();
    expect((await stage.refresh(person)).status).toBe(200);
    expect(refreshes(stage.provider)).toHaveLength(0);
  });

  it('believes a logout token that is signed with the client secret', async () => {
    await using stage = await openSeed(AUTHING, 'client_secret_post');
    const person = await stage.member();
    const token = stage.provider.logoutToken(stage.provider.login);
    expect((await backchannelLogout(stage, token)).status).toBe(200);
    expect((await stage.view(person))['authenticated']).toBe(false);
  });

  it('logs out by the other address where it is configured', async () => {
    const template =
      '/login/profile/logout?app_id={client_id}&redirect_uri={post_logout_redirect_uri}';
    await using stage = await openSeed(AUTHING, 'client_secret_post', {
      env: { OIDC_LOGOUT_URL: template },
    });
    const person = await stage.member();
    await stage.logOut(person);
    expect(stage.hops.map(({ url }) => url.split('?', 1)[0])).toContain(
      stage.provider.profileLogout,
    );
    expect(new URL(person.page).origin).toBe(new URL(stage.url('/')).origin);
  });

  it('leaves the hint out of the logout where the provider chokes on it', async () => {
    await using stage = await openSeed(AUTHING, 'client_secret_post', {
      set: (provider) => {
        provider.refusesHints = true;
      },
      env: { LOGOUT_ID_TOKEN_HINT: 'false' },
    });
    const person = await stage.member();
    await stage.logOut(person);
    expect(person.lastHop.status).toBe(200);
    expect(stage.provider.callsOf('endSession')[0]?.query.has('id_token_hint')).toBe(false);
  });
});
