import { Inject, Injectable } from '@nestjs/common';
import { errorEntry, type ErrorCode } from '../errors/error-catalogue.js';
import { toVestibuleError, type VestibuleError } from '../errors/vestibule.error.js';
import { EventLog } from '../logging/event-log.js';
import { sendError } from './answer.js';
import type { Exchange } from './exchange.js';
import { PublicUrl } from './public-url.js';

/** Errors whose remedy is a login: a script is told where it begins. */
const NEEDS_LOGIN: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'unauthenticated',
  'step_up_required',
  'token_unavailable',
]);

/** The one place where an error becomes an answer and a log line. */
@Injectable()
export class ErrorAnswer {
  constructor(
    @Inject(EventLog) private readonly log: EventLog,
    private readonly urls: PublicUrl,
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

  /** The log line alone, for answers of another form. */
  report(exchange: Exchange, error: VestibuleError): void {
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

function withLogin(error: VestibuleError, login: string): VestibuleError {
  return Object.assign(error, { members: { login_url: login, ...error.members } });
}

/** Class and code of the cause, and for our own faults the place; never a message, which may quote a secret. */
function causeOf(cause: unknown): string | undefined {
  if (!(cause instanceof Error)) return undefined;
  const code: unknown = Reflect.get(cause, 'code');
  const inner = causeOf(cause.cause);
  const place = placeOf(cause);
  return [cause.name, typeof code === 'string' ? code : undefined, inner ?? place]
    .filter(Boolean)
    .join(' < ');
}

/** The first frame of the stack. What stands before the frames is the message, whose lines may look like frames. */
function placeOf({ stack = '', message }: Error): string | undefined {
  const at = stack.indexOf(message);
  if (at === -1) return undefined;
  const frames = stack.slice(at + message.length).split('\n');
  return frames.find((line) => line.startsWith('    at '))?.trim();
}
