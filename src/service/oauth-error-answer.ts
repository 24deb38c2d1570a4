import { Injectable } from '@nestjs/common';
import { errorEntry, type ErrorCode } from '../errors/error-catalogue.js';
import { toVestibuleError } from '../errors/vestibule.error.js';
import { sendJson } from '../http/answer.js';
import { ErrorAnswer } from '../http/error-answer.js';
import type { Exchange } from '../http/exchange.js';

interface OAuthError {
  readonly error: string;
  /** Where it is not that of the catalogue. */
  readonly status?: number;
}

/**
 * The catalogue in the words of RFC 6749 §5.2 and RFC 8693 §2.2.2. What a provider does wrong is ours, and never the
 * caller's `invalid_client`.
 */
const OAUTH_ERRORS: Partial<Record<ErrorCode, OAuthError>> = {
  bad_request: { error: 'invalid_request' },
  payload_too_large: { error: 'invalid_request' },
  unsupported_media_type: { error: 'invalid_request' },
  invalid_client: { error: 'invalid_client' },
  too_many_failures: { error: 'temporarily_unavailable' },
  service_not_permitted: { error: 'insufficient_scope' },
  unauthorized_client: { error: 'unauthorized_client' },
  unsupported_grant_type: { error: 'unsupported_grant_type' },
  invalid_grant: { error: 'invalid_grant' },
  invalid_scope: { error: 'invalid_scope' },
  invalid_target: { error: 'invalid_target' },
  not_allowed: { error: 'invalid_grant', status: 400 },
  login_rejected: { error: 'server_error', status: 502 },
  provider_misconfigured: { error: 'server_error' },
  provider_unreachable: { error: 'temporarily_unavailable' },
  store_unavailable: { error: 'temporarily_unavailable' },
};
const OURS: OAuthError = { error: 'server_error' };

/** Answers errors as OAuth does: a JSON object with `error` and `error_description`. */
@Injectable()
export class OAuthErrorAnswer {
  constructor(private readonly errors: ErrorAnswer) {}

  send(exchange: Exchange, thrown: unknown): void {
    const error = toVestibuleError(thrown);
    this.errors.report(exchange, error);
    const { res } = exchange;
    if (res.headersSent) {
      res.destroy();
      return;
    }
    const { title, retryAfter } = errorEntry(error.code);
    const { error: name, status = error.status } = OAUTH_ERRORS[error.code] ?? OURS;
    if (retryAfter !== undefined) res.setHeader('Retry-After', retryAfter);
    res.setHeader('Pragma', 'no-cache');
    sendJson(exchange, status, {
      error: name,
      error_description: error.members?.['error_description'] ?? title,
    });
  }
}
