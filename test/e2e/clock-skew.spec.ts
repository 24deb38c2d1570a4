import { generateKeyPairSync } from 'node:crypto';
import { errorCodeOf } from '../support/html-page.js';
import { openWithClients, newSecret } from '../support/many-clients.js';
import { logoutToken, registerForLogouts, sendLogout } from '../support/logout-tokens.js';
import { PATHS } from '../support/op-host.js';
import { Stage } from '../support/stage.js';

const S = 1_000;
const MINUTE = 60 * S;

describe('a clock that is not that of the provider (R-22, ATK-102)', () => {
  const client = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  let stage: Stage;
  beforeAll(async () => {
    stage = await openWithClients([
      { id: 'secret', entry: { clientSecret: newSecret() } },
      {
        id: 'assertion',
        entry: {
          clientAuth: 'private_key_jwt',
          clientKey: JSON.stringify(client.privateKey.export({ format: 'jwk' })),
        },
        registered: {
          token_endpoint_auth_method: 'private_key_jwt',
          jwks: { keys: [{ ...client.publicKey.export({ format: 'jwk' }), use: 'sig' }] },
        },
      },
    ]);
  });
  afterEach(() => {
    stage.op.behave();
    stage.clock.offset = 0;
  });
  afterAll(() => stage.close());

  /** From now on ours is this much ahead of the provider's, which tells the true time. */
  function skew(ms: number): void {
    stage.op.aheadMs = () => 0;
    stage.clock.offset = ms;
  }

  /** ID tokens that live as long as one of a provider that is strict. */
  const shortLived = (seconds: number): void =>
    stage.op.forgeIdToken(({ claims }) =>
      stage.op.key.sign({ ...claims, exp: Number(claims['iat']) + seconds }),
    );

  it.each([
    [20 * S, 'secret'],
    [-20 * S, 'secret'],
    [20 * S, 'assertion'],
    [-20 * S, 'assertion'],
  ])(
    'by %d ms does no harm to a login by %s, even where tokens live a minute',
    async (ms, provider) => {
      skew(ms);
      shortLived(60);
      const person = await stage.member({ provider });
      expect((await stage.call(person)).status).toBe(200);
    },
  );

  it.each<[string, number, number, string]>([
    ['40 seconds behind', -40 * S, 3_600, 'id token: iat (clock?)'],
    ['five minutes behind', -5 * MINUTE, 3_600, 'id token: iat (clock?)'],
    ['40 seconds ahead, where tokens live five', 40 * S, 5, 'token: exp (clock?)'],
    ['five minutes ahead, where tokens live one', 5 * MINUTE, 60, 'token: exp (clock?)'],
    ['eleven minutes ahead', 11 * MINUTE, 3_600, 'id token: iat (clock?)'],
  ])(
    'is refused when it is %s, and the log says where to look (E-20)',
    async (_what, ms, life, detail) => {
      skew(ms);
      shortLived(life);
      const person = stage.person();
      const page = await stage.logIn(person, { provider: 'secret' });
      expect([page.status, errorCodeOf(page.body)]).toEqual([400, 'login_rejected']);
      expect((await stage.session(person)).status).toBe(401);
      expect(stage.bff.logged('request.refused').at(-1)).toMatchObject({
        code: 'login_rejected',
        detail,
      });
    },
  );

  it.each<[string, number]>([
    ['five minutes behind', -5 * MINUTE],
    ['an hour behind', -60 * MINUTE],
    ['eleven minutes ahead', 11 * MINUTE],
  ])('logs nobody out whose token is renewed when it steps %s (R-23)', async (_what, ms) => {
    const person = await stage.member({ provider: 'secret' });
    skew(ms);
    const refreshes = stage.op.callsOf(PATHS.token).length;
    for (let call = 0; call < 2; call += 1) expect((await stage.call(person)).status).toBe(200);
    expect(stage.op.callsOf(PATHS.token).length).toBe(refreshes + 1);
    expect(stage.bff.logged('provider.clock_differs').at(-1)).toMatchObject({
      ahead_s: expect.any(Number),
    });
    skew(0);
    expect((await stage.call(person)).status).toBe(200);
    expect((await stage.session(person)).status).toBe(200);
  });

  it('is refused when an ID token is not to be used yet (E-20)', async () => {
    skew(-40 * S);
    stage.op.forgeIdToken(({ claims }) =>
      stage.op.key.sign({ ...claims, nbf: claims['iat'], iat: Number(claims['iat']) - 60 }),
    );
    const page = await stage.logIn(stage.person(), { provider: 'secret' });
    expect(errorCodeOf(page.body)).toBe('login_rejected');
    expect(stage.bff.logged('request.refused').at(-1)).toMatchObject({
      detail: 'token: nbf (clock?)',
    });
  });
});

it('a logout token from another time is refused, and the log says where to look (E-20, E-53)', async () => {
  await using stage = await Stage.open();
  registerForLogouts(stage);
  const person = await stage.member();
  const token = logoutToken(stage, { sub: 'alice' });
  stage.clock.offset = 5 * MINUTE;
  expect((await sendLogout(stage, token)).status).toBe(400);
  expect(stage.bff.logged('request.refused').at(-1)).toMatchObject({
    code: 'logout_token_rejected',
    detail: 'token: exp (clock?)',
  });
  stage.clock.offset = 0;
  expect((await stage.session(person)).status).toBe(200);
});
