import { Inject, Injectable } from '@nestjs/common';
import { causeOf } from '../errors/cause.js';
import { errorEntry, type ErrorCode } from '../errors/error-catalogue.js';
import { toVestibuleError, type VestibuleError } from '../errors/vestibule.error.js';
import { ACCESS_REFUSALS, type AuditEntry } from '../audit/audit-events.js';
import { EventLog } from '../logging/event-log.js';
import { sendError } from './answer.js';
import { AuditTrail, whoOf } from './audit-trail.js';
import type { Exchange } from './exchange.js';
import { PublicUrl } from './public-url.js';
import type { PublicRouteName } from './route-table.js';

/** Errors whose remedy is a login: a script is told where it begins. */
const NEEDS_LOGIN: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'unauthenticated',
  'step_up_required',
  'token_unavailable',
]);

/** How the names of the routes begin by which a provider's answer comes. */
const CALLBACK = 'callback' satisfies PublicRouteName;

/** The one place where an error becomes an answer and a log line. */
@Injectable()
export class ErrorAnswer {
  constructor(
    @Inject(EventLog) private readonly log: EventLog,
    private readonly urls: PublicUrl,
    @Inject(AuditTrail) private readonly audit: AuditTrail,
  ) {}

  /** `returnTo`: where a login leads that the error asks for. */
  send(exchange: Exchange, thrown: unknown, returnTo?: string): void {
    const error = toVestibuleError(thrown);
    this.report(exchange, error);
    const login = this.loginFor(error, returnTo);
    sendError(exchange, NEEDS_LOGIN.has(error.code) ? withLogin(error, login) : error, { login });
  }

  /** A login that is to be stronger or newer asks the provider for it (RFC 9470 §4). */
  private loginFor({ code, members = {} }: VestibuleError, returnTo: string | undefined): string {
    const { acr_values: acr, max_age: maxAge } = code === 'step_up_required' ? members : {};
    return this.urls.login(returnTo, {
      ...(acr !== undefined && { acr_values: String(acr) }),
      ...(maxAge !== undefined && { max_age: String(maxAge) }),
    });
  }

  /** The log line and the audit line alone, for answers of another form. */
  report(exchange: Exchange, error: VestibuleError): void {
    const refusal = refusalOf(exchange, error);
    if (refusal !== undefined) this.audit.record(refusal, exchange);
    const { level } = errorEntry(error.code);
    if (level === 'debug') return;
    this.log.event(level === 'error' ? 'request.failed' : 'request.refused', {
      request: exchange.id,
      method: exchange.method,
      route: exchange.res.route,
      code: error.code,
      detail: error.detail,
      cause: causeOf(error.cause),
    });
  }
}

/** What of an error belongs into the audit stream. */
function refusalOf(exchange: Exchange, { code, about }: VestibuleError): AuditEntry | undefined {
  const { route } = exchange.res;
  if (code === 'logout_token_rejected') return { event: 'logout_refused', reason: code };
  if (route.startsWith(CALLBACK) && errorEntry(code).level !== 'debug')
    return { event: 'login_refused', reason: code, ...about, route };
  if (!isAccessRefusal(code)) return undefined;
  const who = exchange.session === undefined ? about : whoOf(exchange.session);
  return { event: 'access_refused', reason: code, ...who, route };
}

function isAccessRefusal(code: ErrorCode): code is (typeof ACCESS_REFUSALS)[number] {
  return (ACCESS_REFUSALS as readonly ErrorCode[]).includes(code);
}

function withLogin(error: VestibuleError, login: string): VestibuleError {
  return Object.assign(error, { members: { login_url: login, ...error.members } });
}
