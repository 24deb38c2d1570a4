import * as fc from 'fast-check';
import { toCallbackParameters } from '../../../src/auth/app-answer.js';
import { BrowserBinding } from '../../../src/auth/browser-binding.js';
import { CallbackService, type Arrival } from '../../../src/auth/callback.service.js';
import { LoginRequests } from '../../../src/auth/login-requests.js';
import { LoginTransactions } from '../../../src/auth/login-transactions.js';
import { LogoutState } from '../../../src/auth/logout-state.js';
import { ReturnTo } from '../../../src/auth/return-to.js';
import { VestibuleError } from '../../../src/errors/vestibule.error.js';
import { PublicUrl } from '../../../src/http/public-url.js';
import { ownPrefixes } from '../../../src/http/route-table.js';
import type { ProviderClient } from '../../../src/provider/provider-client.js';
import type { ProviderRegistry } from '../../../src/provider/provider-registry.js';
import type { SessionLifecycle } from '../../../src/session/session-lifecycle.js';
import { MemoryStore } from '../../../src/store/memory/memory.store.js';
import { configOf, HTTPS_ENV, testKey } from '../../support/config-env.js';
import { rateLimits } from '../../support/rate-limits.js';
import { FixedClock } from '../../support/fixed-clock.js';
import { newTransaction } from '../../support/login-fixtures.js';
import { corpusFor, faultOf } from '../../support/redirect-corpus.js';
import { given, givenLater, must, watchedLog } from '../expectations.js';
import { slowTarget, target, type FuzzTarget } from '../fuzz-target.js';
import { changedObject } from '../inputs/json-values.js';
import { exchangeFor } from '../inputs/requests.js';
import { changed } from '../inputs/texts.js';

const FRIEND = 'https://friend.example.com';
const APP_URI = 'https://app.example.com/signed-in?from=idp';
const FILE = `
providers:
  - { id: one, issuer: https://one.example, clientId: a, clientSecret: b, redirectUris: ['${APP_URI}'] }
  - { id: two, issuer: https://two.example, clientId: a, clientSecret: b, label: Two }
routes:
  - { name: api, prefix: /api, upstream: http://127.0.0.1:1 }
`;
const { OIDC_ISSUER: _i, OIDC_CLIENT_ID: _c, OIDC_CLIENT_SECRET: _s, ...BARE } = HTTPS_ENV;
const configs = ['', '/base'].map((base) =>
  configOf(
    {
      ...BARE,
      BASE_PATH: base,
      RETURN_ORIGINS: FRIEND,
      CONFIG_FILE: 'f',
      SESSION_KEYS: testKey('k1'),
    },
    { files: { f: FILE } },
  ),
);
const [config] = configs as [(typeof configs)[0] & object];
const realms = configs.map(({ server, routes }) => ({
  places: new ReturnTo(server, routes),
  // Which paths are ours is asked below: by the letter, as routes are matched.
  realm: { origin: server.origin, basePath: server.basePath, closed: [] },
  closed: [...ownPrefixes(), ...routes.map(({ prefix }) => prefix)],
}));
const PLACES = [
  ...corpusFor(config.server.origin),
  '/',
  '/orders',
  '/base/orders?a=b#c',
  '/base',
  '/a%20b',
  `${FRIEND}/x?y=z`,
  FRIEND,
  '/base/api/x',
  '/login',
  '/é',
];

const returnTo = target({
  name: 'return to',
  files: ['auth/return-to.ts', 'http/request-path.ts'],
  inputs: fc.record({
    value: fc.oneof(changed(PLACES), fc.constant(null)),
    at: fc.constantFrom(0, 1),
  }),
  check: ({ value, at }) => {
    const { places, realm, closed } = realms[at]!;
    const place = places.resolve(value ?? undefined);
    must(places.resolve(place) === place, 'judged again it is another place');
    if (place.startsWith('http')) {
      must(new URL(place).origin === FRIEND, 'it leads to a stranger');
      return;
    }
    const fault = faultOf(place, realm);
    must(fault === undefined, fault ?? '');
    const path = decodeURIComponent(new URL(place, realm.origin).pathname).slice(
      realm.basePath.length,
    );
    must(!closed.some((one) => path === one || path.startsWith(`${one}/`)), 'it leads to a route');
  },
});

const providers = config.providers.map((one) => ({ config: one }) as ProviderClient);
const registry = {
  all: providers,
  named: (id: string) => {
    const found = providers.find((one) => one.config.id === id);
    if (found === undefined) throw new VestibuleError('unknown_provider');
    return found;
  },
} as unknown as ProviderRegistry;
const requests = new LoginRequests(
  registry,
  realms[0]!.places,
  new PublicUrl(config.server),
  config.login,
);
const QUERIES = [
  '',
  'provider=one',
  'provider=two&return_to=/orders',
  'iss=https://one.example&target_link_uri=/x&login_hint=al',
  `redirect_uri=${encodeURIComponent(APP_URI)}`,
  `provider=two&redirect_uri=${encodeURIComponent(APP_URI)}`,
  'prompt=none&max_age=60&ui_locales=de&acr_values=x&login_hint=a',
  'max_age=-1',
  'healed=1&return_to=%2Fa',
  'iss=',
  'iss=https://one.example&provider=one',
  'provider=one&provider=one',
  'scope=openid&state=x&nonce=y',
  'prompt=&max_age=',
  `iss=https://one.example&login_hint=${'x'.repeat(1_025)}`,
];
const loginRequest = target({
  name: 'login request',
  files: ['auth/login-requests.ts', 'auth/return-to.ts', 'http/form.ts'],
  inputs: fc.record({ query: changed(QUERIES), posted: fc.boolean() }),
  check: ({ query, posted }) => {
    const parameters = new URLSearchParams(query);
    const codes = ['unknown_provider', 'bad_request'] as const;
    if (posted) {
      const asked = given(codes, () => requests.initiated(parameters));
      if (asked === undefined) return;
      must(
        given(codes, () => requests.read(new URLSearchParams(asked))) !== undefined,
        'not to be asked again',
      );
      return;
    }
    const reading = given(codes, () => requests.read(parameters));
    if (reading === undefined) return;
    if (reading.kind === 'choose') {
      must(reading.choices.length > 1, 'no choice');
      for (const { query: again } of reading.choices)
        must(requests.read(new URLSearchParams(again)).kind === 'request', 'a choice that is none');
      return;
    }
    const { request } = reading;
    must(
      request.forApp
        ? request.redirectUri === APP_URI
        : /^https:\/\/app\.example\.com\/callback\/(?:one|two)$/.test(request.redirectUri),
      'a redirect URI of somebody else',
    );
    for (const [name, value] of Object.entries(request.parameters)) {
      must(config.login.parameters.includes(name) && value !== '', `the parameter ${name}`);
      must(parameters.getAll(name).length === 1, 'a repeated parameter was taken');
    }
    must(/^\d*$/.test(request.parameters['max_age'] ?? ''), 'max_age');
  },
});

const clock = new FixedClock();
const STATE = 'S'.repeat(43);
const BINDING = 'B'.repeat(43);
const REDEEMED = new Error('redeemed');
const asking = config.providers.map(
  (one) =>
    ({
      config: one,
      isIssuerOf: (parameters: URLSearchParams) =>
        Promise.resolve((parameters.get('iss') ?? one.issuer) === one.issuer),
      redeem: () => Promise.reject(REDEEMED),
    }) as unknown as ProviderClient,
);
const asked = {
  all: asking,
  named: (id: string) => asking.find((one) => one.config.id === id)!,
} as unknown as ProviderRegistry;
const store = new MemoryStore(clock);
afterAll(() => store.close());
const login = { ...config.login, transactionsPerBrowser: 4 };
const transactions = new LoginTransactions(store, clock, login, config.session);
const binding = new BrowserBinding(config.cookie);
const noSession = {
  start: () => Promise.reject(new Error('a session began')),
} as unknown as SessionLifecycle;
const callbacks = new CallbackService(
  asked,
  transactions,
  binding,
  rateLimits({ quotas: { callback: 'off' } }),
  noSession,
  watchedLog([STATE, BINDING]),
);
const CALLBACK_CODES = [
  'login_state_missing',
  'login_state_unknown',
  'login_rejected',
  'login_denied',
  'provider_unreachable',
  'bad_request',
] as const;
const ANSWERS = [
  `state=${STATE}&code=c`,
  `state=${STATE}&code=c&iss=https://one.example`,
  `state=${STATE}&code=c&iss=https://two.example`,
  `state=${STATE}&error=access_denied`,
  `state=${STATE}&error=login_required`,
  `state=${STATE}&error=server_error`,
  'code=c',
  `state=${STATE}&error=x&code=c`,
  `state=${STATE}`,
  `state=${STATE}&state=${STATE}&code=c`,
  `state=${STATE}&code=`,
  'state=x&code=c',
];
const BROWSERS = [
  `${config.cookie.loginName}=${BINDING}`,
  `a=b; ${config.cookie.loginName}=${BINDING}`,
  '',
  `${config.cookie.loginName}=x`,
];

const callback = slowTarget({
  name: 'callback',
  files: [
    'auth/callback.service.ts',
    'auth/login-transactions.ts',
    'auth/browser-binding.ts',
    'http/form.ts',
  ],
  inputs: fc.record({
    query: fc.oneof(fc.constantFrom(...ANSWERS), changed(ANSWERS, 2)),
    cookie: fc.oneof(
      { weight: 3, arbitrary: fc.constant(BROWSERS[0] ?? '') },
      { weight: 1, arbitrary: changed(BROWSERS, 1) },
    ),
    path: fc.constantFrom('one', 'two', 'three', null),
    byApp: fc.boolean(),
    forApp: fc.boolean(),
    transaction: fc.constantFrom('young', 'old', 'spent', 'healed', 'silent', 'moved'),
  }),
  check: async ({ query, cookie, path, byApp, forApp, transaction }) => {
    await begin(transaction, forApp);
    const parameters = new URLSearchParams(query);
    const arrival: Arrival = { ...(path !== null && { provider: path }), ...(byApp && { byApp }) };
    const exchange = exchangeFor({ fields: cookie === '' ? [] : [['cookie', cookie]] });
    let isRedeemed = false;
    const outcome = await givenLater(CALLBACK_CODES, async () => {
      try {
        return await callbacks.complete(exchange, parameters, arrival);
      } catch (error) {
        // The callback says of what goes wrong which login it is about, and keeps it as the cause.
        if (error !== REDEEMED && (error as Error).cause !== REDEEMED) throw error;
        isRedeemed = true;
        return undefined;
      }
    });
    must(outcome?.kind !== 'logged-in', 'a session without a provider');
    const isOurs = parameters.getAll('state').join() === STATE && cookie.includes(BINDING);
    must(isOurs || (outcome === undefined && !isRedeemed), 'a state of somebody else was taken');
    if (!isRedeemed) return;
    mustBeAnAnswer(parameters);
    must(transaction === 'young' || transaction === 'silent', 'a transaction was taken twice');
    must(path === 'one' && byApp === forApp, 'an answer by another way');
  },
});

/** A login at the provider `one`, in some state. */
async function begin(kind: string, forApp: boolean): Promise<void> {
  const issuer = kind === 'moved' ? 'https://old.example' : 'https://one.example';
  await transactions.begin(BINDING, {
    ...newTransaction({ state: STATE, provider: 'one', issuer }),
    createdAt: clock.now() - (kind === 'old' ? login.transactionMs + 1 : 0),
    ...(forApp && { forApp }),
    ...(kind === 'healed' && { healed: true }),
    ...(kind === 'silent' && { prompt: 'none' }),
  });
  if (kind === 'spent' || kind === 'healed') await transactions.take(BINDING, STATE);
}

function mustBeAnAnswer(parameters: URLSearchParams): void {
  must(parameters.getAll('code').length === 1 && !parameters.has('error'), 'no answer to redeem');
  must(
    (parameters.get('iss') ?? 'https://one.example') === 'https://one.example',
    'another issuer',
  );
}

const appAnswer = target({
  name: 'answer of an application',
  files: ['auth/app-answer.ts'],
  inputs: changedObject(
    { code: 'c', state: STATE, iss: 'https://one.example' },
    { error: ['x', null, 'x'.repeat(9_000)] },
  ),
  check: (body) => {
    const read = given(['bad_request'], () => toCallbackParameters(new Map(Object.entries(body))));
    for (const [name, value] of read ?? [])
      must(
        ['code', 'state', 'iss', 'error'].includes(name) &&
          String(body[name]).toWellFormed() === value,
        name,
      );
  },
});

const states = new LogoutState(binding, config.session);
const own = exchangeFor({ fields: [['cookie', BROWSERS[0] ?? '']] });
const issued = states.create(own);
const logoutState = target({
  name: 'logout state',
  files: ['auth/logout-state.ts'],
  // Its nonce is new in each run: the input says what becomes of it.
  inputs: fc.record({
    text: fc.oneof(changed(['{}', '{}.x', 'x.{}', '.', '']), fc.constant(null)),
    isOwn: fc.boolean(),
  }),
  check: ({ text, isOwn }) => {
    const state = text?.replace('{}', () => issued);
    const exchange = isOwn ? own : exchangeFor({});
    const passes = states.isOwn(exchange, state);
    must(
      passes === (isOwn && state?.split('.').slice(0, 2).join('.') === issued),
      'another state passes',
    );
  },
});

export const authTargets: readonly FuzzTarget[] = [
  returnTo,
  loginRequest,
  callback,
  appAnswer,
  logoutState,
];
