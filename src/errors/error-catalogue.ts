/** Severity with which the edge logs a refusal. */
export type ErrorLevel = 'debug' | 'info' | 'warn' | 'error';

interface ErrorEntry {
  readonly status: number;
  /** What a person reads: fixed text, never a value from the request. */
  readonly title: string;
  readonly remedy: string;
  readonly level: ErrorLevel;
  /** Seconds for `Retry-After`. */
  readonly retryAfter?: number;
}

/** Every error that Vestibule can answer with: the code is stable, the text is for people. */
export const ERROR_CATALOGUE = {
  bad_request: {
    status: 400,
    title: 'The request could not be understood',
    remedy: 'Check the address and the parameters.',
    level: 'info',
  },
  ambiguous_path: {
    status: 400,
    title: 'The address is ambiguous',
    remedy: 'Send a normalised path: no dot segments, double or encoded slashes.',
    level: 'info',
  },
  not_a_navigation: {
    status: 400,
    title: 'A login goes by page navigations',
    remedy: 'Set location.href to /login, or fetch it with X-CSRF and Accept: application/json.',
    level: 'info',
  },
  unknown_provider: {
    status: 400,
    title: 'This login provider is not known',
    remedy: 'Choose one of the configured providers.',
    level: 'info',
  },
  login_state_missing: {
    status: 400,
    title: 'This login answer is incomplete',
    remedy: 'Start the login again.',
    level: 'info',
  },
  login_state_unknown: {
    status: 400,
    title: 'This login does not belong to this browser, or it is too old',
    remedy: 'Start the login again.',
    level: 'info',
  },
  login_rejected: {
    status: 400,
    title: 'The login could not be verified',
    remedy: 'Start the login again. If it happens again, tell the operator the request id.',
    level: 'warn',
  },
  login_denied: {
    status: 403,
    title: 'The login was refused at the provider',
    remedy: 'Start the login again, or choose another account.',
    level: 'info',
  },
  not_allowed: {
    status: 403,
    title: 'This account may not use this application',
    remedy: 'Log in with another account, or ask the operator for access.',
    level: 'info',
  },
  unauthenticated: {
    status: 401,
    title: 'Nobody is logged in',
    remedy: 'Go to login_url with a page navigation.',
    level: 'debug',
  },
  csrf_refused: {
    status: 403,
    title: 'The request did not come from this application',
    remedy: 'Send the header X-CSRF: 1 from a page of this origin.',
    level: 'info',
  },
  not_found: {
    status: 404,
    title: 'There is nothing here',
    remedy: 'Check the address.',
    level: 'debug',
  },
  method_not_allowed: {
    status: 405,
    title: 'This method is not offered here',
    remedy: 'See the Allow header.',
    level: 'info',
  },
  uri_too_long: {
    status: 414,
    title: 'The address is too long',
    remedy: 'Send less in the query: 12 KiB are the most.',
    level: 'info',
  },
  header_fields_too_large: {
    status: 431,
    title: 'The header fields are too many',
    remedy: 'Delete cookies of this site, and send no more than 100 fields.',
    level: 'info',
  },
  payload_too_large: {
    status: 413,
    title: 'The request is too large',
    remedy: 'Send less.',
    level: 'info',
  },
  unsupported_media_type: {
    status: 415,
    title: 'This content type is not taken here',
    remedy: 'Send application/x-www-form-urlencoded or what the route documents.',
    level: 'info',
  },
  not_implemented: {
    status: 501,
    title: 'This transfer coding is not offered here',
    remedy: 'Send the body with its length, or in chunks and no other transfer coding.',
    level: 'info',
  },
  logout_token_rejected: {
    status: 400,
    title: 'The logout token is not valid',
    remedy:
      'Send a logout token of a configured provider as a form (OIDC Back-Channel Logout 1.0).',
    level: 'warn',
  },
  step_up_required: {
    status: 401,
    title: 'This needs a stronger or a more recent login',
    remedy: 'Go to login_url with a page navigation.',
    level: 'debug',
  },
  invalid_client: {
    status: 401,
    title: 'This service did not prove who it is',
    remedy:
      'Send the id and the secret of a registered service, by the method it is registered for.',
    level: 'debug',
  },
  too_many_failures: {
    status: 429,
    title: 'This service failed too often to prove who it is',
    remedy: 'Correct its secret, and try again after Retry-After.',
    level: 'debug',
  },
  too_many_requests: {
    status: 429,
    title: 'Too many requests came from this network',
    remedy: 'Wait as long as Retry-After says, and try again.',
    level: 'debug',
  },
  service_not_permitted: {
    status: 403,
    title: 'This service may not do that',
    remedy: 'Add the scope to the service in the configuration.',
    level: 'debug',
  },
  unauthorized_client: {
    status: 400,
    title: 'This service may not use this grant',
    remedy: 'Add the scope to the service in the configuration.',
    level: 'debug',
  },
  unsupported_grant_type: {
    status: 400,
    title: 'This grant type is not offered here',
    remedy: 'Use authorization_code or urn:ietf:params:oauth:grant-type:token-exchange.',
    level: 'info',
  },
  invalid_grant: {
    status: 400,
    title: 'The code is not valid',
    remedy: 'It was used, is too old, or belongs to another request. Start the login again.',
    level: 'info',
  },
  invalid_scope: {
    status: 400,
    title: 'This scope cannot be given',
    remedy: 'Ask for no scope: a token has that of its login.',
    level: 'info',
  },
  invalid_target: {
    status: 400,
    title: 'A token for this API cannot be given',
    remedy: 'Ask for an audience or resource that the service is registered for.',
    level: 'info',
  },
  insufficient_scope: {
    status: 403,
    title: 'The login does not cover this call',
    remedy: 'Ask the operator to let the application ask for the scope.',
    level: 'info',
  },
  token_unavailable: {
    status: 401,
    title: 'The session has no usable access token',
    remedy: 'Log in again.',
    level: 'info',
  },
  upstream_unreachable: {
    status: 502,
    title: 'The API did not answer',
    remedy: 'Try again; if it stays, tell the operator the request id.',
    level: 'warn',
  },
  upstream_timeout: {
    status: 504,
    title: 'The API took too long',
    remedy: 'Try again; if it stays, tell the operator the request id.',
    level: 'warn',
  },
  provider_unreachable: {
    status: 503,
    title: 'The login provider does not answer',
    remedy: 'Try again in a moment.',
    level: 'warn',
    retryAfter: 5,
  },
  provider_misconfigured: {
    status: 502,
    title: 'The login provider refused this application',
    remedy: 'The operator must check client id, secret and authentication method.',
    level: 'error',
  },
  store_unavailable: {
    status: 503,
    title: 'The session store does not answer',
    remedy: 'Try again in a moment; nobody was logged out.',
    level: 'error',
    retryAfter: 1,
  },
  draining: {
    status: 503,
    title: 'This instance is going away',
    remedy: 'Connect again: another instance answers.',
    level: 'debug',
    retryAfter: 1,
  },
  internal_error: {
    status: 500,
    title: 'Something went wrong here',
    remedy: 'Tell the operator the request id.',
    level: 'error',
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERROR_CATALOGUE;
export const ERROR_CODES = Object.keys(ERROR_CATALOGUE) as readonly ErrorCode[];

export function errorEntry(code: ErrorCode): ErrorEntry {
  return ERROR_CATALOGUE[code];
}
