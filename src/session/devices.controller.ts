import { Controller, Param } from '@nestjs/common';
import type { Identity } from '../domain/identity.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import { sendJson } from '../http/answer.js';
import { Http, type Exchange } from '../http/exchange.js';
import { BindRoute } from '../http/route.decorator.js';
import { isToken } from '../crypto/random.js';
import type { Device } from './device-codec.js';
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
    sendJson(exchange, 200, { sessions: devices.map((device) => toView(device, handle)) });
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

/** What the page shows of a device; instants are epoch seconds. */
function toView(device: Device, currentHandle: string): object {
  return {
    session_id: device.handle,
    provider: device.provider,
    created_at: Math.floor(device.createdAt / 1000),
    last_seen_at: Math.floor(device.lastSeenAt / 1000),
    client: device.client,
    current: device.handle === currentHandle,
  };
}
