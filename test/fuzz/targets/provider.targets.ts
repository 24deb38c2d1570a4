import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import type { ProviderConfig } from '../../../src/config/provider-config.types.js';
import type { Identity } from '../../../src/domain/identity.js';
import type { TokenSet } from '../../../src/domain/token-set.js';
import { ProviderClient } from '../../../src/provider/provider-client.js';
import { ProviderIdentity } from '../../../src/provider/provider-identity.js';
import { ProviderKeys } from '../../../src/provider/provider-keys.js';
import { ProviderMetadata } from '../../../src/provider/provider-metadata.js';
import { retryAfterIn } from '../../../src/provider/provider-errors.js';
import { ProviderRegistry } from '../../../src/provider/provider-registry.js';
import type { ProviderFetch } from '../../../src/provider/provider-fetch.js';
import { fetchServerMetadata } from '../../../src/provider/server-metadata.js';
import { findMisfits, refusesS256 } from '../../../src/provider/metadata-fit.js';
import { TokenEndpoint } from '../../../src/provider/token-endpoint.js';
import { TokenGrants } from '../../../src/provider/token-grants.js';
import { TokenVerifier } from '../../../src/provider/token-verifier.js';
import { UserinfoEndpoint } from '../../../src/provider/userinfo-endpoint.js';
import { FixedClock } from '../../support/fixed-clock.js';
import { newTransaction } from '../../support/login-fixtures.js';
import { tokenSet } from '../../support/session-fixtures.js';
import { givenLater, must, watchedLog } from '../expectations.js';
import { slowTarget, target, type FuzzTarget } from '../fuzz-target.js';
import { changedObject, type JsonObject } from '../inputs/json-values.js';
import {
  ENCRYPTED,
  ISSUER,
  providerConfigs,
  sealed,
  SEALS,
  type Seal,
} from '../inputs/provider-ways.js';
import { asFieldValue } from '../inputs/requests.js';
import { changed } from '../inputs/texts.js';
import {
  CLIENT_SECRET,
  forged,
  forgeries,
  isSigned,
  PUBLIC_JWK,
  type Forgery,
} from '../inputs/tokens.js';

const clock = new FixedClock();
const NOW_S = Math.floor(clock.now() / 1000);
const NONCE = 'N'.repeat(43);
const ACCESS = 'A'.repeat(50);
const REFRESH = 'R'.repeat(50);

/** An answer of a provider: a status, a type, a body, and what else its head says. */
interface Told {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly retryAfter: string;
}

const STATUSES = [200, 200, 200, 200, 200, 201, 204, 302, 400, 401, 403, 404, 429, 500, 503];
const TYPES = [
  'application/json',
  'application/json',
  'application/json; charset=utf-8',
  'application/jwt',
  'text/html',
  '',
  'application/jwk-set+json',
];
const RETRIES = [
  '',
  '',
  '5',
  '0',
  '-1',
  '999999',
  '9999999',
  'Wed, 21 Oct 2026 07:28:00 GMT',
  'soon',
  '1e3',
];

function toldOf(body: fc.Arbitrary<string>): fc.Arbitrary<Told> {
  return fc.oneof(
    {
      weight: 3,
      arbitrary: body.map((one) => ({
        status: 200,
        type: 'application/json',
        body: one,
        retryAfter: '',
      })),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        status: fc.constantFrom(...STATUSES),
        type: fc.constantFrom(...TYPES),
        body: fc.oneof(
          body,
          changed([
            '',
            '{}',
            '[]',
            'null',
            '{"error":"invalid_grant"}',
            '{"error":"invalid_client"}',
            '<html>',
            '{"error":1}',
          ]),
        ),
        retryAfter: fc.oneof(fc.constantFrom(...RETRIES), changed(RETRIES, 1).map(asFieldValue)),
      }),
    },
  );
}

/** What an authorization server says in place of tokens (RFC 6749 §5.2), or a network in place of an answer. */
const refusals: fc.Arbitrary<Told> = fc.record({
  status: fc.constantFrom(400, 400, 401, 403, 429, 500, 503),
  type: fc.constantFrom('application/json', 'application/json', 'text/html'),
  body: fc
    .constantFrom(
      'invalid_grant',
      'invalid_client',
      'unauthorized_client',
      'invalid_scope',
      'temporarily_unavailable',
      'dead',
      'server_error',
    )
    .map((error) => JSON.stringify({ error })),
  retryAfter: fc.constantFrom(...RETRIES),
});
const FAULTS: Readonly<Record<string, () => unknown>> = {
  refused: () => fetchFault({ code: 'ECONNREFUSED', syscall: 'connect' }),
  reset: () => fetchFault({ code: 'ECONNRESET', syscall: 'read' }),
  unresolved: () => fetchFault({ code: 'EAI_ODD', syscall: 'getaddrinfo' }),
  aborted: () => new DOMException('x', 'TimeoutError'),
  odd: () => 'no error at all',
};

function fetchFault(cause: object): TypeError {
  return new TypeError('fetch failed', { cause: Object.assign(new Error('x'), cause) });
}

function responseOf({ status, type, body, retryAfter }: Told): Response {
  const headers = new Headers({ 'content-type': type });
  if (retryAfter !== '') headers.set('retry-after', retryAfter);
  if (status === 302) headers.set('location', body.slice(0, 20).replaceAll(/[^!-~]/g, '') || '/x');
  if (status === 401) headers.set('www-authenticate', 'Basic realm="x", error="invalid_client"');
  return new Response([204, 304].includes(status) ? null : body, { status, headers });
}

const asText = (object: fc.Arbitrary<JsonObject>): fc.Arbitrary<string> =>
  object.map((one) => JSON.stringify(one));

const METADATA: JsonObject = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/auth`,
  token_endpoint: `${ISSUER}/token`,
  userinfo_endpoint: `${ISSUER}/me`,
  jwks_uri: `${ISSUER}/jwks`,
  revocation_endpoint: `${ISSUER}/revoke`,
  end_session_endpoint: `${ISSUER}/end`,
};
const OTHER_METADATA = {
  issuer: [`${ISSUER}/`, 'https://evil.example', ISSUER.toUpperCase()],
  authorization_endpoint: [
    'javascript:alert(1)',
    '/auth',
    'https://a.example/?x=y#f',
    'HTTP://127.0.0.1/auth',
    'https://',
  ],
  token_endpoint: ['ftp://x/', 'https://b.example/token', 'https://u:p@b.example/'],
  jwks_uri: ['file:///etc/passwd', 'https://c.example'],
  token_endpoint_auth_methods_supported: [
    ['client_secret_post'],
    ['none', 1],
    [],
    ['unheard_of'],
    'client_secret_basic',
  ],
  code_challenge_methods_supported: [['plain'], ['S256'], [], [null]],
  id_token_signing_alg_values_supported: [
    ['RS256'],
    ['EdDSA', 'none'],
    ['unheard_of'],
    { 0: 'EdDSA' },
  ],
  response_modes_supported: [['fragment'], ['query', 'form_post']],
  authorization_response_iss_parameter_supported: [true, 'true', 1],
  mtls_endpoint_aliases: [
    {},
    [],
    { token_endpoint: 'https://m.example/token' },
    { token_endpoint: `${ISSUER}/token`, userinfo_endpoint: `${ISSUER}/me` },
    { token_endpoint: 'x', __proto__: null },
    null,
    [['a', 'b']],
    'x',
  ],
};
const metadataText = asText(changedObject(METADATA, OTHER_METADATA));

function clientOf(config: ProviderConfig, fetch: ProviderFetch): ProviderClient {
  const log = watchedLog([ACCESS, REFRESH, NONCE, CLIENT_SECRET]);
  const keys = (): ProviderKeys => new ProviderKeys(config, fetch, clock, log);
  const verifier = new TokenVerifier(config, keys(), keys(), clock);
  const identity = new ProviderIdentity(
    config,
    verifier,
    new UserinfoEndpoint(config, fetch, verifier),
    clock,
    log,
  );
  const tokenEndpoint = new TokenEndpoint(config, fetch, clock);
  const metadata = new ProviderMetadata(config, fetch, clock, log);
  const grants = new TokenGrants(config, tokenEndpoint, identity, verifier, clock, log);
  return new ProviderClient(
    config,
    { fetch, metadata, tokenEndpoint, verifier, identity, grants },
    clock,
    log,
  );
}

const ID_CLAIMS = {
  iss: ISSUER,
  sub: 'user-1',
  aud: 'app',
  iat: NOW_S - 5,
  exp: NOW_S + 300,
  nonce: NONCE,
  acr: 'loa2',
  auth_time: NOW_S - 10,
  email: 'a@example.com',
  email_verified: true,
  groups: ['staff'],
};
/** Stands for the hash of the access token that came along (OIDC Core §3.1.3.6). */
const RIGHT_HASH = '{at_hash}';
const OTHER_CLAIMS = {
  iss: [`${ISSUER}/`, 'https://evil.example', [ISSUER]],
  sub: ['user-2', '', 'x'.repeat(256), 1, null],
  aud: [['app'], ['app', 'other'], 'other', [], ['app', 1]],
  azp: ['app', 'other', null],
  client_id: ['app', 'other'],
  iat: [NOW_S + 31, NOW_S + 29, NOW_S - 601, 1.5, 0, 1e300, `${NOW_S}`],
  exp: [NOW_S, NOW_S - 31, 1e300, 0, -1],
  nbf: [NOW_S + 31, NOW_S, 'x'],
  nonce: ['M'.repeat(43), '', null, `${NONCE}x`],
  acr: ['loa1', 'loa2', ['loa2'], null],
  auth_time: [NOW_S, NOW_S - 100, -1, null, '1', 1e300],
  at_hash: ['x', '', 1, 'AAAAAAAAAAAAAAAAAAAAAA', RIGHT_HASH, RIGHT_HASH],
  events: [{}, { 'http://schemas.openid.net/event/backchannel-logout': {} }],
  c_hash: ['x'],
  token_class: ['access_token', 'refresh_token'],
  session_expiry: [NOW_S, NOW_S + 0.5, 1e10],
};
const mostlyTrue = (good: Forgery, some: fc.Arbitrary<Forgery>): fc.Arbitrary<Forgery> =>
  fc.oneof({ weight: 1, arbitrary: fc.constant(good) }, { weight: 2, arbitrary: some });
const HEADER = { alg: 'EdDSA', kid: 'k1' };
const idToken = mostlyTrue(
  { header: HEADER, claims: ID_CLAIMS, signer: 'provider', text: '{}' },
  forgeries(ID_CLAIMS, OTHER_CLAIMS),
);
const ACCESS_CLAIMS = {
  iss: ISSUER,
  sub: 'user-1',
  aud: 'api',
  client_id: 'app',
  iat: NOW_S,
  exp: NOW_S + 300,
};
const AT_HEADER = { ...HEADER, typ: 'at+jwt' };
const accessToken = mostlyTrue(
  { header: AT_HEADER, claims: ACCESS_CLAIMS, signer: 'provider', text: '{}' },
  forgeries(ACCESS_CLAIMS, OTHER_CLAIMS, AT_HEADER),
);

const USERINFO = { sub: 'user-1', email: 'a@example.com', email_verified: true, groups: ['staff'] };
const KEYS = { keys: [PUBLIC_JWK] };
const OTHER_KEYS = {
  keys: [
    [],
    [PUBLIC_JWK, PUBLIC_JWK],
    [
      {
        ...PUBLIC_JWK,
        kid: undefined,
      },
    ],
    [
      {
        kty: 'oct',
        k: 'AAAA',
      },
    ],
    [
      {
        ...PUBLIC_JWK,
        x: 'A',
      },
    ],
    {},
    'x',
    [null],
    [1],
    [{ kty: 'OKP' }],
    [
      {
        ...PUBLIC_JWK,
        alg: 'RS256',
      },
    ],
    [
      {
        kty: 'RSA',
        n: 'AQAB',
        e: 'AQAB',
        kid: 'k1',
        alg: 'EdDSA',
      },
    ],
    [
      {
        ...PUBLIC_JWK,
        use: 'enc',
      },
    ],
    [
      {
        ...PUBLIC_JWK,
        key_ops: ['sign'],
      },
    ],
    [
      {
        ...PUBLIC_JWK,
        crv: 'X25519',
      },
    ],
  ],
};
const usual = (text: string): fc.Arbitrary<Told> =>
  fc.constant({ status: 200, type: 'application/json', body: text, retryAfter: '' });

const GOOD_ANSWER = {
  access_token: '{at}',
  token_type: 'Bearer',
  refresh_token: REFRESH,
  id_token: '{id}',
  expires_in: 300,
};

/** Everything that a provider says in the course of one login or refresh. */
const conversation = fc.record({
  way: fc.constantFrom(...providerConfigs.keys()),
  metadata: fc.oneof(
    { weight: 4, arbitrary: usual(JSON.stringify(METADATA)) },
    { weight: 1, arbitrary: toldOf(metadataText) },
  ),
  keys: fc.oneof(
    { weight: 4, arbitrary: usual(JSON.stringify(KEYS)) },
    { weight: 1, arbitrary: toldOf(asText(changedObject(KEYS, OTHER_KEYS))) },
  ),
  answer: fc.oneof(
    { weight: 3, arbitrary: fc.constant<JsonObject>(GOOD_ANSWER) },
    {
      weight: 1,
      arbitrary: changedObject(GOOD_ANSWER, {
        access_token: ['B'.repeat(50), '{at}'],
        id_token: ['', 'a.b.c', 'a.b.c.d.e', '{at}'],
        token_type: ['bearer', 'DPoP'],
      }),
    },
  ),
  head: fc.oneof(
    { weight: 10, arbitrary: usual('') },
    { weight: 1, arbitrary: toldOf(fc.constant('')) },
    { weight: 2, arbitrary: refusals },
  ),
  fault: fc.oneof(
    { weight: 12, arbitrary: fc.constant(null) },
    {
      weight: 1,
      arbitrary: fc.record({
        at: fc.constantFrom('/token', '/jwks', '/me', '/revoke', 'metadata'),
        kind: fc.constantFrom(...Object.keys(FAULTS)),
      }),
    },
  ),
  idToken,
  accessToken,
  userinfo: toldOf(asText(changedObject(USERINFO, { ...OTHER_CLAIMS, sub: ['user-2', '', null] }))),
  signedUserinfo: fc.boolean(),
  // Absent: as it was agreed.
  seal: fc.oneof(
    { weight: 6, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.constantFrom(...SEALS) },
  ),
});
type Conversation = typeof conversation extends fc.Arbitrary<infer T> ? T : never;

/** The same by a provider that signs with our secret. */
function inItsWay(told: Conversation): Conversation {
  if (told.way !== 'secret') return told;
  const byMac = (token: Forgery): Forgery =>
    token.signer === 'provider' && token.header['alg'] === 'EdDSA'
      ? { ...token, signer: 'secret', header: { ...token.header, alg: 'HS256' } }
      : token;
  return { ...told, idToken: byMac(told.idToken), accessToken: byMac(told.accessToken) };
}

function sealOf({ seal, way }: Conversation): Seal {
  return seal ?? (way === ENCRYPTED ? 'ours' : 'plain');
}

function hashed({ idToken, way }: Conversation, accessToken: string): Forgery {
  if (idToken.claims['at_hash'] !== RIGHT_HASH) return idToken;
  const digest = createHash(way === 'secret' ? 'sha256' : 'sha512')
    .update(accessToken)
    .digest();
  const half = digest.subarray(0, digest.length / 2).toString('base64url');
  return { ...idToken, claims: { ...idToken.claims, at_hash: half } };
}

async function fetchOf(told: Conversation): Promise<ProviderFetch> {
  const accessToken = forged(told.accessToken);
  const idToken = await sealed(forged(hashed(told, accessToken)), sealOf(told));
  const tokens = JSON.stringify(told.answer)
    .replaceAll('{id}', () => idToken)
    .replaceAll('{at}', () => accessToken);
  const isRefused = told.head.body !== '' || told.head.status !== 200;
  const answers: Readonly<Record<string, Told>> = {
    '/token': isRefused ? told.head : { ...told.head, body: tokens },
    '/jwks': told.keys,
    '/me': told.signedUserinfo
      ? { ...told.userinfo, type: 'application/jwt', body: forged(told.idToken) }
      : told.userinfo,
  };
  return (url) => {
    const { pathname } = new URL(url);
    const place = pathname.endsWith('/openid-configuration') ? 'metadata' : pathname;
    // A network may throw anything.
    // oxlint-disable-next-line prefer-promise-reject-errors
    if (told.fault?.at === place) return Promise.reject(FAULTS[told.fault.kind]?.());
    const answer = pathname.endsWith('/openid-configuration') ? told.metadata : answers[pathname];
    return Promise.resolve(
      answer === undefined ? new Response('', { status: 404 }) : responseOf(answer),
    );
  };
}

const LOGIN_CODES = [
  'login_rejected',
  'login_denied',
  'not_allowed',
  'provider_unreachable',
  'provider_misconfigured',
] as const;
const transaction = newTransaction({
  nonce: NONCE,
  issuer: ISSUER,
  maxAge: 3_600,
  createdAt: clock.now(),
});
const { maxAge: _age, ...untimed } = transaction;

/** Whoever was let in must have been proven by what the configuration names, and by an ID token that came along. */
function mustBeProven(told: Conversation, identity: Identity): void {
  const { way, idToken: id, accessToken: at, answer } = told;
  const algorithm = way === 'secret' ? 'HS256' : 'EdDSA';
  must(identity.issuer === ISSUER, 'kept under the name of another issuer');
  if (way === 'access_token' && answer['access_token'] === '{at}')
    must(
      isSigned(at, algorithm) && at.claims['sub'] === identity.subject,
      'an access token of somebody else',
    );
  // An empty one is none.
  if (answer['id_token'] !== '{id}' || forged(id) === '') return;
  must(sealOf(told) === (way === ENCRYPTED ? 'ours' : 'plain'), 'not encrypted as agreed');
  mustBeOurs(id, algorithm, identity.subject);
  const mayLack = way === 'loose' || way === 'access_token';
  const { nonce } = id.claims;
  must(nonce === NONCE || (mayLack && (nonce ?? null) === null), 'another nonce');
}

function mustBeOurs(token: Forgery, algorithm: 'EdDSA' | 'HS256', subject: string): void {
  const { claims } = token;
  must(isSigned(token, algorithm), 'nobody signed it');
  must(claims['iss'] === ISSUER && claims['sub'] === subject, 'of another issuer or user');
  must(
    [claims['aud']].flat().includes('app') && ['app', undefined].includes(claims['azp'] as string),
    'for somebody else',
  );
  must(Number(claims['exp']) > NOW_S - 31 && Number(claims['iat']) < NOW_S + 31, 'out of its time');
}

const PROVIDER_FILES = [
  'provider-client',
  'provider-identity',
  'provider-keys',
  'provider-metadata',
  'token-endpoint',
  'token-grants',
  'token-verifier',
  'userinfo-endpoint',
  'verification-keys',
  'id-token',
  'access-token',
  'signed-userinfo',
  'provider-errors',
  'provider-fetch',
  'client-auth',
  'encrypted-token',
  'token-times',
].map((name) => `provider/${name}.ts`);

const login = slowTarget({
  name: 'login at a lying provider',
  files: PROVIDER_FILES,
  inputs: fc.record({
    told: conversation,
    timed: fc.boolean(),
    acr: fc.constantFrom('loa2', null),
  }),
  check: async ({ told: given, timed, acr }) => {
    const told = inItsWay(given);
    const client = clientOf(providerConfigs.get(told.way)!, await fetchOf(told));
    const asked = { ...(timed ? transaction : untimed), ...(acr !== null && { acrValues: acr }) };
    const redeemed = await givenLater(LOGIN_CODES, () => client.redeem('a-code', asked));
    if (redeemed === undefined) return;
    mustBeProven(told, redeemed.identity);
    must(redeemed.identity.subject.length > 0, 'about nobody');
    if (told.way === 'id_token' && acr !== null)
      must(told.idToken.claims['acr'] === acr, 'a weaker login');
    if (told.way === 'id_token' && timed)
      must(Number(told.idToken.claims['auth_time']) >= NOW_S - 3_630, 'an older login');
  },
});

const BEFORE: Identity = {
  provider: 'generic',
  issuer: ISSUER,
  subject: 'user-1',
  claims: { email: 'a@example.com' },
};
const before = tokenSet({
  accessToken: ACCESS,
  refreshToken: REFRESH,
  nonce: NONCE,
  obtainedAt: clock.now() - 1_000,
});
/** What sessions hold: some lost a part of it, or never had it. */
const { nonce: _nonce, ...unbound } = before;
const { refreshToken: _refresh, ...spent } = before;
const lastIdToken = (claims: JsonObject): string =>
  forged({ header: HEADER, claims: { ...ID_CLAIMS, ...claims }, signer: 'provider', text: '{}' });
const HELD: Readonly<Record<string, TokenSet>> = {
  nonce: before,
  proven: { ...before, idToken: lastIdToken({}) },
  remembered: { ...unbound, idToken: lastIdToken({}) },
  later: { ...unbound, idToken: lastIdToken({ iat: NOW_S + 500 }) },
  encrypted: { ...unbound, idToken: 'a.b.c.d.e' },
  unbound,
  spent,
};
const refresh = slowTarget({
  name: 'refresh at a lying provider',
  files: PROVIDER_FILES,
  inputs: fc.record({
    told: conversation,
    audience: fc.constantFrom('none', 'none', 'refresh', 'exchange'),
    named: fc.boolean(),
    held: fc.constantFrom(...Object.keys(HELD)),
  }),
  check: async ({ told: given, audience, named, held }) => {
    const had = HELD[held]!;
    const told = inItsWay(given);
    const client = clientOf(providerConfigs.get(told.way)!, await fetchOf(told));
    const wanted = {
      key: 'k',
      via: audience === 'exchange' ? 'exchange' : 'refresh',
      ...(named ? { audience: 'api', scope: 'read' } : { resource: 'urn:api' }),
    } as const;
    if (audience === 'exchange') {
      const { kind } = await client.exchangeToken(had, wanted);
      must(kind === 'exchanged' || kind === 'failed', 'neither');
      return;
    }
    const outcome = await client.refresh(had, BEFORE, audience === 'refresh' ? wanted : undefined);
    if (outcome.kind === 'failed') {
      must(
        (outcome.retryAfterMs ?? 0) >= 0 && (outcome.retryAfterMs ?? 0) <= 300_000,
        'a pause without end',
      );
      return;
    }
    must(held !== 'spent', 'refreshed with nothing');
    must(outcome.kind === 'refreshed' || told.way === 'strict', 'refused by no rule');
    if (outcome.kind === 'refreshed')
      must((outcome.identity ?? BEFORE).subject === 'user-1', 'somebody else');
    const { tokens } = outcome;
    must(
      audience === 'refresh' || tokens.accessToken !== ACCESS,
      'an old token goes on as a new one',
    );
  },
});

const handedIn = slowTarget({
  name: 'code of a service at a lying provider',
  files: PROVIDER_FILES,
  inputs: fc.record({
    told: conversation,
    verifier: fc.boolean(),
    nonce: fc.boolean(),
    binds: fc.boolean(),
  }),
  check: async ({ told: given, verifier, nonce, binds }) => {
    const told = inItsWay(given);
    const client = clientOf(providerConfigs.get(told.way)!, await fetchOf(told));
    const request = {
      redirectUri: 'https://service.example/cb',
      nonceBinds: nonce && binds,
      ...(verifier && { codeVerifier: 'v'.repeat(43) }),
      ...(nonce && { nonce: NONCE }),
    };
    const outcome = await givenLater(LOGIN_CODES, () => client.redeemHandedIn('a-code', request));
    if (outcome?.kind !== 'redeemed' || !request.nonceBinds) return;
    must(told.idToken.claims['nonce'] === NONCE, 'nothing binds the code');
  },
});

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const LOGOUT = {
  iss: ISSUER,
  aud: 'app',
  iat: NOW_S,
  exp: NOW_S + 120,
  jti: 'j',
  sub: 'user-1',
  sid: 's',
  events: { [EVENT]: {} },
};
const OTHER_LOGOUT = {
  ...OTHER_CLAIMS,
  events: [
    { [EVENT]: null },
    { [EVENT]: [] },
    {},
    [],
    { [EVENT]: 'x' },
    { [EVENT]: {}, other: {} },
  ],
  sid: ['', null, 'x'.repeat(2_049), 1],
  jti: ['', null, 'x'.repeat(256), 1],
  nonce: ['n', '', null],
  iat: [NOW_S - 151, NOW_S - 3_001, NOW_S + 31],
};
const registries = new Map(
  [...providerConfigs].map(([way, one]) => [way, new ProviderRegistry([one], clock, watchedLog())]),
);
const honest: ProviderFetch = (url) =>
  Promise.resolve(Response.json(url.endsWith('/jwks') ? KEYS : METADATA));
const logoutClients = new Map(
  [...providerConfigs].map(([way, one]) => [way, clientOf(one, honest)]),
);

const logoutToken = slowTarget({
  name: 'logout token',
  files: [
    'provider/logout-token.ts',
    'provider/token-verifier.ts',
    'provider/provider-registry.ts',
    'provider/encrypted-token.ts',
  ],
  inputs: fc.record({
    token: forgeries(LOGOUT, OTHER_LOGOUT, { alg: 'EdDSA', kid: 'k1', typ: 'logout+jwt' }),
    way: fc.constantFrom('id_token', 'secret', ENCRYPTED),
    seal: fc.constantFrom('plain', 'plain', ...SEALS),
  }),
  check: async ({ token, way, seal }) => {
    const text = await sealed(forged(token), seal);
    const found = await registries.get(way)!.issuing(text);
    const order = await givenLater(['logout_token_rejected'], () =>
      logoutClients.get(way)!.verifyLogoutToken(text),
    );
    if (order === undefined) return;
    must(found !== undefined, 'verified, and of nobody');
    must(seal === 'plain' || (way === ENCRYPTED && seal === 'ours'), 'encrypted for somebody else');
    const { claims } = token;
    must(isSigned(token, way === 'secret' ? 'HS256' : 'EdDSA'), 'nobody signed it');
    must(
      claims['iss'] === ISSUER &&
        [claims['aud']].flat().includes('app') &&
        claims['nonce'] === undefined,
      'for somebody else',
    );
    must(
      order.subject === (claims['sub'] ?? undefined) &&
        order.providerSessionId === (claims['sid'] ?? undefined),
      'about another',
    );
    must(
      (order.subject ?? order.providerSessionId ?? '') !== '' && order.tokenId === claims['jti'],
      'about nobody',
    );
    const events = claims['events'] as Record<string, unknown>;
    must(typeof events[EVENT] === 'object' && events[EVENT] !== null, 'no logout');
    must(Number(claims['iat']) >= NOW_S - 3_000, 'older than anybody remembers');
  },
});

const METADATA_CODES = ['provider_misconfigured', 'provider_unreachable'] as const;
const https = { ...providerConfigs.get('id_token')!, issuer: 'https://login.example' };
const secure = {
  ...https,
  metadata: { discoveryUrl: 'https://login.example/.well-known/openid-configuration', byHand: {} },
};
const metadata = slowTarget({
  name: 'provider metadata',
  files: [
    'provider/server-metadata.ts',
    'provider/metadata-fit.ts',
    'provider/provider-fetch.ts',
    'provider/logout-url.ts',
    'provider/provider-client.ts',
  ],
  inputs: fc.record({
    told: toldOf(metadataText),
    location: fc.oneof(
      fc.constantFrom(
        '/x',
        'https://login.example/other',
        'https://evil.example/',
        '//evil.example',
        '',
      ),
      changed(['/x', 'https://login.example/x']).map(asFieldValue),
    ),
    redirects: fc.boolean(),
    way: fc.constantFrom(...providerConfigs.keys(), 'https'),
    nonsense: fc.boolean(),
  }),
  check: async ({ told, location, redirects, way, nonsense }) => {
    const config = way === 'https' ? secure : providerConfigs.get(way)!;
    const body = told.body.replaceAll(ISSUER, () => config.issuer);
    let asked = 0;
    const fetch: ProviderFetch = (url) => {
      must(new URL(url).origin === config.issuer, 'another host was asked');
      asked += 1;
      const moved = redirects && asked === 1;
      return Promise.resolve(
        moved
          ? new Response('', { status: 302, headers: { location } })
          : responseOf({ ...told, body }),
      );
    };
    const server = await givenLater(METADATA_CODES, () => fetchServerMetadata(config, fetch));
    must(asked <= 2, 'more than one redirect was followed');
    if (server === undefined) return;
    for (const [name, value] of [
      ...Object.entries(server),
      ...Object.entries(server['mtls_endpoint_aliases'] ?? {}),
    ]) {
      if (typeof value !== 'string') continue;
      must(/^https?:$/.test(new URL(value).protocol), `${name} is no address`);
      must(
        way !== 'https' || value.startsWith('https:') || value.startsWith('HTTPS:'),
        `${name} is not https`,
      );
    }
    for (const { fault } of findMisfits(config, server))
      must(fault.length < 200, 'a fault without end');
    refusesS256(config, server);
    if (way === 'https') return;
    const client = clientOf(config, () =>
      Promise.resolve(responseOf({ ...told, body: nonsense ? '[]' : body })),
    );
    const url = await givenLater(METADATA_CODES, () =>
      client.authorizationUrl({
        redirectUri: 'http://localhost:3000/callback',
        state: 's',
        nonce: NONCE,
        codeVerifier: 'v'.repeat(43),
        parameters: {},
      }),
    );
    must(
      url === undefined || new URL(url).searchParams.getAll('state').join() === 's',
      'the request says something else',
    );
    await givenLater(METADATA_CODES, () =>
      client.endSessionUrl({
        postLogoutRedirectUri: 'http://localhost:3000/x',
        state: 's',
        idToken: 'i',
      }),
    );
    await givenLater(METADATA_CODES, () => client.isIssuerOf(new URLSearchParams()));
  },
});

const retryAfter = target({
  name: 'retry-after',
  files: ['provider/provider-errors.ts'],
  inputs: changed(RETRIES).map(asFieldValue),
  check: (text) => {
    const ms = retryAfterIn(new Response('', { headers: { 'retry-after': text } }), clock.now());
    must(ms === undefined || (ms >= 0 && ms <= 300_000), 'a pause without end');
  },
});

export const providerTargets: readonly FuzzTarget[] = [
  login,
  refresh,
  handedIn,
  logoutToken,
  metadata,
  retryAfter,
];
