import { Controller, Inject, Param } from '@nestjs/common';
import { VestibuleError } from '../errors/vestibule.error.js';
import { AuditTrail } from '../http/audit-trail.js';
import { sendJson } from '../http/answer.js';
import { Http, type Exchange } from '../http/exchange.js';
import { single } from '../http/form.js';
import { BindRoute } from '../http/route.decorator.js';
import { EventLog } from '../logging/event-log.js';
import { ProviderRegistry } from '../provider/provider-registry.js';
import { deviceView } from '../session/device-view.js';
import { SessionDirectory } from '../session/session-directory.js';
import { FromService, type ServiceCall } from './service-call.js';

/** `/admin/sessions`: finds and ends the sessions of any user, without their cookies. */
@Controller()
export class AdminSessionsController {
  constructor(
    private readonly directory: SessionDirectory,
    private readonly providers: ProviderRegistry,
    @Inject(EventLog) private readonly log: EventLog,
    @Inject(AuditTrail) private readonly audit: AuditTrail,
  ) {}

  @BindRoute('admin.sessions')
  async list(@Http() exchange: Exchange): Promise<void> {
    const { sub, provider } = queryOf(exchange);
    const devices = await this.directory.list(this.subject(sub, provider));
    sendJson(exchange, 200, { sessions: devices.map(deviceView) });
  }

  /** Names whom in full: what is left out must not be guessed where many are logged out. */
  @BindRoute('admin.sessions.end-all')
  async endAll(@Http() exchange: Exchange, @FromService() { service }: ServiceCall): Promise<void> {
    const { sub, provider } = queryOf(exchange);
    if (provider === undefined) throw refusal('provider is missing');
    const whose = this.subject(sub, provider);
    const ended = await this.directory.endAll(whose, 'revoked', { from: exchange });
    this.tell(exchange, service.id, { ...whose, provider, sessions: ended });
    sendJson(exchange, 200, { ended });
  }

  @BindRoute('admin.sessions.end')
  async endOne(
    @Http() exchange: Exchange,
    @FromService() { service }: ServiceCall,
    @Param('session_id') handle: string,
  ): Promise<void> {
    if (!(await this.directory.endByHandle(handle, 'revoked', exchange)))
      throw new VestibuleError('not_found');
    this.tell(exchange, service.id, { session: handle, sessions: 1 });
    exchange.res.writeHead(204).end();
  }

  private subject(subject: string | undefined, id: string | undefined): Whose {
    if (subject === undefined || subject === '') throw refusal('sub is missing');
    const [first, ...others] = this.providers.all;
    if (id === undefined && others.length > 0) throw refusal('provider is missing');
    const provider = id === undefined ? first : this.providers.find(id);
    if (provider === undefined) throw new VestibuleError('unknown_provider');
    return { issuer: provider.config.issuer, subject };
  }

  private tell(exchange: Exchange, service: string, ended: Ended): void {
    const { id: request } = exchange;
    this.log.event('service.sessions_ended', {
      request,
      caller: service,
      count: ended.sessions,
    });
    this.audit.record({ event: 'revocation', by: 'service', service, ...ended }, exchange);
  }
}

interface Whose {
  readonly issuer: string;
  readonly subject: string;
}

type Ended = Partial<Whose> & {
  readonly provider?: string;
  readonly session?: string;
  readonly sessions: number;
};

function queryOf({ search }: Exchange): {
  readonly sub: string | undefined;
  readonly provider: string | undefined;
} {
  const query = new URLSearchParams(search);
  return { sub: single(query, 'sub'), provider: single(query, 'provider') };
}

function refusal(detail: string): VestibuleError {
  return new VestibuleError('bad_request', { detail });
}
