import type { AuditEntry } from '../audit/audit-events.js';
import type { LiveSession } from '../domain/session.js';
import type { Exchange } from './exchange.js';

/** Takes down what happened to logins and sessions, with where the request came from that caused it. */
export interface AuditTrail {
  /** `exchange`: the request that is the cause, where there is one. Never throws. */
  record(entry: AuditEntry, exchange?: Exchange): void;
}
export const AuditTrail = Symbol('AuditTrail');

/** Whom a session is of, for an entry. */
export function whoOf({ handle, record: { identity } }: Pick<LiveSession, 'handle' | 'record'>): {
  readonly provider: string;
  readonly issuer: string;
  readonly subject: string;
  readonly session: string;
} {
  const { provider, issuer, subject } = identity;
  return { provider, issuer, subject, session: handle };
}
