import * as fc from 'fast-check';
import type { TokenSet } from '../../../src/domain/token-set.js';
import { VestibuleError } from '../../../src/errors/vestibule.error.js';
import { ErrorAnswer } from '../../../src/http/error-answer.js';
import { PublicUrl } from '../../../src/http/public-url.js';
import type { ProviderClient } from '../../../src/provider/provider-client.js';
import type { ProviderRegistry } from '../../../src/provider/provider-registry.js';
import { credentialsOf } from '../../../src/service/client-credentials.js';
import { CodeGrant } from '../../../src/service/code-grant.js';
import { OAuthErrorAnswer } from '../../../src/service/oauth-error-answer.js';
import { readParameters, type Parameters } from '../../../src/service/request-parameters.js';
import { ServiceAuthenticator } from '../../../src/service/service-authenticator.js';
import { SESSION_TOKEN, SessionExchange } from '../../../src/service/session-exchange.js';
import { TokenController } from '../../../src/service/token.controller.js';
import type { SessionReader } from '../../../src/session/session-reader.js';
import type { AudienceTokens } from '../../../src/token/audience-tokens.js';
import type { TokenRefresher } from '../../../src/token/token-refresher.js';
import { configOf, HTTPS_ENV } from '../../support/config-env.js';
import { RecordedAudit } from '../../support/recorded-audit.js';
import { rateLimits } from '../../support/rate-limits.js';
import { FixedClock } from '../../support/fixed-clock.js';
import { basicOf } from '../../support/service-caller.js';
import { tokenSet } from '../../support/session-fixtures.js';
import { given, givenLater, must, watchedLog } from '../expectations.js';
import { slowTarget, target, type FuzzTarget } from '../fuzz-target.js';
import { exchangeFor, fields } from '../inputs/requests.js';
import { changed, odd } from '../inputs/texts.js';

const SECRET = 'a+secret%of:a/service~of-32-characters';
const CALLBACK = 'https://service.example/cb';
const SERVICES = `
services:
  - { id: basic, secret: '${SECRET}', scopes: [introspect, token, code], redirectUris: ['${CALLBACK}'], audiences: [api], resources: ['urn:api'] }
  - { id: post, secret: '${SECRET}', auth: client_secret_post, scopes: [code], redirectUris: ['${CALLBACK}'], codeShape: plain }
  - { id: local, auth: none, scopes: [code], redirectUris: ['${CALLBACK}'] }
`;
const config = configOf({ ...HTTPS_ENV, CONFIG_FILE: 'f' }, { files: { f: SERVICES } });
const clock = new FixedClock();
const BASIC = basicOf('basic', SECRET);

const FORMS = [
  '',
  'token=x',
  'grant_type=authorization_code&code=c',
  'client_id=post&client_secret=x',
  'token=a&token=b',
  'a=&b=c',
  'client_id=basic&token=x',
  'client_assertion=x&client_assertion_type=y',
  'grant_type=&code=',
  `client_id=post&client_secret=${encodeURIComponent(SECRET)}`,
];
const JSONS = [
  '{}',
  '{"token":"x"}',
  '{"a":1}',
  '{"a":"b","a":"c"}',
  '[]',
  '{"client_id":"post","client_secret":"x"}',
];
const parameters = slowTarget({
  name: 'parameters of a service',
  files: ['service/request-parameters.ts', 'http/form.ts', 'http/json-body.ts', 'http/body.ts'],
  inputs: fc.record({
    type: fc.constantFrom(
      'application/x-www-form-urlencoded',
      'application/json',
      'text/plain',
      '',
    ),
    json: fc.boolean(),
    text: fc.oneof(changed(FORMS), changed(JSONS)),
  }),
  check: async ({ type, json, text }) => {
    const exchange = exchangeFor({
      method: 'POST',
      fields: type === '' ? [] : [['content-type', type]],
      body: text,
    });
    const read = await givenLater(
      ['bad_request', 'payload_too_large', 'unsupported_media_type'],
      () => readParameters(exchange, { json }),
    );
    if (read === undefined) return;
    for (const value of read.values())
      must(typeof value === 'string' && value !== '', 'an empty parameter');
    if (type.includes('form')) {
      const names = [
        ...new URLSearchParams(
          Buffer.from(text)
            .toString()
            .replace(/^\ufeff/, ''),
        ).keys(),
      ];
      must(new Set(names).size === names.length, 'a repeated parameter was taken');
    }
  },
});

const AUTHORIZATIONS = [
  BASIC,
  basicOf('basic', 'wrong'),
  basicOf('post', SECRET),
  'Basic',
  'Basic =',
  'basic YTpi',
  'Bearer x',
  `Basic ${Buffer.from('a').toString('base64')}`,
  `Basic ${Buffer.from('%zz:%').toString('base64')}`,
  `Basic ${Buffer.from(`basic:${SECRET}`).toString('base64')}`,
  BASIC.toLowerCase(),
];
const headers = fields(
  {
    authorization: AUTHORIZATIONS,
    origin: ['https://evil.example', 'null'],
    'sec-fetch-site': ['none'],
  },
  2,
);
const someParameters = fc.array(
  fc.tuple(
    fc.constantFrom('client_id', 'client_secret', 'client_assertion', 'token'),
    fc.oneof(fc.constantFrom('basic', 'post', 'local', SECRET, 'x'), changed([SECRET, 'post'], 1)),
  ),
  { maxLength: 3 },
);

const credentials = slowTarget({
  name: 'credentials of a service',
  files: [
    'service/client-credentials.ts',
    'service/service-authenticator.ts',
    'limit/rate-limits.ts',
  ],
  inputs: fc.record({
    headers,
    sent: someParameters,
    peers: fc.integer({ min: 0, max: 9 }),
    scope: fc.constantFrom('introspect', 'token', 'sessions', 'by-grant'),
  }),
  check: async ({ headers: headed, sent, scope, peers }) => {
    // A peer that fails too often is not looked at any more: each input comes from one that has a few left.
    const services = new ServiceAuthenticator(
      config.services,
      rateLimits(),
      watchedLog([SECRET]),
      new RecordedAudit(),
    );
    const exchange = exchangeFor({ fields: headed, peer: `127.0.0.${peers}` });
    const found = given(['bad_request'], () => credentialsOf(exchange, new Map(sent)));
    const service = await givenLater(
      ['invalid_client', 'too_many_failures', 'service_not_permitted', 'bad_request'],
      () => services.authenticate(exchange, new Map(sent), { service: scope as 'by-grant' }),
    );
    if (service === undefined) return;
    must(found?.method === service.auth, 'by another method than it is registered for');
    must(
      service.auth === 'none' || ('secret' in found && found.secret === SECRET),
      'by another secret',
    );
    must(
      service.auth !== 'none' ||
        headed.every(([name]) => !['origin', 'sec-fetch-site'].includes(name)),
      'a page in a browser',
    );
    must(scope === 'by-grant' || service.scopes.includes(scope), 'without the scope');
  },
});

const failing = slowTarget({
  name: 'a service that goes on failing',
  files: ['limit/rate-limits.ts', 'store/memory/memory-counters.ts'],
  inputs: fc.record({
    times: fc.integer({ min: 1, max: 14 }),
    service: fc.constantFrom('basic', null),
  }),
  check: async ({ times, service }) => {
    const limits = rateLimits();
    const exchange = exchangeFor({});
    const [guesser, other] = ['127.0.0.1', '127.0.0.2'].map((peer) => `${service ?? ''} ${peer}`);
    if (guesser === undefined || other === undefined) return;
    for (let count = 0; count < times; count += 1)
      await limits.failed(exchange, 'secrets', guesser);
    must(limits.isSpent(exchange, 'secrets', guesser) === times >= 10, 'it may guess on');
    must(!limits.isSpent(exchange, 'secrets', other), 'another address is locked out');
  },
});

const NONCE = 'N'.repeat(43);
/** Redeems everything that it is asked to. */
const provider = {
  config: config.providers[0],
  redeemHandedIn: (code: string, request: { readonly nonce?: string }) => {
    if (code === 'refused') return Promise.resolve({ kind: 'refused', error: 'invalid_grant' });
    must(code !== '' && (request.nonce ?? NONCE) !== '', 'an empty member went on');
    return Promise.resolve({ kind: 'redeemed', tokens: tokenSet() });
  },
} as unknown as ProviderClient;
const registry = {
  all: [provider],
  find: (id: string) => (id === provider.config.id ? provider : undefined),
} as unknown as ProviderRegistry;
const sessionOf = (value: string): unknown =>
  ['live', 'later', 'ended', 'exhausted'].includes(value)
    ? { kind: 'live', id: value, tokens: { counter: 1n, tokens: tokenSet() } }
    : { kind: 'anonymous' };
const reader = {
  readHandedIn: (value: string) => Promise.resolve(sessionOf(value)),
} as unknown as SessionReader;
const refresher = {
  fresh: (id: string) =>
    Promise.resolve(id === 'live' ? { kind: 'usable', tokens: tokenSet() } : { kind: id }),
} as unknown as TokenRefresher;
const audiences = {
  get: (_id: string, _held: unknown, wanted: { readonly key: string }) => {
    const tokens: TokenSet = tokenSet({
      audiences: { [wanted.key]: { accessToken: 'b', obtainedAt: 0 } },
    });
    return Promise.resolve({ kind: 'usable', tokens });
  },
} as unknown as AudienceTokens;
const authenticator = new ServiceAuthenticator(
  config.services,
  rateLimits(),
  watchedLog(),
  new RecordedAudit(),
);
const controller = new TokenController(
  authenticator,
  new CodeGrant(registry),
  new SessionExchange(reader, refresher, audiences, clock),
  watchedLog(),
  new RecordedAudit(),
);
const oauth = new OAuthErrorAnswer(
  new ErrorAnswer(watchedLog(), new PublicUrl(config.server), new RecordedAudit()),
);
const TOKEN_CODES = [
  'bad_request',
  'invalid_grant',
  'invalid_scope',
  'invalid_target',
  'unauthorized_client',
  'unsupported_grant_type',
  'provider_unreachable',
] as const;
const VALUES: Readonly<Record<string, readonly string[]>> = {
  grant_type: [
    'authorization_code',
    'urn:ietf:params:oauth:grant-type:token-exchange',
    'refresh_token',
  ],
  code: ['a-code', 'refused'],
  redirect_uri: [CALLBACK, `${CALLBACK}/`, 'https://evil.example'],
  code_verifier: ['v'.repeat(43), 'v'.repeat(42), 'v'.repeat(129), `${'v'.repeat(43)}+`],
  nonce: [NONCE],
  provider: ['generic', 'other'],
  subject_token: ['live', 'later', 'ended', 'exhausted', 'nobody'],
  subject_token_type: [SESSION_TOKEN, 'urn:ietf:params:oauth:token-type:jwt'],
  requested_token_type: [
    'urn:ietf:params:oauth:token-type:access_token',
    'urn:ietf:params:oauth:token-type:id_token',
  ],
  audience: ['api', 'other'],
  resource: ['urn:api', 'urn:other'],
  scope: ['openid'],
  actor_token: ['x'],
};
const likely = fc.record(
  Object.fromEntries(
    Object.entries(VALUES).map(([name, [first = '', ...others]]) => [
      name,
      fc.oneof(
        { weight: 5, arbitrary: fc.constant(first) },
        { weight: 1, arbitrary: fc.constantFrom(first, ...others) },
        { weight: 1, arbitrary: odd },
      ),
    ]),
  ),
  {
    requiredKeys: [
      'grant_type',
      'code',
      'redirect_uri',
      'code_verifier',
      'subject_token',
      'subject_token_type',
    ],
  },
);

const tokenRequest = slowTarget({
  name: 'token request of a service',
  files: [
    'service/token.controller.ts',
    'service/code-grant.ts',
    'service/session-exchange.ts',
    'service/token-response.ts',
    'service/oauth-error-answer.ts',
  ],
  inputs: fc.record({
    sent: likely,
    left: fc.subarray(Object.keys(VALUES)),
    whole: fc.boolean(),
    service: fc.constantFrom('basic', 'post'),
  }),
  check: async ({ sent, left, whole, service: id }) => {
    const entries = Object.entries(sent as Record<string, string>).filter(
      ([name, value]) =>
        value !== '' &&
        (whole ? !['scope', 'actor_token', 'provider'].includes(name) : !left.includes(name)),
    );
    const read: Parameters = new Map(entries);
    const exchange = exchangeFor({ method: 'POST', path: '/token' });
    const service = config.services.find((one) => one.id === id)!;
    try {
      await controller.token(exchange, { service, parameters: read });
    } catch (error) {
      if (
        !(error instanceof VestibuleError) ||
        !(TOKEN_CODES as readonly string[]).includes(error.code)
      )
        throw error;
      oauth.send(exchange, error);
      const told = exchange.res.json as Record<string, unknown>;
      must(
        exchange.res.statusCode === error.status && typeof told['error'] === 'string',
        'no error of OAuth',
      );
      return;
    }
    const told = exchange.res.json as Record<string, unknown>;
    must(
      told['token_type'] === 'Bearer' && told['refresh_token'] === undefined,
      'more than the service may have',
    );
    const isCode = (read.get('grant_type') ?? 'authorization_code') === 'authorization_code';
    must(
      !isCode || [CALLBACK, undefined].includes(read.get('redirect_uri')),
      'at a redirect URI of somebody else',
    );
    must(isCode || read.get('subject_token') === 'live', 'without a session');
    must(
      isCode || ['api', undefined].includes(read.get('audience')),
      'for an API of somebody else',
    );
    must(!read.has('scope'), 'with a scope of its own');
  },
});

const oauthError = target({
  name: 'error of OAuth',
  files: ['service/oauth-error-answer.ts'],
  inputs: fc.record({
    text: odd,
    isOurs: fc.boolean(),
    code: fc.constantFrom(
      'bad_request',
      'not_allowed',
      'login_rejected',
      'store_unavailable',
      'draining',
      'payload_too_large',
    ),
  }),
  check: ({ text, isOurs, code }) => {
    const exchange = exchangeFor({ method: 'POST' });
    oauth.send(
      exchange,
      isOurs ? new VestibuleError(code, { members: { error_description: text } }) : new Error(text),
    );
    const told = exchange.res.json as Record<string, unknown>;
    must(typeof told['error'] === 'string' && exchange.res.statusCode >= 400, 'no error');
    must(
      isOurs || !exchange.res.body.includes(JSON.stringify(text)) || text.length < 4,
      'it tells what failed inside',
    );
  },
});

export const serviceTargets: readonly FuzzTarget[] = [
  parameters,
  credentials,
  failing,
  tokenRequest,
  oauthError,
];
