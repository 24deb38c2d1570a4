import { SignJWT } from 'jose';
import { IdentityAssertion } from '../../src/identity/identity-assertion.js';
import { AssertionKeys } from '../../src/identity/assertion-keys.js';
import { SessionReader } from '../../src/session/session-reader.js';
import { jsonOf, type Hop } from '../support/http-exchange.js';
import { logoutToken } from '../support/logout-tokens.js';
import { PATHS } from '../support/op-host.js';
import { askAs, basicOf, ServiceCaller, servicesFile } from '../support/service-caller.js';
import { CLIENT_ID, SHORT_OF_PATIENCE, Stage } from '../support/stage.js';
import type { UserAgent } from '../support/user-agent.js';

const gateway = new ServiceCaller('gateway', { scopes: '[introspect]' });
const posting = new ServiceCaller('posting', {
  auth: 'client_secret_post',
  scopes: '[introspect]',
});
const operator = new ServiceCaller('operator', { scopes: '[sessions, token]' });
const INACTIVE = { active: false };
const MINUTE = 60_000;

describe('POST /introspect (RFC 7662)', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open({
      redis: true,
      file: `routes:
  - name: told
    prefix: /told
    upstream: \${API}
    identity: assertion
${servicesFile(gateway, posting, operator)}`,
      env: { ...SHORT_OF_PATIENCE, OIDC_CLAIMS: 'sub,email,name,preferred_username' },
    });
  });
  afterAll(() => stage.close());

  /** The value of a person's session cookie, as it goes over the wire. */
  const valueOf = async (person: UserAgent): Promise<string> =>
    (await person.cookie(stage.url('/'), stage.bff.cookieName)) ?? '';
  const introspect = async (token: string, by = gateway): Promise<Record<string, unknown>> =>
    jsonOf(await by.ask(stage, '/introspect', { form: { token } }));
  /** The assertion that an API was given with a person's call. */
  const assertionOf = async (person: UserAgent): Promise<string> => {
    expect((await stage.call(person, '/told/x')).status).toBe(200);
    return String(stage.api.last.headers['x-auth-assertion']);
  };

  it('tells of a session by its cookie', async () => {
    const person = await stage.member();
    const view = await stage.view(person);
    const told = await introspect(await valueOf(person));
    expect(told).toEqual({
      active: true,
      iss: stage.op.issuer,
      sub: 'alice',
      sid: view['session_id'],
      provider: 'generic',
      username: expect.any(String),
      email: expect.stringContaining('@'),
      scope: 'orders:read',
      acr: view['acr'],
      amr: ['user'],
      auth_time: expect.any(Number),
      exp: expect.any(Number),
      iat: view['created_at'],
      client_id: CLIENT_ID,
    });
    expect(told['exp']).toBe(
      Math.min(Number(view['idle_expires_at']), Number(view['absolute_expires_at'])),
    );
  });

  it('takes the value encoded as in the header or decoded, and credentials of either kind', async () => {
    const value = await valueOf(await stage.member());
    expect(value).toContain('%');
    for (const token of [value, decodeURIComponent(value)])
      for (const by of [gateway, posting])
        expect(await introspect(token, by)).toMatchObject({ active: true, sub: 'alice' });
  });

  it('is stored nowhere', async () => {
    const answer = await gateway.ask(stage, '/introspect', { form: { token: 'x' } });
    expect([answer.status, answer.headers['cache-control']]).toEqual([200, 'no-store']);
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
  });

  it('keeps a person active who is seen by a service alone', async () => {
    const person = await stage.member();
    const value = await valueOf(person);
    const before = Number((await introspect(value))['exp']);
    stage.clock.advance(10 * MINUTE);
    const after = Number((await introspect(value))['exp']);
    expect(after - before).toBeGreaterThanOrEqual(10 * 60);
    expect((await stage.view(person, '?touch=false'))['idle_expires_at']).toBe(after);
  });

  it('asks Redis once', async () => {
    const value = await valueOf(await stage.member());
    await stage.redis.command('CONFIG', 'RESETSTAT');
    for (let at = 0; at < 20; at += 1) await introspect(value);
    const stats = await stage.redis.command('INFO', 'commandstats');
    expect(/cmdstat_mget:calls=(\d+)/.exec(stats)?.[1]).toBe('20');
    expect(stats).not.toMatch(/cmdstat_(?:get|eval|evalsha|pttl):/);
  });

  it('says no more than that of what is not active', async () => {
    const person = await stage.member();
    const value = await valueOf(person);
    await stage.call(person, '/logout', { method: 'POST' });
    const { sid } = await introspect(await valueOf(await stage.member()));
    const forged = decodeURIComponent(value).replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
    for (const token of [value, forged, String(sid), 'x', 's:', '%', 'a.b.c', 'x'.repeat(60_000)])
      expect(await introspect(token)).toEqual(INACTIVE);
  });

  it('remembers no answer: not for another service, and not beyond the end (ATK-62, ATK-63)', async () => {
    const person = await stage.member();
    const form = { token: await valueOf(person) };
    for (let round = 0; round < 2; round += 1) {
      expect(jsonOf(await gateway.ask(stage, '/introspect', { form }))).toMatchObject({
        active: true,
      });
      expect((await operator.ask(stage, '/introspect', { form })).status).toBe(403);
    }
    const { sid } = await introspect(form.token);
    await operator.ask(stage, `/admin/sessions/${String(sid)}`, { method: 'DELETE' });
    expect(await introspect(form.token)).toEqual(INACTIVE);
  });

  it('takes no token of the provider for a session (ATK-78)', async () => {
    await stage.member();
    const { body } = stage.op.callsOf(PATHS.token).at(-1)?.answer ?? { body: '{}' };
    const { access_token, id_token, refresh_token } = jsonOf({ body });
    const tokens = [access_token, id_token, refresh_token, logoutToken(stage, { sub: 'alice' })];
    for (const token of tokens) expect(await introspect(String(token))).toEqual(INACTIVE);
  });

  describe('of an identity assertion', () => {
    it('tells what it says while its session lives', async () => {
      const person = await stage.member();
      const told = await introspect(await assertionOf(person));
      expect(told).toMatchObject({
        active: true,
        iss: stage.bff.origin,
        aud: 'told',
        sub: 'alice',
        sid: (await stage.view(person))['session_id'],
        idp_iss: stage.op.issuer,
      });
    });

    it('asks Redis one cheap thing and extends nothing', async () => {
      const person = await stage.member();
      const assertion = await assertionOf(person);
      const before = (await stage.view(person, '?touch=false'))['idle_expires_at'];
      stage.clock.advance(MINUTE);
      await stage.redis.command('CONFIG', 'RESETSTAT');
      expect(await introspect(assertion)).toMatchObject({ active: true });
      const stats = await stage.redis.command('INFO', 'commandstats');
      expect(/cmdstat_pttl:calls=(\d+)/.exec(stats)?.[1]).toBe('1');
      expect(stats).not.toMatch(/cmdstat_(?:get|mget|eval|evalsha):/);
      expect((await stage.view(person, '?touch=false'))['idle_expires_at']).toBe(before);
    });

    it('is not active any more when the session has ended, or the assertion', async () => {
      const person = await stage.member();
      const assertion = await assertionOf(person);
      await stage.call(person, '/logout', { method: 'POST' });
      expect(await introspect(assertion)).toEqual(INACTIVE);
      const another = await assertionOf(await stage.member());
      stage.clock.advance(5 * MINUTE);
      expect(await introspect(another)).toEqual(INACTIVE);
    });

    it('believes nothing that another key, type, issuer or no key at all says (ATK-08, ATK-78)', async () => {
      const person = await stage.member();
      const { application } = stage.bff.vestibule;
      const { privateKey, kid } = await application.get(AssertionKeys).signing;
      const { issuer } = application.get(IdentityAssertion);
      const claims = { sid: String((await stage.view(person))['session_id']), aud: 'told' };
      const now = Math.floor(stage.clock.now() / 1000);
      const sign = (typ: string, iss: string, more: object = {}): Promise<string> =>
        new SignJWT({ sub: 'admin', iss, iat: now, exp: now + 60, ...claims, ...more })
          .setProtectedHeader({ alg: 'EdDSA', typ, kid })
          .sign(privateKey);
      // What is right of all this is believed: the rest fails by what is wrong with it alone.
      expect(await introspect(await sign('identity+jwt', issuer))).toMatchObject({ active: true });
      const bare = (header: object): string =>
        [header, { ...claims, sub: 'admin', iss: issuer, iat: now, exp: now + 60 }]
          .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
          .join('.');
      const wrong = [
        await sign('JWT', issuer),
        await sign('logout+jwt', issuer),
        await sign('identity+jwt', stage.op.issuer),
        await sign('identity+jwt', issuer, { exp: now - 1 }),
        await sign('identity+jwt', issuer, { exp: undefined }),
        await sign('identity+jwt', issuer, { sid: 'x'.repeat(43) }),
        await sign('identity+jwt', issuer, { sid: undefined }),
        stage.op.key.sign({ ...claims, sub: 'admin', iss: issuer, iat: now, exp: now + 60 }),
        `${bare({ alg: 'none', typ: 'identity+jwt' })}.`,
        `${bare({ alg: 'EdDSA', typ: 'identity+jwt', kid })}.AAAA`,
      ];
      for (const token of wrong) expect(await introspect(token)).toEqual(INACTIVE);
    });
  });

  it.each<[string, (value: string) => Promise<Hop>, number, string]>([
    ['no token', () => gateway.ask(stage, '/introspect'), 400, 'invalid_request'],
    [
      'two tokens',
      (token) =>
        gateway.ask(stage, '/introspect', {
          form: [
            ['token', token],
            ['token', 'x'],
          ],
        }),
      400,
      'invalid_request',
    ],
    [
      'JSON',
      (token) => gateway.ask(stage, '/introspect', { json: { token } }),
      415,
      'invalid_request',
    ],
    [
      'nobody asking',
      (token) => askAs(stage, '/introspect', { form: { token } }),
      401,
      'invalid_client',
    ],
    [
      'a service that may do other things',
      (token) => operator.ask(stage, '/introspect', { form: { token } }),
      403,
      'insufficient_scope',
    ],
  ])('refuses %s', async (_what, ask, status, error) => {
    const answer = await ask(await valueOf(await stage.member()));
    expect([answer.status, jsonOf(answer)]).toEqual([
      status,
      { error, error_description: expect.any(String) },
    ]);
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  it('is no way in for a person, whatever the cookie (ATK-78)', async () => {
    const person = await stage.member();
    const headers = { cookie: await stage.cookieOf(person), 'x-csrf': '1' };
    const form = { token: await valueOf(person) };
    expect((await askAs(stage, '/introspect', { form, headers })).status).toBe(401);
    const bearer = { authorization: `Bearer ${await valueOf(person)}` };
    expect((await askAs(stage, '/introspect', { form, headers: bearer })).status).toBe(401);
  });

  it('is not sure when the store does not answer: 503, never inactive', async () => {
    const person = await stage.member();
    const [value, assertion] = [await valueOf(person), await assertionOf(person)];
    stage.redis.pause();
    try {
      for (const token of [value, assertion]) {
        const answer = await gateway.ask(stage, '/introspect', { form: { token } });
        expect([answer.status, jsonOf(answer)['error']]).toEqual([503, 'temporarily_unavailable']);
        expect(answer.headers['retry-after']).toBe('1');
      }
    } finally {
      stage.redis.resume();
    }
  });

  it('writes no secret of a service into the log (ATK-90)', async () => {
    const headers = { authorization: basicOf('gateway', `${gateway.secret}x`) };
    expect((await askAs(stage, '/introspect', { form: { token: 'x' }, headers })).status).toBe(401);
    const swapped = { authorization: basicOf(gateway.secret, 'gateway') };
    expect(
      (await askAs(stage, '/introspect', { form: { token: 'x' }, headers: swapped })).status,
    ).toBe(401);
    expect(stage.bff.logged('service.refused').at(-2)).toMatchObject({
      caller: 'gateway',
      code: 'invalid_client',
      peer: '127.0.0.1',
    });
    const lines = stage.bff.lines.join('\n');
    for (const { secret } of [gateway, posting, operator])
      expect(lines).not.toContain(secret.slice(0, 20));
  });
});

it('a session that nobody uses goes idle, and its assertion with it', async () => {
  await using stage = await Stage.open({
    env: { SESSION_IDLE: '1m', ASSERTION_LIFETIME: '5m' },
    file: servicesFile(gateway),
  });
  const person = await stage.member();
  const value = (await person.cookie(stage.url('/'), stage.bff.cookieName)) ?? '';
  const { application } = stage.bff.vestibule;
  const held = await application.get(SessionReader).readHandedIn(value);
  if (held.kind !== 'live') throw new Error('not live');
  const { jwt } = await application.get(IdentityAssertion).of(held.session, 'told');
  const activity = async (token: string): Promise<unknown> =>
    jsonOf(await gateway.ask(stage, '/introspect', { form: { token } }))['active'];
  expect(await activity(jwt)).toBe(true);
  stage.clock.advance(MINUTE + 1_000);
  expect([await activity(jwt), await activity(value)]).toEqual([false, false]);
});
