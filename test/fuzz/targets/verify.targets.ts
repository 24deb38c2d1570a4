import { once } from 'node:events';
import { createServer } from 'node:http';
import * as fc from 'fast-check';
import type { PolicyConfig } from '../../../src/config/config.types.js';
import {
  createIdentityVerifier,
  type IdentityVerifier,
} from '../../../src/guard/identity-guard.js';
import { ErrorAnswer } from '../../../src/http/error-answer.js';
import { ForwardedRequests } from '../../../src/http/forwarded-request.js';
import { OwnPage } from '../../../src/http/own-page.js';
import { PublicUrl } from '../../../src/http/public-url.js';
import type { IdentityTelling } from '../../../src/identity/identity-telling.js';
import type { SessionReader } from '../../../src/session/session-reader.js';
import type { TokenRefresher } from '../../../src/token/token-refresher.js';
import { AskedRequests } from '../../../src/verify/asked-request.js';
import { VerifyEndpoint } from '../../../src/verify/verify.endpoint.js';
import { VerifyService } from '../../../src/verify/verify.service.js';
import { configOf, HTTPS_ENV } from '../../support/config-env.js';
import { RecordedAudit } from '../../support/recorded-audit.js';
import { FixedClock } from '../../support/fixed-clock.js';
import { newLogin, tokenSet } from '../../support/session-fixtures.js';
import { must, watchedLog } from '../expectations.js';
import { slowTarget, type FuzzTarget } from '../fuzz-target.js';
import { exchangeFor, fields } from '../inputs/requests.js';
import { changed } from '../inputs/texts.js';
import { forged, forgeries, isIntact, PUBLIC_JWK } from '../inputs/tokens.js';

const ORIGIN = 'https://app.example.com';
const FRIEND = 'https://friend.example.com';
const POLICIES = `
policies:
  - { name: default }
  - { name: strict, groups: [staff], acr: [loa2], maxAge: 5m, scopes: [openid], authorization: true }
  - { name: open, csrf: false, origin: false, redirect: true, identity: none }
  - { name: preflight, preflight: true, redirect: true }
`;
const config = configOf(
  {
    ...HTTPS_ENV,
    TRUST_PROXY: '10.0.0.0/8',
    OIDC_CLAIMS: 'groups',
    ALLOWED_ORIGINS: FRIEND,
    CONFIG_FILE: 'f',
  },
  { files: { f: POLICIES } },
);
const clock = new FixedClock();
const HEADERS = {
  'x-forwarded-method': ['GET', 'POST', 'OPTIONS', 'get'],
  'x-forwarded-uri': ['/orders?a=b', '/', '//x', '/a b'],
  'x-original-method': ['GET', 'DELETE'],
  'x-original-url': [`${ORIGIN}/x?y`, '/z'],
  'x-forwarded-proto': ['https', 'ws', 'x'],
  'x-forwarded-host': ['app.example.com', 'a b'],
  origin: [ORIGIN, FRIEND, 'https://evil.example', 'null'],
  'sec-fetch-site': ['same-origin', 'cross-site', 'none'],
  'sec-fetch-mode': ['navigate', 'websocket', 'cors'],
  'sec-fetch-dest': ['document', 'empty'],
  'sec-websocket-key': ['x'],
  upgrade: ['websocket', 'WebSocket', 'h2c'],
  'access-control-request-method': ['PUT'],
  'x-csrf': ['1'],
  accept: ['text/html'],
  'sec-purpose': ['prefetch'],
};
const session = (strong: boolean): unknown => {
  const { identity } = newLogin();
  const facts = strong ? { acr: 'loa2', authTime: clock.now() / 1_000 } : { acr: 'loa1' };
  const record = {
    identity: { ...identity, ...facts, claims: { groups: strong ? ['staff'] : 'staffer' } },
  };
  const tokens = { counter: 1n, tokens: tokenSet({ scope: strong ? 'openid x' : 'x' }) };
  return {
    kind: 'live',
    id: 'i',
    session: { handle: 'h', record, counter: 1n, idleDeadline: 1 },
    tokens,
  };
};
const OF_NOBODY = ['x-auth-subject', '', 'x-auth-assertion', ''];
const telling = {
  ofNobody: OF_NOBODY,
  headersFor: () => Promise.resolve(['x-auth-subject', 'user-1', 'x-auth-assertion', 'jwt']),
} as unknown as IdentityTelling;
const urls = new PublicUrl(config.server);
const log = watchedLog();

function endpointFor(who: string, fresh: string): VerifyEndpoint {
  const reading =
    who === 'nobody' ? { kind: 'anonymous', reason: 'idle' } : session(who === 'strong');
  const sessions = {
    read: () => Promise.resolve(reading),
    readWithTokens: () => Promise.resolve(reading),
  } as unknown as SessionReader;
  const outcome =
    fresh === 'usable'
      ? { kind: fresh, tokens: tokenSet() }
      : fresh === 'empty'
        ? { kind: 'usable', tokens: {} }
        : { kind: fresh, reason: 'idle' };
  const refresher = { fresh: () => Promise.resolve(outcome) } as unknown as TokenRefresher;
  const service = new VerifyService(
    sessions,
    telling,
    refresher,
    new OwnPage(config.csrf, config.server),
    config.server,
    clock,
  );
  const asked = new AskedRequests(new ForwardedRequests(config.server), log);
  return new VerifyEndpoint(
    config.policies,
    service,
    asked,
    telling,
    new ErrorAnswer(log, urls, new RecordedAudit()),
    urls,
  );
}

const verify = slowTarget({
  name: 'question of a gateway',
  files: [
    'verify/asked-request.ts',
    'verify/verify.service.ts',
    'verify/verify.endpoint.ts',
    'http/forwarded-request.ts',
    'session/step-up.ts',
  ],
  inputs: fc.record({
    path: fc.oneof(
      fc.constantFrom(
        '/verify',
        '/verify/strict',
        '/verify/open',
        '/verify/preflight',
        '/verify/open/x/y',
        '/verify/none',
      ),
      changed(['default', 'strict/x'], 1).map((text) => `/verify/${text}`),
    ),
    method: fc.constantFrom('GET', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'DELETE'),
    headers: fields(HEADERS, 7),
    peer: fc.constantFrom('10.0.0.1', '10.0.0.1', '192.0.2.1'),
    who: fc.constantFrom('nobody', 'strong', 'strong', 'weak'),
    fresh: fc.constantFrom('usable', 'usable', 'ended', 'later', 'exhausted', 'empty'),
  }),
  check: async ({ path, method, headers, peer, who, fresh }) => {
    const exchange = exchangeFor({ path, method, fields: headers, peer });
    await endpointFor(who, fresh).handle(exchange);
    const { res, req } = exchange;
    const { statusCode: status } = res;
    must([200, 302, 400, 401, 403, 404, 503].includes(status), `${status}`);
    must(status !== 503 || fresh === 'later', 'a failure without a cause');
    if (status === 200) {
      mustBeAdmitted(
        config.policies.find(({ name }) =>
          path === '/verify' ? name === 'default' : path.split('/')[2] === name,
        ),
        { who, method, peer, headers: req.headers },
      );
      return;
    }
    must(
      res.getHeader('x-auth-subject') === '' && res.getHeader('x-auth-assertion') === '',
      'a managed header is missing',
    );
    if (status === 302)
      must(String(res.getHeader('location')).startsWith(`${ORIGIN}/login`), 'it leads elsewhere');
    if (status === 401)
      must(String(res.getHeader('www-authenticate')).startsWith('Cookie '), 'no challenge');
  },
});

function mustBeAdmitted(
  policy: PolicyConfig | undefined,
  {
    who,
    method,
    peer,
    headers,
  }: {
    readonly who: string;
    readonly method: string;
    readonly peer: string;
    readonly headers: NodeJS.Dict<string | string[]>;
  },
): void {
  must(policy !== undefined, 'admitted by no policy');
  const told = headers['x-forwarded-method'] ?? headers['x-original-method'];
  if (who === 'nobody') {
    must(
      policy.preflight && headers['origin'] === FRIEND && [method, told].includes('OPTIONS'),
      'a stranger',
    );
    return;
  }
  must(policy.name !== 'strict' || who === 'strong' || policy.preflight, 'a weak login');
  if (!policy.csrf || (policy.preflight && headers['origin'] === FRIEND)) return;
  const isSafe =
    ['GET', 'HEAD', 'OPTIONS'].includes(method) &&
    ['GET', 'HEAD', 'OPTIONS', undefined].includes(told as string);
  must(
    isSafe || headers['x-csrf'] === '1',
    'something may be changed, and nothing proves the page',
  );
  const isTold = Object.keys(headers).some((name) => /^x-(?:forwarded|original)-/.test(name));
  must(peer.startsWith('10.') || !isTold, 'somebody untrusted told it');
}

const CLAIMS = {
  iss: ORIGIN,
  aud: 'api',
  sub: 'user-1',
  sid: 's',
  provider: 'one',
  idp_iss: 'https://one.example',
  iat: 0,
  exp: 0,
  auth_time: 1,
  acr: 'x',
  amr: ['pwd'],
  email: 'a',
};
const OTHERS = {
  iss: ['https://evil.example', ''],
  aud: [['api'], 'other', ['other', 'api']],
  sub: ['', 1, null],
  iat: [-301, 10, 1e300],
  exp: [-10, 1e9, null],
  sid: ['', 1],
  provider: [null],
  amr: ['pwd', [1]],
  auth_time: ['1'],
  events: [{}],
};
const published = createServer((_req, res) => {
  res.setHeader('connection', 'close');
  res.end(JSON.stringify({ keys: [PUBLIC_JWK] }));
});
let guard: IdentityVerifier;
/** The guard asks for the keys over HTTP, once. */
beforeAll(async () => {
  published.listen(0, '127.0.0.1');
  await once(published, 'listening');
  const { port } = published.address() as { readonly port: number };
  guard = createIdentityVerifier({
    issuer: ORIGIN,
    audience: 'api',
    jwksUri: `http://127.0.0.1:${port}/`,
  });
});
afterAll(() => published.close());

const assertions = slowTarget({
  name: 'assertion at a guard',
  files: ['guard/identity-guard.ts', 'guard/verification-keys.ts'],
  inputs: fc.record({
    token: forgeries(CLAIMS, OTHERS, { alg: 'EdDSA', kid: 'k1', typ: 'identity+jwt' }),
    times: fc.constantFrom(0, 1, 1, 1, 1, 2),
    name: fc.constantFrom('x-auth-assertion', 'X-Auth-Assertion', 'x_auth_assertion'),
  }),
  check: async ({ token, times, name }) => {
    const now = Math.floor(Date.now() / 1_000);
    const { claims } = token;
    const at = (value: unknown): unknown => (typeof value === 'number' ? value + now : value);
    const text = forged({
      ...token,
      claims: {
        ...claims,
        iat: at(claims['iat']),
        exp: claims['exp'] === 0 ? now + 60 : at(claims['exp']),
      },
    });
    const rawHeaders = Array.from({ length: times }, () => [name, text]).flat();
    const verdict = await guard({ rawHeaders });
    must(verdict.kind !== 'unavailable', 'the keys are there');
    if (verdict.kind === 'refused') return;
    must(
      times === 1 &&
        name !== 'x_auth_assertion' &&
        token.signer === 'provider' &&
        isIntact(token.text),
      'nobody signed it',
    );
    must(
      claims['iss'] === ORIGIN &&
        [claims['aud']].flat().includes('api') &&
        token.header['typ'] === 'identity+jwt',
      'for somebody else',
    );
    must(
      verdict.identity.subject === claims['sub'] && !('sub' in verdict.identity.claims),
      'about somebody else',
    );
  },
});

export const verifyTargets: readonly FuzzTarget[] = [verify, assertions];
