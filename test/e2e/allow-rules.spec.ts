import { cookiesSet, jsonOf } from '../support/http-exchange.js';
import { errorCodeOf } from '../support/html-page.js';
import { PATHS } from '../support/op-host.js';
import { Stage } from '../support/stage.js';

const LIFE_MS = 300_000;

describe('who may log in', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open({
      env: { OIDC_ALLOW_GROUPS: 'staff', OIDC_GROUPS_CLAIM: 'realm_access.roles' },
    });
  });
  afterEach(() => stage.op.behave());
  afterAll(() => stage.close());

  const withRoles = (roles: unknown): void =>
    stage.op.forgeIdToken(({ claims }) =>
      stage.op.key.sign({ ...claims, realm_access: { roles } }),
    );

  it('are those of whom the rules hold', async () => {
    withRoles(['guests', 'staff']);
    expect(await stage.view(await stage.member())).toMatchObject({ authenticated: true });
  });

  it.each([[['guests']], [['guests,staff']], [[]], [null], [undefined]])(
    'with the roles %j nobody: a page, no session, and the tokens are taken back',
    async (roles) => {
      withRoles(roles);
      const person = stage.person();
      const callback = await stage.callbackFor(person);
      const before = stage.op.callsOf(PATHS.revoke).length;
      const page = await person.arrive(callback);
      expect([page.status, errorCodeOf(page.body)]).toEqual([403, 'not_allowed']);
      expect(cookiesSet(page)).toEqual([]);
      expect(stage.op.callsOf(PATHS.revoke)).toHaveLength(before + 1);
      expect(await stage.view(person)).toMatchObject({ authenticated: false });
    },
  );

  it('are asked about again when a refresh brings claims', async () => {
    withRoles(['staff']);
    const person = await stage.member();
    stage.clock.advance(LIFE_MS);
    expect((await stage.call(person)).status).toBe(200);
    withRoles(['guests']);
    stage.clock.advance(LIFE_MS);
    const before = stage.api.received.length;
    const answer = await stage.call(person);
    expect([answer.status, jsonOf(answer)['reason']]).toEqual([401, 'revoked']);
    expect(stage.api.received).toHaveLength(before);
  });

  it('are kept out when a refresh brings their claims without the one that let them in', async () => {
    withRoles(['staff']);
    const person = await stage.member();
    stage.op.forgeIdToken(({ token }) => token);
    stage.clock.advance(LIFE_MS);
    const answer = await stage.call(person);
    expect([answer.status, jsonOf(answer)['reason']]).toEqual([401, 'revoked']);
  });
});
