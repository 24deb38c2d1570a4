import { configOf, HTTPS_ENV } from '../../test/support/config-env.js';
import { fakeExchange } from '../../test/support/fake-exchange.js';
import { loginConfig, newTransaction } from '../../test/support/login-fixtures.js';
import { rateLimits } from '../../test/support/rate-limits.js';
import {
  newLogin,
  sessionConfig,
  sessionWorld,
  tokenSet,
} from '../../test/support/session-fixtures.js';
import { randomToken } from '../crypto/random.js';
import type { LoginTransaction } from '../domain/login-transaction.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import type { RateLimits } from '../limit/rate-limits.js';
import type { ProviderRegistry } from '../provider/provider-registry.js';
import type { SessionLifecycle } from '../session/session-lifecycle.js';
import { BrowserBinding } from './browser-binding.js';
import { CallbackService } from './callback.service.js';
import { LoginTransactions } from './login-transactions.js';

const { cookie } = configOf(HTTPS_ENV);
const browser = randomToken();
const CODE = 'the-code';
const SESSION_ID = randomToken();

let world: ReturnType<typeof sessionWorld>;
let transactions: LoginTransactions;
let steps: string[];

beforeEach(() => {
  world = sessionWorld();
  transactions = new LoginTransactions(world.store, world.clock, loginConfig, sessionConfig);
  steps = [];
});
afterEach(() => world.close());

interface World {
  readonly providers?: readonly string[];
  readonly isIssuer?: boolean;
  readonly limits?: RateLimits;
  readonly redeem?: () => Promise<unknown>;
  readonly start?: () => Promise<void>;
}

/** The service over a real transaction store, with a provider and a session that do as told. */
function service({
  providers = ['generic'],
  isIssuer = true,
  limits = rateLimits(),
  redeem,
  start,
}: World = {}): CallbackService {
  const provider = (id: string) => ({
    config: { id, issuer: newTransaction().issuer },
    isIssuerOf: async () => isIssuer,
    redeem: async () => {
      steps.push('redeem');
      return redeem === undefined
        ? { identity: newLogin().identity, tokens: tokenSet() }
        : redeem();
    },
    revoke: async () => void steps.push('revoke'),
  });
  const registry = { all: providers.map(provider), named: provider } as unknown as ProviderRegistry;
  const lifecycle = {
    start: async (...[, , { replaces }]: Parameters<SessionLifecycle['start']>) => {
      steps.push(`start${replaces === undefined ? '' : ` replacing ${replaces}`}`);
      await start?.();
      return SESSION_ID;
    },
  } as unknown as SessionLifecycle;
  return new CallbackService(
    registry,
    transactions,
    new BrowserBinding(cookie),
    limits,
    lifecycle,
    world.log,
  );
}

const callback = (as = browser, more: Readonly<Record<string, string>> = {}) =>
  fakeExchange({
    headers: { cookie: `${cookie.loginName}=${as}`, 'user-agent': 'Browser/1', ...more },
  });

async function begun(more: Partial<LoginTransaction> = {}): Promise<LoginTransaction> {
  const transaction = newTransaction({ createdAt: world.clock.now(), ...more });
  await transactions.begin(browser, transaction);
  return transaction;
}

const answer = (state: string, more: Record<string, string> = { code: CODE }) =>
  new URLSearchParams({ state, ...more });
const refusal = (code: string) => expect.objectContaining({ code });
const isThere = async ({ state }: LoginTransaction): Promise<boolean> =>
  (await transactions.peek(browser, state)) !== undefined;

describe('a good answer', () => {
  it('redeems the code, starts the session and leads on (J-13)', async () => {
    const { state } = await begun({ replaces: 'old-key' });
    await expect(service().complete(callback(), answer(state))).resolves.toEqual({
      kind: 'logged-in',
      returnTo: '/orders',
      sessionId: SESSION_ID,
    });
    expect(steps).toEqual(['redeem', 'start replacing old-key']);
    expect(world.log.count('login.succeeded')).toBe(1);
  });

  it('spends the state before the code', async () => {
    const transaction = await begun();
    const spent: boolean[] = [];
    const failing = service({
      redeem: async () => {
        spent.push(!(await isThere(transaction)));
        throw new VestibuleError('login_rejected');
      },
    });
    await expect(failing.complete(callback(), answer(transaction.state))).rejects.toEqual(
      refusal('login_rejected'),
    );
    expect(spent).toEqual([true]);
    expect(steps).toEqual(['redeem']);
  });

  it('is redeemed once when it comes twice at a time (J-34)', async () => {
    const { state } = await begun();
    const kinds = await Promise.all(
      [1, 2].map(async () => (await service().complete(callback(), answer(state))).kind),
    );
    expect(kinds.toSorted()).toEqual(['logged-in', 'stale']);
    expect(steps).toEqual(['redeem', 'start']);
  });

  it('leaves no tokens behind when the session cannot be saved', async () => {
    const { state } = await begun();
    const failing = service({
      start: () => Promise.reject(new VestibuleError('store_unavailable')),
    });
    await expect(failing.complete(callback(), answer(state))).rejects.toEqual(
      refusal('store_unavailable'),
    );
    expect(steps).toEqual(['redeem', 'start', 'revoke']);
  });
});

describe('an answer that is not one', () => {
  it.each<[string, string, (state: string) => string]>([
    ['no state', 'login_state_missing', () => `code=${CODE}`],
    ['neither code nor error', 'login_state_missing', (state) => `state=${state}`],
    [
      'both code and error',
      'login_state_missing',
      (state) => `state=${state}&code=${CODE}&error=x`,
    ],
    ['an empty code', 'login_state_missing', (state) => `state=${state}&code=`],
    ['an empty error', 'login_state_missing', (state) => `state=${state}&error=`],
    [
      'a code and an empty error',
      'login_state_missing',
      (state) => `state=${state}&code=${CODE}&error=`,
    ],
    ['a state of another shape', 'login_state_unknown', () => `state=short&code=${CODE}`],
    ['a repeated state', 'bad_request', (state) => `state=${state}&state=${state}&code=${CODE}`],
    ['a repeated code', 'bad_request', (state) => `state=${state}&code=${CODE}&code=other`],
    ['a repeated iss', 'bad_request', (state) => `state=${state}&code=${CODE}&iss=a&iss=b`],
  ])('%s is refused and spends nothing', async (_what, code, query) => {
    const transaction = await begun();
    world.commands.length = 0;
    const parameters = new URLSearchParams(query(transaction.state));
    await expect(service().complete(callback(), parameters)).rejects.toEqual(refusal(code));
    expect(world.commands).toEqual([]);
    expect(await isThere(transaction)).toBe(true);
  });

  it.each<[string, string]>([
    ['another browser', randomToken()],
    ['a binding of another shape', 'x'],
    ['no binding', ''],
  ])('a state that belongs to another browser is refused and not spent: %s', async (_what, as) => {
    const transaction = await begun();
    await expect(service().complete(callback(as), answer(transaction.state))).rejects.toEqual(
      refusal('login_state_unknown'),
    );
    expect(await isThere(transaction)).toBe(true);
    expect(steps).toEqual([]);
  });
});

describe('an answer of somebody else than the provider that was asked', () => {
  it.each([[{ code: CODE }], [{ error: 'access_denied' }]])(
    'consumes nothing: %j',
    async (more) => {
      const transaction = await begun();
      const parameters = answer(transaction.state, { ...more, iss: 'https://evil.example' });
      await expect(service({ isIssuer: false }).complete(callback(), parameters)).rejects.toEqual(
        refusal('login_rejected'),
      );
      expect(await isThere(transaction)).toBe(true);
      expect(steps).toEqual([]);
    },
  );

  it.each<[readonly string[], string | undefined, boolean]>([
    [['generic'], undefined, true],
    [['generic'], 'generic', true],
    [['generic'], 'other', false],
    [['generic', 'other'], 'generic', true],
    [['generic', 'other'], 'other', false],
    [['generic', 'other'], undefined, false],
  ])(
    'of the providers %j an answer at the path of %p passes: %s',
    async (providers, path, passes) => {
      const { state } = await begun();
      const arrival = path === undefined ? {} : { provider: path };
      const outcome = service({ providers }).complete(callback(), answer(state), arrival);
      if (passes) await expect(outcome).resolves.toMatchObject({ kind: 'logged-in' });
      else await expect(outcome).rejects.toEqual(refusal('login_rejected'));
    },
  );
});

describe('an answer to a request of an earlier configuration', () => {
  it('consumes nothing when the provider of that name has another issuer now (H-14)', async () => {
    const transaction = await begun({ issuer: 'https://former.example' });
    await expect(service().complete(callback(), answer(transaction.state))).rejects.toEqual(
      refusal('login_rejected'),
    );
    expect(await isThere(transaction)).toBe(true);
    expect(steps).toEqual([]);
  });
});

describe('what is no page load', () => {
  const FETCH = { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' };
  const once = () => rateLimits({ quotas: { callback: { quota: 1, windowMs: 60_000 } } });

  it.each<[string, Readonly<Record<string, string>>]>([
    ['an image', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }],
    ['a fetch', FETCH],
    ['a frame', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }],
    ['a mode without a destination', { 'sec-fetch-mode': 'navigate' }],
    ['a destination without a mode', { 'sec-fetch-dest': 'document' }],
    ['a speculative load', { 'sec-purpose': 'prefetch' }],
  ])('is refused before it is counted, and spends nothing: %s', async (_what, headers) => {
    const limited = service({ limits: once() });
    const { state } = await begun();
    for (const asked of [state, randomToken()])
      await expect(limited.complete(callback(browser, headers), answer(asked))).rejects.toEqual(
        refusal('not_a_navigation'),
      );
    await expect(limited.complete(callback(), answer(state))).resolves.toMatchObject({
      kind: 'logged-in',
    });
  });

  it('is what a script of the application sends, and that is taken', async () => {
    const { state } = await begun({ forApp: true });
    await expect(
      service().complete(callback(browser, FETCH), answer(state), { byApp: true }),
    ).resolves.toMatchObject({ kind: 'logged-in' });
  });
});

describe('an answer that an application hands in', () => {
  const handedIn = (state: string, more?: Record<string, string>) =>
    service().complete(callback(), answer(state, more), { byApp: true });

  it('starts the session when the application was the redirect URI', async () => {
    const { state } = await begun({ forApp: true });
    await expect(handedIn(state)).resolves.toMatchObject({
      kind: 'logged-in',
      sessionId: SESSION_ID,
    });
    expect(steps).toEqual(['redeem', 'start']);
  });

  it.each([
    ['an application hands in what was to come to us', false],
    ['a redirect brings what was to come to the application', true],
  ])('consumes nothing when %s', async (_what, forApp) => {
    for (const more of [{ code: CODE }, { error: 'access_denied' }]) {
      const transaction = await begun({ forApp });
      const outcome = service().complete(callback(), answer(transaction.state, more), {
        byApp: !forApp,
      });
      await expect(outcome).rejects.toEqual(refusal('login_rejected'));
      expect(await isThere(transaction)).toBe(true);
    }
    expect(steps).toEqual([]);
  });

  it('is not healed: the application decides what comes next', async () => {
    const [used, old] = [await begun({ forApp: true }), await begun({ forApp: true })];
    await transactions.take(browser, used.state);
    await expect(handedIn(used.state)).rejects.toEqual(refusal('login_state_unknown'));
    world.pass(loginConfig.transactionMs);
    await expect(handedIn(old.state)).rejects.toEqual(refusal('login_state_unknown'));
    expect(world.log.count('login.healed')).toBe(0);
    expect(steps).toEqual([]);
  });

  it('may be that nobody is logged in at the provider', async () => {
    const { state } = await begun({ forApp: true, prompt: 'none' });
    await expect(handedIn(state, { error: 'login_required' })).resolves.toMatchObject({
      kind: 'not-logged-in',
    });
  });
});

describe('an error of the provider', () => {
  const refused = async (error: string, more: Partial<LoginTransaction> = {}) => {
    const { state } = await begun(more);
    return service().complete(callback(), answer(state, { error, error_description: 'hunter2' }));
  };

  it.each([
    ['access_denied', 'login_denied', 'access_denied'],
    ['server_error', 'provider_unreachable', 'server_error'],
    ['temporarily_unavailable', 'provider_unreachable', 'temporarily_unavailable'],
    ['login_required', 'login_denied', 'login_required'],
    ['<script>', 'login_denied', 'another error of the provider'],
  ])('%s is %s', async (error, code, detail) => {
    await expect(refused(error)).rejects.toEqual(expect.objectContaining({ code, detail }));
    expect(steps).toEqual([]);
  });

  it.each([
    'login_required',
    'interaction_required',
    'consent_required',
    'account_selection_required',
  ])('of a silent login leads back: %s', async (error) => {
    await expect(refused(error, { prompt: 'none' })).resolves.toEqual({
      kind: 'not-logged-in',
      returnTo: '/orders',
    });
  });

  it('of a silent login that is no question for the person stays an error', async () => {
    await expect(refused('access_denied', { prompt: 'none' })).rejects.toEqual(
      refusal('login_denied'),
    );
  });
});

describe('a stale answer', () => {
  it('is healed when it was used or is too old', async () => {
    const [used, old] = [await begun(), await begun()];
    await transactions.take(browser, used.state);
    const stale = { kind: 'stale', returnTo: '/orders' };
    await expect(service().complete(callback(), answer(used.state))).resolves.toEqual(stale);
    world.pass(loginConfig.transactionMs);
    await expect(service().complete(callback(), answer(old.state))).resolves.toEqual(stale);
    expect(steps).toEqual([]);
  });

  it('is healed once, not in a circle', async () => {
    const { state } = await begun({ healed: true });
    await transactions.take(browser, state);
    await expect(service().complete(callback(), answer(state))).rejects.toEqual(
      refusal('login_state_unknown'),
    );
  });
});
