import { Controller } from '@nestjs/common';
import { VestibuleError } from '../errors/vestibule.error.js';
import { Http, type Exchange } from '../http/exchange.js';
import { BindRoute } from '../http/route.decorator.js';
import { SessionEndpoint } from '../session/session.endpoint.js';
import { SessionReader } from '../session/session-reader.js';
import { TokenRefresher } from './token-refresher.js';

/** `POST /session/refresh`: renews the tokens now, unless they came a moment ago, and answers like `GET /session`. */
@Controller()
export class TokenRefreshController {
  constructor(
    private readonly sessions: SessionReader,
    private readonly refresher: TokenRefresher,
    private readonly view: SessionEndpoint,
  ) {}

  @BindRoute('session.refresh')
  async refresh(@Http() exchange: Exchange): Promise<void> {
    const held = await this.sessions.readWithTokens(exchange);
    if (held.kind === 'live' && held.id !== undefined) {
      const outcome = await this.refresher.atWish(held.id, held);
      if (outcome.kind === 'later') throw new VestibuleError('provider_unreachable');
    }
    this.view.answer(exchange, await this.sessions.read(exchange, { touch: true }));
  }
}
