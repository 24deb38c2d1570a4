import {
  AuthorizationResponseError,
  ClientError,
  ResponseBodyError,
  WWWAuthenticateChallengeError,
} from 'openid-client';
import { VestibuleError } from '../errors/vestibule.error.js';

/**
 * Why a call to the token endpoint brought nothing, by class and code, never by message:
 * `invalid_grant` (the grant is dead), `invalid_client` (our credentials), `refused` (another OAuth error),
 * `not_sent` (the request did not leave), `temporary` (5xx, 429), `unknown` (sent, answer lost or unreadable).
 */
export type TokenFailure =
  'invalid_grant' | 'invalid_client' | 'refused' | 'not_sent' | 'temporary' | 'unknown';

const NOT_SENT: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

export function classifyTokenFailure(error: unknown): TokenFailure {
  if (error instanceof ResponseBodyError) return fromOAuthError(error.error, error.status);
  if (error instanceof WWWAuthenticateChallengeError)
    return error.status === 401 ? 'invalid_client' : 'refused';
  const status = statusOf(error);
  if (status !== undefined) return status >= 500 || status === 429 ? 'temporary' : 'refused';
  const code = networkCode(error);
  return code !== undefined && NOT_SENT.has(code) ? 'not_sent' : 'unknown';
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

/** The system's code of a failed fetch: a bare TypeError whose cause carries it. */
function networkCode(error: unknown): string | undefined {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const code: unknown = Reflect.get(at, 'code');
    if (typeof code === 'string' && !code.startsWith('OAUTH_')) return code;
  }
  return undefined;
}

/** A failed redemption of the code as the person's error. */
export function toLoginError(error: unknown): VestibuleError {
  if (error instanceof VestibuleError) return error;
  if (error instanceof AuthorizationResponseError)
    return new VestibuleError('login_denied', { cause: error });
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
      return new VestibuleError(
        error instanceof ClientError && error.code !== 'OAUTH_TIMEOUT'
          ? 'login_rejected'
          : 'provider_unreachable',
        { cause: error },
      );
  }
}

/** Class and code of an error, for the log. */
export function errorName(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const code = networkCode(error) ?? (error instanceof ClientError ? error.code : undefined);
  return code === undefined ? error.name : `${error.name} ${code}`;
}
