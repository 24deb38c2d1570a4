import { Injectable } from '@nestjs/common';
import { VestibuleError } from '../errors/vestibule.error.js';
import { sendJson, sendJsonText } from '../http/answer.js';
import type { Exchange } from '../http/exchange.js';
import { OwnPage } from '../http/own-page.js';
import { PublicUrl } from '../http/public-url.js';
import { routeNamed } from '../http/route-table.js';
import { SessionReader, type SessionOnRequest } from './session-reader.js';
import { SessionViews } from './session-view.js';

/** `GET /session`: who is logged in. A hot route, dispatched before Express. */
@Injectable()
export class SessionEndpoint {
  private readonly rule = routeNamed('session').csrf;

  constructor(
    private readonly sessions: SessionReader,
    private readonly views: SessionViews,
    private readonly urls: PublicUrl,
    private readonly ownPage: OwnPage,
  ) {}

  async handle(exchange: Exchange): Promise<void> {
    if (!this.ownPage.passes(this.rule, exchange)) throw new VestibuleError('csrf_refused');
    this.answer(exchange, await this.sessions.read(exchange, { touch: isTouching(exchange) }));
  }

  /** 200 with the view of a live session, 401 with the reason of its end. */
  answer(exchange: Exchange, reading: SessionOnRequest): void {
    if (reading.kind === 'anonymous' || reading.id === undefined) {
      const reason = reading.kind === 'anonymous' ? reading.reason : undefined;
      sendJson(exchange, 401, {
        authenticated: false,
        ...(reason !== undefined && { reason }),
        login_url: this.urls.path('/login'),
      });
      return;
    }
    sendJsonText(exchange, 200, this.views.of(reading.session, reading.id));
  }
}

function isTouching({ search }: Exchange): boolean {
  return search === '' || !new URLSearchParams(search).getAll('touch').includes('false');
}
