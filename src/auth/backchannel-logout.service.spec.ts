import { sessionConfig, sessionWorld, newLogin } from '../../test/support/session-fixtures.js';
import { randomToken } from '../crypto/random.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import type { LogoutOrder } from '../provider/logout-token.js';
import type { ProviderRegistry } from '../provider/provider-registry.js';
import { LogoutMarks } from '../session/logout-marks.js';
import { SessionDirectory } from '../session/session-directory.js';
import type { Store } from '../store/store.port.js';
import { BackchannelLogoutService } from './backchannel-logout.service.js';

const { identity } = newLogin();
const order: LogoutOrder = {
  issuer: identity.issuer,
  subject: identity.subject,
  tokenId: 'jti-1',
};

let world: ReturnType<typeof sessionWorld>;
let failing: keyof Store | undefined;
beforeEach(() => {
  world = sessionWorld();
  failing = undefined;
});
afterEach(() => world.close());

/** The service over a store in which one command fails, and a provider that says what the token means. */
function service(verify: () => Promise<LogoutOrder> = async () => order): BackchannelLogoutService {
  const store = new Proxy(world.store, {
    get: (target, name): unknown =>
      name === failing
        ? () => Promise.reject(new VestibuleError('store_unavailable'))
        : Reflect.get(target, name),
  });
  const registry = {
    issuing: (token: string) =>
      token === 'unknown' ? undefined : { config: { id: 'generic' }, verifyLogoutToken: verify },
  } as unknown as ProviderRegistry;
  return new BackchannelLogoutService(
    registry,
    new SessionDirectory(store, world.clock, sessionConfig, world.log),
    new LogoutMarks(store, world.clock, sessionConfig),
    world.log,
    world.audit,
  );
}

async function login(): Promise<string> {
  const id = randomToken();
  await world.records.create(id, newLogin());
  world.commands.length = 0;
  return id;
}

const kindOf = async (id: string): Promise<string> =>
  (await world.records.read(id, { touch: false })).kind;

describe('a logout that a provider sends', () => {
  it('is marked before the sessions end, and remembered after', async () => {
    const id = await login();
    await service().carryOut('token');
    const steps = ['isRemembered', 'markLogout', 'endMany', 'remember'];
    expect(world.commands.filter((command) => steps.includes(command))).toEqual(steps);
    expect(await kindOf(id)).toBe('anonymous');
    expect(world.log.events.at(-1)).toEqual({
      name: 'logout.backchannel',
      fields: { provider: 'generic', ended: 1 },
    });
  });

  it('has no effect when it comes again', async () => {
    await service().carryOut('token');
    const id = await login();
    await service().carryOut('token');
    expect(world.commands).toEqual(['isRemembered']);
    expect(await kindOf(id)).toBe('live');
  });

  it.each<keyof Store>(['isRemembered', 'markLogout', 'scanIndex', 'endMany', 'remember'])(
    'fails when the store does (%s), and is carried out when it comes again (P-53)',
    async (command) => {
      const id = await login();
      failing = command;
      const one = service();
      await expect(one.carryOut('token')).rejects.toMatchObject({ code: 'store_unavailable' });
      failing = undefined;
      await one.carryOut('token');
      expect(await kindOf(id)).toBe('anonymous');
    },
  );

  it('is refused when nobody here knows the issuer, or when the provider does', async () => {
    const id = await login();
    const refusal = new VestibuleError('logout_token_rejected');
    await expect(service().carryOut('unknown')).rejects.toMatchObject({ code: refusal.code });
    await expect(service(() => Promise.reject(refusal)).carryOut('token')).rejects.toBe(refusal);
    expect(await kindOf(id)).toBe('live');
  });
});
