import { Inject, Injectable } from '@nestjs/common';
import type { AuditClient, AuditEntry, AuditEvent } from '../audit/audit-events.js';
import { AuditLog } from '../audit/audit-log.js';
import { ServerConfig } from '../config/config.types.js';
import { cleanText } from '../logging/redact.js';
import type { AuditTrail } from './audit-trail.js';
import { ClientAddress } from './client-address.js';
import { clientNameOf, type Exchange } from './exchange.js';

/** The trail of a running instance: an entry and its request make a line. */
@Injectable()
export class RequestAudit implements AuditTrail {
  private readonly address: ClientAddress;

  constructor(
    @Inject(AuditLog) private readonly log: AuditLog,
    @Inject(ServerConfig) server: ServerConfig,
  ) {
    this.address = new ClientAddress(server.trustProxy);
  }

  record(entry: AuditEntry, exchange?: Exchange): void {
    if (this.log.state === 'off') return;
    const where =
      exchange === undefined ? {} : { request_id: exchange.id, client: this.clientOf(exchange) };
    // An event that must say where it came from is only recorded with a request.
    this.log.write({ ...entry, ...where } as AuditEvent);
  }

  /** What a client calls itself is its own choice, and may be a secret in the wrong place. */
  private clientOf(exchange: Exchange): AuditClient {
    return {
      address: this.address.of(exchange.req),
      agent: cleanText(clientNameOf(exchange)),
    };
  }
}
