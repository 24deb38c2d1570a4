import { types } from 'node:util';
import {
  AuthorizationResponseError,
  ClientError,
  ResponseBodyError,
  WWWAuthenticateChallengeError,
} from 'openid-client';
import { errors } from 'jose';
import { VestibuleError } from '../errors/vestibule.error.js';

/**
 * Why a call to the token endpoint brought nothing, by class and code, never by message:
 * `invalid_grant` (the grant is dead), `invalid_client` (our credentials), `refused` (another OAuth error),
 * `not_sent` (the request did not leave), `temporary` (5xx, 429), `unknown` (sent, answer lost or unreadable).
 */
export type TokenFailure =
  'invalid_grant' | 'invalid_client' | 'refused' | 'not_sent' | 'temporary' | 'unknown';

/** Codes by which a connection was not made, or not trusted: nothing was written to it. */
const NOT_SENT: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);
const NOT_SENT_CALLS: ReadonlySet<string> = new Set(['connect', 'getaddrinfo']);

/** `deadGrantErrors`: the OAuth errors by which this provider says that a grant is dead (RFC 6749 §5.2). */
export function classifyTokenFailure(
  error: unknown,
  deadGrantErrors: readonly string[] = ['invalid_grant'],
): TokenFailure {
  if (error instanceof ResponseBodyError) {
    return error.status < 500 && deadGrantErrors.includes(error.error)
      ? 'invalid_grant'
      : fromOAuthError(error.error, error.status);
  }
  if (error instanceof WWWAuthenticateChallengeError)
    return error.status === 401 ? 'invalid_client' : 'refused';
  const status = statusOf(error);
  if (status !== undefined) return status >= 500 || status === 429 ? 'temporary' : 'refused';
  return wasNotSent(networkFault(error)) ? 'not_sent' : 'unknown';
}

/**
 * The same for a refresh. What is no answer of an OAuth server (a page, a redirect) comes from something before it, and
 * says nothing about the one grant that was sent.
 */
export function classifyRefreshFailure(
  error: unknown,
  deadGrantErrors: readonly string[],
): TokenFailure {
  const failure = classifyTokenFailure(error, deadGrantErrors);
  const isOAuth =
    error instanceof ResponseBodyError || error instanceof WWWAuthenticateChallengeError;
  return failure === 'refused' && !isOAuth ? 'temporary' : failure;
}

function fromOAuthError(error: string, status: number): TokenFailure {
  if (error === 'invalid_grant') return 'invalid_grant';
  if (error === 'invalid_client' || error === 'unauthorized_client') return 'invalid_client';
  return status >= 500 || status === 429 || error === 'temporarily_unavailable'
    ? 'temporary'
    : 'refused';
}

/** openid-client puts the Response into the cause where an answer was not what the specification asks for. */
function statusOf(error: unknown): number | undefined {
  if (!(error instanceof ClientError)) return undefined;
  return error.cause instanceof Response ? error.cause.status : undefined;
}

interface NetworkFault {
  readonly code: string;
  /** What the system was asked to do: `connect`, `read`. */
  readonly call: unknown;
}

/**
 * The system's code of a failed fetch: a bare TypeError whose cause carries it. Judged by shape, because an
 * error of another realm is no instance of this one's Error.
 */
function networkFault(error: unknown): NetworkFault | undefined {
  let at: unknown = error;
  while (typeof at === 'object' && at !== null) {
    const code: unknown = Reflect.get(at, 'code');
    if (typeof code === 'string' && !code.startsWith('OAUTH_')) {
      return { code, call: Reflect.get(at, 'syscall') };
    }
    at = Reflect.get(at, 'cause');
  }
  return undefined;
}

function wasNotSent(fault: NetworkFault | undefined): boolean {
  if (fault === undefined) return false;
  return NOT_SENT.has(fault.code) || NOT_SENT_CALLS.has(String(fault.call));
}

/** True when an answer came and was none that could be used: openid-client names what was wrong with it. */
function wasAnswered(error: unknown): boolean {
  if (!(error instanceof ClientError) || networkFault(error) !== undefined) return false;
  return error.code !== undefined && error.code !== 'OAUTH_TIMEOUT';
}

/** A failed redemption of the code as the person's error. */
export function toLoginError(error: unknown): VestibuleError {
  if (error instanceof VestibuleError) return error;
  if (error instanceof AuthorizationResponseError)
    return new VestibuleError('login_denied', { cause: error });
  if (error instanceof errors.JOSEError) {
    const detail = claimDetail(error);
    return new VestibuleError('login_rejected', { cause: error, ...detail });
  }
  switch (classifyTokenFailure(error)) {
    case 'invalid_client':
      return new VestibuleError('provider_misconfigured', { cause: error });
    case 'not_sent':
    case 'temporary':
      return new VestibuleError('provider_unreachable', { cause: error });
    case 'invalid_grant':
    case 'refused':
      return new VestibuleError('login_rejected', { cause: error });
    case 'unknown':
      return new VestibuleError(wasAnswered(error) ? 'login_rejected' : 'provider_unreachable', {
        cause: error,
      });
  }
}

/** What a provider may say of a code that is nobody's fault but the code's, or its request's (RFC 6749 §5.2). */
export type CodeRefusal = 'invalid_grant' | 'invalid_scope';

/** The refusal behind a failed redemption, as `toLoginError` translated it; undefined for every other failure. */
export function codeRefusal(error: unknown): CodeRefusal | undefined {
  if (!(error instanceof VestibuleError) || !(error.cause instanceof ResponseBodyError))
    return undefined;
  const { error: said } = error.cause;
  return said === 'invalid_grant' || said === 'invalid_scope' ? said : undefined;
}

/**
 * Which registered claim of a token was wrong. Where it is one of the times, this machine's clock is the first
 * thing to look at, and the operator is told so.
 */
export function claimDetail(error: unknown): { readonly detail?: string } {
  if (!(error instanceof errors.JWTExpired || error instanceof errors.JWTClaimValidationFailed))
    return {};
  const { claim, reason } = error;
  const isTime = reason === 'check_failed' && ['exp', 'nbf', 'iat'].includes(claim);
  return { detail: `token: ${claim}${isTime ? ' (clock?)' : ''}` };
}

/** Class and code of an error, for the log. */
export function errorName(error: unknown): string {
  // An error of another realm is no instance of this one's Error.
  if (!(error instanceof Error || types.isNativeError(error))) return 'unknown';
  const code = networkFault(error)?.code ?? (error instanceof ClientError ? error.code : undefined);
  return code === undefined ? error.name : `${error.name} ${code}`;
}

const LONGEST_PAUSE_MS = 300_000;

/** How long a provider asks to be left alone by the answer that an error stands for; undefined where it says nothing. */
export function retryAfterOf(error: unknown, now: number): number | undefined {
  const response =
    error instanceof ResponseBodyError || error instanceof WWWAuthenticateChallengeError
      ? error.response
      : causeOf(error);
  return response && retryAfterIn(response, now);
}

/** `Retry-After` (RFC 9110 §10.2.3: seconds or an instant) in milliseconds and within reason. */
export function retryAfterIn({ headers }: Response, now: number): number | undefined {
  const text = headers.get('retry-after') ?? '';
  const until = /^\d{1,6}$/.test(text) ? now + Number(text) * 1000 : Date.parse(text);
  return until >= now ? Math.min(until - now, LONGEST_PAUSE_MS) : undefined;
}

function causeOf(error: unknown): Response | undefined {
  if (!(error instanceof ClientError || error instanceof VestibuleError)) return undefined;
  return error.cause instanceof Response ? error.cause : undefined;
}
