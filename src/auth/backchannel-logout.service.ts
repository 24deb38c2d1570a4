import { Inject, Injectable } from '@nestjs/common';
import { VestibuleError } from '../errors/vestibule.error.js';
import { AuditTrail } from '../http/audit-trail.js';
import type { Exchange } from '../http/exchange.js';
import { EventLog } from '../logging/event-log.js';
import { ProviderRegistry } from '../provider/provider-registry.js';
import { LogoutMarks } from '../session/logout-marks.js';
import { SessionDirectory } from '../session/session-directory.js';

/** Logouts that a provider sends behind the browser's back (OIDC Back-Channel Logout 1.0). */
@Injectable()
export class BackchannelLogoutService {
  constructor(
    private readonly providers: ProviderRegistry,
    private readonly directory: SessionDirectory,
    private readonly marks: LogoutMarks,
    @Inject(EventLog) private readonly log: EventLog,
    @Inject(AuditTrail) private readonly audit: AuditTrail,
  ) {}

  /**
   * Validate, mark, end, remember: the token counts as carried out only after the sessions are gone, so that a
   * provider which tries again after a failure is served; a replay has no effect.
   * @throws VestibuleError `logout_token_rejected`, `store_unavailable`, `provider_unreachable`
   */
  async carryOut(logoutToken: string, exchange?: Exchange): Promise<void> {
    const provider = await this.providers.issuing(logoutToken);
    if (provider === undefined) {
      throw new VestibuleError('logout_token_rejected', { detail: 'logout token: iss' });
    }
    const { tokenId, ...subject } = await provider.verifyLogoutToken(logoutToken);
    if (await this.marks.wasCarriedOut(subject.issuer, tokenId)) return;
    await this.marks.mark(subject);
    const ended = await this.directory.endAll(subject, 'backchannel', { from: exchange });
    await this.marks.carriedOut(subject.issuer, tokenId);
    const { id } = provider.config;
    this.log.event('logout.backchannel', { request: exchange?.id, provider: id, ended });
    this.audit.record(
      {
        event: 'logout',
        reason: 'backchannel',
        provider: id,
        issuer: subject.issuer,
        subject: subject.subject,
        sessions: ended,
      },
      exchange,
    );
  }
}
