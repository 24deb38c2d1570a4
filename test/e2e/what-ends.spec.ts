import { jsonOf, locationOf } from '../support/http-exchange.js';
import { registerForLogouts } from '../support/logout-tokens.js';
import { PATHS } from '../support/op-host.js';
import { Stage } from '../support/stage.js';
import type { UserAgent } from '../support/user-agent.js';

const LIFE_MS = 300_000;
const IDLE_MS = 30 * 60_000;

/** What a login leaves: the session here, the one at the provider, and the refresh token. */
type Part = 'here' | 'provider' | 'grant';

/** Why the session here ended, by what ended first. README has this as a table (What ends with what). */
const REASON: Readonly<Record<Part, string>> = {
  here: 'logout',
  provider: 'backchannel',
  grant: 'refresh_failed',
};

describe('a session here, the one at the provider and the refresh token', () => {
  let stage: Stage;
  let person: UserAgent;
  let cookie: string;
  beforeEach(async () => {
    stage = await Stage.open();
    registerForLogouts(stage);
    person = await stage.member();
    cookie = await stage.cookieOf(person);
  });
  afterEach(() => stage.close());

  /** Asked with a copy of the cookie, which a logout does not take back. */
  async function stateHere(): Promise<unknown> {
    const view = jsonOf(await stage.send(stage.url('/session'), { headers: { cookie } }));
    return view['authenticated'] === true ? 'live' : view['reason'];
  }

  /** Asks the provider as a silent login does, and goes no further. */
  async function isKnownToProvider(): Promise<boolean> {
    const login = await person.load(stage.url('/login?prompt=none'));
    const answer = await person.load(locationOf(login).href, { site: 'same-site' });
    return !locationOf(answer).searchParams.has('error');
  }

  const END: Readonly<Record<Part, () => Promise<void>>> = {
    here: async () => {
      const answer = await stage.call(person, '/logout', { method: 'POST' });
      expect(answer.status).toBe(200);
    },
    provider: async () => {
      const page = await person.visit(`${stage.op.issuer}${PATHS.endSession}`);
      expect((await person.submit({ logout: 'yes' }, page)).status).toBe(200);
    },
    grant: async () => {
      stage.op.forget('RefreshToken');
      stage.clock.advance(LIFE_MS);
      expect((await stage.call(person)).status).toBe(401);
    },
  };

  it.each<[Part, Part, Part]>([
    ['here', 'provider', 'grant'],
    ['here', 'grant', 'provider'],
    ['provider', 'here', 'grant'],
    ['provider', 'grant', 'here'],
    ['grant', 'here', 'provider'],
    ['grant', 'provider', 'here'],
  ])('end in any order, the first one decides: %s, %s, %s (E-03)', async (...order) => {
    expect([await stateHere(), await isKnownToProvider()]).toEqual(['live', true]);
    for (const [at, part] of order.entries()) {
      await END[part]();
      expect(await stateHere()).toBe(REASON[order[0]]);
      expect(await isKnownToProvider()).toBe(!order.slice(0, at + 1).includes('provider'));
    }
    await stage.logIn(person);
    expect(await stage.view(person)).toMatchObject({ authenticated: true });
  });

  it('do not all end when the first one ends by its age: the provider still knows the person (E-03)', async () => {
    stage.clock.advance(IDLE_MS + 1_000);
    expect(await stateHere()).toBe('idle');
    expect(await isKnownToProvider()).toBe(true);
    expect(stage.op.callsOf(PATHS.revoke)).toEqual([]);
  });
});

it('a session outlives the one at a provider that sends no logout tokens, until its next refresh is refused (E-03)', async () => {
  await using stage = await Stage.open();
  const person = await stage.member();
  const page = await person.visit(`${stage.op.issuer}${PATHS.endSession}`);
  await person.submit({ logout: 'yes' }, page);
  expect((await stage.call(person)).status).toBe(200);
  stage.op.forget('RefreshToken');
  expect((await stage.call(person)).status).toBe(200);
  stage.clock.advance(LIFE_MS);
  expect((await stage.call(person)).status).toBe(401);
  expect(await stage.view(person)).toMatchObject({ reason: 'refresh_failed' });
});
