import { Injectable } from '@nestjs/common';
import { VestibuleError } from '../errors/vestibule.error.js';
import { headerOf, type Exchange } from '../http/exchange.js';
import { OwnPage } from '../http/own-page.js';
import { routeNamed } from '../http/route-table.js';
import { SessionReader } from './session-reader.js';
import { ENDED_ID, SessionStream } from './session-stream.js';
import { SessionStreams } from './session-streams.js';

/**
 * `GET /session/events`: tells a page that its session is about to end, was renewed, or ended and why. An
 * EventSource cannot read a 401, so a dead session gets one `ended`, and 204 when the browser comes back
 * with its id: that stops it. A stream never extends the idle time.
 */
@Injectable()
export class SessionEventsEndpoint {
  private readonly rule = routeNamed('session.events').csrf;

  constructor(
    private readonly sessions: SessionReader,
    private readonly streams: SessionStreams,
    private readonly ownPage: OwnPage,
  ) {}

  async handle(exchange: Exchange): Promise<void> {
    if (!this.ownPage.passes(this.rule, exchange)) throw new VestibuleError('csrf_refused');
    const reading = await this.sessions.read(exchange, { touch: false });
    if (reading.kind === 'live' && reading.id !== undefined) {
      this.streams.watch(reading.id, reading.session, new SessionStream(exchange));
    } else if (headerOf(exchange, 'last-event-id') === ENDED_ID) {
      exchange.res.writeHead(204).end();
    } else {
      new SessionStream(exchange).end(reading.kind === 'anonymous' ? reading.reason : undefined);
    }
  }
}
