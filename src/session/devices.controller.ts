import { Controller, Param } from '@nestjs/common';
import type { Identity } from '../domain/identity.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import { sendJson } from '../http/answer.js';
import { Http, type Exchange } from '../http/exchange.js';
import { BindRoute } from '../http/route.decorator.js';
import { isToken } from '../crypto/random.js';
import { deviceView } from './device-view.js';
import { SessionDirectory } from './session-directory.js';
import { SessionReader } from './session-reader.js';
import { storeKeyOf } from './session-credential.js';
import { unauthenticated } from './session.guard.js';
import type { IndexSubject } from './session-index.js';

/** `/sessions`: the user's own devices. What is not the user's own is not there. */
@Controller()
export class DevicesController {
  constructor(
    private readonly sessions: SessionReader,
    private readonly directory: SessionDirectory,
  ) {}

  @BindRoute('sessions')
  async list(@Http() exchange: Exchange): Promise<void> {
    const { handle, subject } = await this.current(exchange);
    const devices = await this.directory.list(subject);
    const sessions = devices.map((device) => ({
      ...deviceView(device),
      current: device.handle === handle,
    }));
    sendJson(exchange, 200, { sessions });
  }

  /** A foreign, a dead and an unknown id answer the same. */
  @BindRoute('sessions.revoke')
  async revoke(@Http() exchange: Exchange, @Param('session_id') id: string): Promise<void> {
    const { subject } = await this.current(exchange);
    if (!isToken(id) || !(await this.directory.endOne(subject, id, 'revoked'))) {
      throw new VestibuleError('not_found');
    }
    exchange.res.writeHead(204).end();
  }

  @BindRoute('sessions.revoke-others')
  async revokeOthers(@Http() exchange: Exchange): Promise<void> {
    const { handle, subject } = await this.current(exchange);
    const ended = await this.directory.endAll(subject, 'revoked', storeKeyOf(handle));
    sendJson(exchange, 200, { ended });
  }

  private async current(exchange: Exchange): Promise<{ handle: string; subject: IndexSubject }> {
    const reading = await this.sessions.read(exchange, { touch: true });
    if (reading.kind === 'anonymous') throw unauthenticated(reading.reason);
    return { handle: reading.session.handle, subject: userOf(reading.session.record.identity) };
  }
}

function userOf({ issuer, subject }: Identity): IndexSubject {
  return { issuer, subject };
}
