import { Controller, Inject, Param } from '@nestjs/common';
import type { Identity } from '../domain/identity.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import { AuditTrail } from '../http/audit-trail.js';
import { sendJson } from '../http/answer.js';
import { Http, type Exchange } from '../http/exchange.js';
import { BindRoute } from '../http/route.decorator.js';
import { isToken } from '../crypto/random.js';
import { deviceView } from './device-view.js';
import { SessionDirectory } from './session-directory.js';
import { SessionReader } from './session-reader.js';
import { storeKeyOf } from './session-credential.js';
import { unauthenticated } from './session.guard.js';

/** `/sessions`: the user's own devices. What is not the user's own is not there. */
@Controller()
export class DevicesController {
  constructor(
    private readonly sessions: SessionReader,
    private readonly directory: SessionDirectory,
    @Inject(AuditTrail) private readonly audit: AuditTrail,
  ) {}

  @BindRoute('sessions')
  async list(@Http() exchange: Exchange): Promise<void> {
    const { handle, user } = await this.current(exchange);
    const devices = await this.directory.list(user);
    const sessions = devices.map((device) => ({
      ...deviceView(device),
      current: device.handle === handle,
    }));
    sendJson(exchange, 200, { sessions });
  }

  /** A foreign, a dead and an unknown id answer the same. */
  @BindRoute('sessions.revoke')
  async revoke(@Http() exchange: Exchange, @Param('session_id') id: string): Promise<void> {
    const { user } = await this.current(exchange);
    if (!isToken(id) || !(await this.directory.endOne(user, id, 'revoked', exchange))) {
      throw new VestibuleError('not_found');
    }
    this.tell(exchange, user, 1, id);
    exchange.res.writeHead(204).end();
  }

  @BindRoute('sessions.revoke-others')
  async revokeOthers(@Http() exchange: Exchange): Promise<void> {
    const { handle, user } = await this.current(exchange);
    const ended = await this.directory.endAll(user, 'revoked', {
      except: storeKeyOf(handle),
      from: exchange,
    });
    this.tell(exchange, user, ended);
    sendJson(exchange, 200, { ended });
  }

  private async current(
    exchange: Exchange,
  ): Promise<{ readonly handle: string; readonly user: User }> {
    const reading = await this.sessions.read(exchange, { touch: true });
    if (reading.kind === 'anonymous') throw unauthenticated(reading.reason);
    return { handle: reading.session.handle, user: userOf(reading.session.record.identity) };
  }

  private tell(exchange: Exchange, user: User, sessions: number, session?: string): void {
    this.audit.record({ event: 'revocation', by: 'user', ...user, session, sessions }, exchange);
  }
}

type User = Pick<Identity, 'provider' | 'issuer' | 'subject'>;

/** Nothing more: what else is known of them narrows an index down. */
function userOf({ provider, issuer, subject }: Identity): User {
  return { provider, issuer, subject };
}
