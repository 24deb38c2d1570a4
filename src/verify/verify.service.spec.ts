import { configOf, LOOPBACK_ENV } from '../../test/support/config-env.js';
import { fakeExchange } from '../../test/support/fake-exchange.js';
import { FixedClock } from '../../test/support/fixed-clock.js';
import { liveSession } from '../../test/support/live-session.js';
import { tokenSet } from '../../test/support/session-fixtures.js';
import type { PolicyConfig } from '../config/config.types.js';
import type { Identity } from '../domain/identity.js';
import type { TokenSet } from '../domain/token-set.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import { OwnPage } from '../http/own-page.js';
import type { IdentityTelling } from '../identity/identity-telling.js';
import type { SessionReader } from '../session/session-reader.js';
import type { FreshTokens, TokenRefresher } from '../token/token-refresher.js';
import type { AskedRequest } from './asked-request.js';
import { VerifyService } from './verify.service.js';

const OURS = 'http://localhost:3000';
const FRIEND = 'http://localhost:8080';
const FOREIGN = 'http://evil.example';
const NOW_S = 1_000_000;
const config = configOf({ ...LOOPBACK_ENV, ALLOWED_ORIGINS: FRIEND });
const DEFAULT = config.policies.find(({ name }) => name === 'default');

interface World {
  readonly policy?: Partial<PolicyConfig>;
  readonly asked?: Partial<AskedRequest>;
  readonly headers?: Readonly<Record<string, string>>;
  /** What is known of who is there; undefined is nobody. */
  readonly who?: Partial<Identity> | undefined;
  readonly scope?: string;
  readonly fresh?: FreshTokens;
}

/** The headers that are handed on, or the code of the refusal. */
async function judge(world: World): Promise<unknown> {
  const { policy, asked, headers = {}, scope, fresh } = world;
  const who = 'who' in world ? world.who : {};
  const session = who && liveSession(who);
  const tokens = { counter: 1n, tokens: tokenSet(scope === undefined ? {} : { scope }) };
  const reader: Pick<SessionReader, 'read' | 'readWithTokens'> = {
    read: async () => (session ? { kind: 'live', session, id: 'id' } : { kind: 'anonymous' }),
    readWithTokens: async () =>
      session ? { kind: 'live', session, tokens, id: 'id' } : { kind: 'anonymous' },
  };
  const telling: Pick<IdentityTelling, 'ofNobody' | 'headersFor'> = {
    ofNobody: ['x-auth', ''],
    headersFor: async (_session, { way, audience }) => ['x-auth', `${way} ${audience}`],
  };
  const refresher: Pick<TokenRefresher, 'fresh'> = {
    fresh: async () => fresh ?? { kind: 'usable', tokens: tokens.tokens },
  };
  const service = new VerifyService(
    reader as SessionReader,
    telling as IdentityTelling,
    refresher as TokenRefresher,
    new OwnPage(config.csrf, config.server),
    config.server,
    new FixedClock(NOW_S * 1_000),
  );
  if (DEFAULT === undefined) throw new Error('the default policy is always there');
  try {
    return await service.admit(
      fakeExchange({ headers }),
      { ...DEFAULT, ...policy },
      { method: 'GET', certainty: 'told', isUpgrade: false, ...asked },
    );
  } catch (error) {
    if (!(error instanceof VestibuleError)) throw error;
    return error.code;
  }
}

const WELCOME = ['x-auth', 'both default'];
const REFUSED = 'csrf_refused';
const post = { method: 'POST' } as const;
const proof = { 'x-csrf': '1' };

describe('a policy', () => {
  it('lets in who has a session, and nobody else', async () => {
    expect(await judge({})).toEqual(WELCOME);
    expect(await judge({ who: undefined })).toBe('unauthenticated');
  });

  it.each<[string, World, unknown]>([
    ['carries the header', { asked: post, headers: proof }, WELCOME],
    [
      'carries it and comes from our page',
      { asked: post, headers: { ...proof, origin: OURS } },
      WELCOME,
    ],
    [
      'carries it and comes from a friend',
      { asked: post, headers: { ...proof, origin: FRIEND } },
      WELCOME,
    ],
    ['carries nothing', { asked: post }, REFUSED],
    ['comes from our page without it', { asked: post, headers: { origin: OURS } }, REFUSED],
    [
      'comes from elsewhere with it',
      { asked: post, headers: { ...proof, origin: FOREIGN } },
      REFUSED,
    ],
    [
      'comes from elsewhere by what the browser says',
      { asked: post, headers: { ...proof, 'sec-fetch-site': 'cross-site' } },
      REFUSED,
    ],
    ['carries another value', { asked: post, headers: { 'x-csrf': '0' } }, REFUSED],
    ['has a method that nobody knows', { asked: { method: 'FROB' } }, REFUSED],
    ['has a method in another spelling', { asked: { method: 'get' } }, REFUSED],
    ['is none', { headers: { origin: FOREIGN } }, WELCOME],
    ['is free to', { asked: post, policy: { csrf: false } }, WELCOME],
  ])('judges a call that may change something: one that %s', async (_how, world, outcome) => {
    expect(await judge(world)).toEqual(outcome);
  });

  it.each<[string, World, unknown]>([
    ['no origin', {}, WELCOME],
    ['our origin', { headers: { origin: OURS } }, WELCOME],
    ["a friend's origin", { headers: { origin: FRIEND } }, WELCOME],
    ['a foreign origin', { headers: { origin: FOREIGN } }, REFUSED],
    ['a hidden origin', { headers: { origin: 'null' } }, REFUSED],
    [
      'a foreign origin, where that is free to',
      { headers: { origin: FOREIGN }, policy: { csrf: false } },
      WELCOME,
    ],
  ])('where only a guess says that nothing changes: %s', async (_what, world, outcome) => {
    expect(await judge({ asked: { certainty: 'guessed' }, ...world })).toEqual(outcome);
  });

  it('refuses where somebody who is not trusted says what it is, unless that is free to', async () => {
    const asked = { certainty: 'unknown' } as const;
    expect(await judge({ asked, headers: proof })).toBe(REFUSED);
    expect(await judge({ asked, who: undefined })).toBe('unauthenticated');
    expect(await judge({ asked, policy: { csrf: false } })).toEqual(WELCOME);
  });

  it.each<[string, World, unknown]>([
    ['our page', { headers: { origin: OURS } }, WELCOME],
    ['a friend', { headers: { origin: FRIEND } }, WELCOME],
    ['elsewhere', { headers: { origin: FOREIGN } }, REFUSED],
    ['nowhere', {}, REFUSED],
    [
      'elsewhere without a rule for calls',
      { headers: { origin: FOREIGN }, policy: { csrf: false } },
      REFUSED,
    ],
    [
      'elsewhere, where that is free to',
      { headers: { origin: FOREIGN }, policy: { origin: false } },
      WELCOME,
    ],
    [
      'elsewhere as a call',
      {
        headers: { origin: FOREIGN },
        policy: { origin: false },
        asked: { ...post, isUpgrade: true },
      },
      REFUSED,
    ],
    [
      'elsewhere without a session',
      { headers: { origin: FOREIGN }, who: undefined },
      'unauthenticated',
    ],
  ])('judges a WebSocket: one from %s', async (_where, world, outcome) => {
    for (const certainty of ['told', 'guessed'] as const)
      expect(
        await judge({ ...world, asked: { isUpgrade: true, certainty, ...world.asked } }),
      ).toEqual(outcome);
  });
});

describe('a preflight', () => {
  const preflight = { origin: FRIEND, 'access-control-request-method': 'POST' };
  const asked = { method: 'OPTIONS' } as const;
  const policy = { preflight: true };
  const stranger = { who: undefined, asked, policy, headers: preflight };

  it('passes where it may, and nobody is told to be there', async () => {
    expect(await judge(stranger)).toEqual(['x-auth', '']);
    expect(await judge({ ...stranger, who: {} })).toEqual(['x-auth', '']);
  });

  it.each<[string, Partial<World>]>([
    ['it may not', { policy: {} }],
    ['it comes from elsewhere', { headers: { ...preflight, origin: FOREIGN } }],
    ['it comes from our own page, which never asks', { headers: { ...preflight, origin: OURS } }],
    ['it comes from nowhere', { headers: { 'access-control-request-method': 'POST' } }],
    ['it asks for nothing', { headers: { origin: FRIEND } }],
    ['it is a call', { asked: { method: 'POST' } }],
    ['it is told by somebody who is not trusted', { asked: { ...asked, certainty: 'unknown' } }],
  ])('does not pass where %s (ATK-19)', async (_why, change) => {
    expect(await judge({ ...stranger, ...change })).toBe('unauthenticated');
  });
});

describe('a policy that asks for more', () => {
  it('is met by a strong and recent login', async () => {
    const policy = { stepUp: { acr: ['gold'], maxAgeS: 600, scopes: ['write'] } };
    const who = { acr: 'gold', authTime: NOW_S };
    expect(await judge({ policy, who, scope: 'read write' })).toEqual(WELCOME);
    expect(await judge({ policy, who, scope: 'read' })).toBe('insufficient_scope');
    expect(await judge({ policy, who: { ...who, acr: 'bronze' } })).toBe('step_up_required');
    expect(await judge({ policy, who: { ...who, authTime: NOW_S - 601 } })).toBe(
      'step_up_required',
    );
    expect(await judge({ policy, who: { acr: 'bronze' }, asked: post })).toBe(REFUSED);
  });

  it.each<[unknown, unknown]>([
    [['staff', 'b'], WELCOME],
    [['b'], WELCOME],
    ['staff', WELCOME],
    [['Staff'], 'not_allowed'],
    [['staff,admins'], 'not_allowed'],
    ['staff,b', 'not_allowed'],
    [[], 'not_allowed'],
    [[['staff']], 'not_allowed'],
    [{ staff: true }, 'not_allowed'],
    [undefined, 'not_allowed'],
  ])('asks for a group: %j (ATK-68)', async (groups, outcome) => {
    const policy = { groups: ['staff', 'b'], groupsClaim: 'roles' };
    const claims = { ...(groups !== undefined && { roles: groups }), groups: ['staff'] };
    expect(await judge({ policy, who: { claims: claims as Identity['claims'] } })).toEqual(outcome);
  });

  it('tells as much as it is to', async () => {
    expect(await judge({ policy: { identity: 'headers', audience: 'x' } })).toEqual([
      'x-auth',
      'headers x',
    ]);
    expect(await judge({ policy: { identity: 'none' } })).toEqual(['x-auth', '']);
  });
});

describe('a policy that hands the access token on', () => {
  const policy = { authorization: true };
  const without: TokenSet = tokenSet();

  it.each<[string, FreshTokens | undefined, unknown]>([
    [
      'there is one',
      undefined,
      [...WELCOME, 'authorization', `Bearer ${without.accessToken ?? ''}`],
    ],
    ['the session ended meanwhile', { kind: 'ended', reason: 'refresh_failed' }, 'unauthenticated'],
    ['there is none at the moment', { kind: 'later' }, 'provider_unreachable'],
    ['there is none any more', { kind: 'exhausted' }, 'token_unavailable'],
  ])('answers as it is: %s', async (_what, fresh, outcome) => {
    expect(await judge({ policy, ...(fresh && { fresh }) })).toEqual(outcome);
  });
});
