import type { AuditEvent } from './audit-events.js';

/** Where audit events go. */
export interface AuditLog {
  /** `off`: nobody keeps them, and their fields need not be found out. `failing`: what was to be written is not. */
  readonly state: 'off' | 'writing' | 'failing';
  /** Never throws. */
  write(event: AuditEvent): void;
}
export const AuditLog = Symbol('AuditLog');
