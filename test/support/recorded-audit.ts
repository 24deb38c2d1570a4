import type { AuditEntry } from '../../src/audit/audit-events.js';
import type { AuditTrail } from '../../src/http/audit-trail.js';
import type { Exchange } from '../../src/http/exchange.js';

/** An audit trail that remembers. */
export class RecordedAudit implements AuditTrail {
  readonly entries: AuditEntry[] = [];
  /** The requests, in the same order. */
  readonly exchanges: (Exchange | undefined)[] = [];

  record(entry: AuditEntry, exchange?: Exchange): void {
    this.entries.push(entry);
    this.exchanges.push(exchange);
  }
}
