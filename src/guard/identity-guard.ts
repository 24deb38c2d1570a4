import type { IncomingMessage, ServerResponse } from 'node:http';
import { jwtVerify, type JWTPayload } from 'jose';
import { KeysUnavailable, verificationKeys } from './verification-keys.js';

export interface IdentityGuardOptions {
  /** `PUBLIC_URL` of Vestibule. */
  readonly issuer: string;
  /** The name of the route (or the audience of the policy) by which Vestibule calls this API. */
  readonly audience: string;
  /** `http://<internal listener>/.well-known/jwks.json` */
  readonly jwksUri: string;
  /** Seconds that the clocks of both sides may differ; 5 by default. */
  readonly clockTolerance?: number;
  /** Seconds between two requests for the keys when assertions name one that is not there; 10 by default. */
  readonly cooldown?: number;
}

/** Who calls, by Vestibule's word. Issuer and subject together name the user; a subject alone does not. */
export interface CallerIdentity {
  readonly subject: string;
  /** The issuer at the OpenID Provider (`idp_iss`). */
  readonly issuer: string;
  /** The name of the provider in Vestibule's configuration. */
  readonly provider: string;
  /** The session's public handle: for logs and for `/introspect`, good for nothing else. */
  readonly sessionId: string;
  /** Epoch seconds of the login at the provider. */
  readonly authTime?: number;
  readonly acr?: string;
  readonly amr?: readonly string[];
  /** `ASSERTION_CLAIMS`: by default `email`, `name` and `groups`, as far as the user has them. */
  readonly claims: Readonly<Record<string, unknown>>;
}

export type IdentityVerdict =
  | { readonly kind: 'known'; readonly identity: CallerIdentity }
  | { readonly kind: 'refused' }
  | { readonly kind: 'unavailable' };

/** Names and values in turn, as they came: what every request of Node has. */
export interface ReceivedHeaders {
  readonly rawHeaders: readonly string[];
}

/** Looks at one request. It reads the one header and believes nothing else. */
export type IdentityVerifier = (request: ReceivedHeaders) => Promise<IdentityVerdict>;

/** A middleware of Express, Connect and their kin. */
export type IdentityMiddleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => Promise<void>;

/** A request that the guard let through. */
export interface IdentifiedRequest {
  readonly identity: CallerIdentity;
}

const HEADER = 'x-auth-assertion';
const TYPE = 'identity+jwt';
const ALGORITHMS = ['EdDSA', 'ES256'];
/** The longest that Vestibule gives (`ASSERTION_LIFETIME`). */
const MAX_LIFE_SECONDS = 300;
const CLOCK_TOLERANCE_SECONDS = 5;
const COOLDOWN_SECONDS = 10;

const TITLES = { 401: 'Unauthorized', 503: 'Service Unavailable' } as const;

/** What is told otherwise, or says nothing of the person. */
const NO_CLAIMS: ReadonlySet<string> = new Set([
  'iss',
  'aud',
  'iat',
  'exp',
  'sub',
  'sid',
  'provider',
  'idp_iss',
  'auth_time',
  'acr',
  'amr',
]);

/**
 * Judges requests by the identity assertion that they carry (RFC 7519 §7.2, RFC 8725).
 * @throws TypeError when an option is missing or `jwksUri` is no URL: no API starts without a guard by mistake
 */
export function createIdentityVerifier(options: IdentityGuardOptions): IdentityVerifier {
  const { issuer, audience, jwksUri } = options;
  const { clockTolerance = CLOCK_TOLERANCE_SECONDS, cooldown = COOLDOWN_SECONDS } = options;
  // jose checks neither where the expectation is empty.
  if (!issuer || !audience) throw new TypeError('the guard needs an issuer and an audience');
  const keys = verificationKeys({ jwksUri, cooldown });
  const expected = {
    issuer,
    audience,
    typ: TYPE,
    algorithms: ALGORITHMS,
    requiredClaims: ['sub', 'exp', 'iat'],
    maxTokenAge: MAX_LIFE_SECONDS,
    clockTolerance,
  };
  return async (request) => {
    const assertion = readOnce(request);
    if (assertion === undefined) return { kind: 'refused' };
    try {
      const { payload } = await jwtVerify(assertion, keys, expected);
      const identity = identityIn(payload);
      return identity === undefined ? { kind: 'refused' } : { kind: 'known', identity };
    } catch (error) {
      return { kind: error instanceof KeysUnavailable ? 'unavailable' : 'refused' };
    }
  };
}

/**
 * Lets a request through, with its `identity`, when Vestibule vouches for its caller; else 401, or 503 while nobody
 * can tell.
 */
export function createIdentityGuard(options: IdentityGuardOptions): IdentityMiddleware {
  const verify = createIdentityVerifier(options);
  return async (request, response, next) => {
    const verdict = await verify(request);
    if (verdict.kind === 'refused') return refuse(response, 401);
    if (verdict.kind === 'unavailable') return refuse(response, 503);
    attachIdentity(request, verdict.identity);
    next();
  };
}

/** What the guards leave at a request: `request.identity`. */
export function attachIdentity(request: object, identity: CallerIdentity): void {
  Object.assign(request, { identity } satisfies IdentifiedRequest);
}

/**
 * Who calls, with a type, for a handler behind a guard.
 * @throws TypeError when there was no guard: a handler without one answers nobody
 */
export function identityOf(request: object): CallerIdentity {
  const { identity } = request as Partial<IdentifiedRequest>;
  if (identity === undefined) throw new TypeError('no identity guard has seen this request');
  return identity;
}

/** Node joins a header that comes twice; which of the two was meant nobody knows. */
function readOnce({ rawHeaders }: ReceivedHeaders): string | undefined {
  const values = rawHeaders.filter(
    (_value, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === HEADER,
  );
  return values.length === 1 ? values[0] : undefined;
}

function identityIn(payload: JWTPayload): CallerIdentity | undefined {
  const { sub, sid, provider, idp_iss: issuer, auth_time: authTime, acr, amr } = payload;
  if (!isText(sub) || !isText(sid) || !isText(provider) || !isText(issuer)) return undefined;
  return {
    subject: sub,
    issuer,
    provider,
    sessionId: sid,
    ...(typeof authTime === 'number' && { authTime }),
    ...(isText(acr) && { acr }),
    ...(Array.isArray(amr) && { amr: amr.filter(isText) }),
    claims: Object.fromEntries(Object.entries(payload).filter(([name]) => !NO_CLAIMS.has(name))),
  };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** RFC 9457, without a word about what was wrong: that helps only who tries. */
function refuse(response: ServerResponse, status: 401 | 503): void {
  response
    .writeHead(status, {
      'content-type': 'application/problem+json; charset=utf-8',
      'cache-control': 'no-store',
      ...(status === 503 && { 'retry-after': '1' }),
    })
    .end(JSON.stringify({ type: 'about:blank', title: TITLES[status], status }));
}
