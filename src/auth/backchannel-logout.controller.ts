import { Controller } from '@nestjs/common';
import { VestibuleError } from '../errors/vestibule.error.js';
import { readForm, single } from '../http/form.js';
import { Http, type Exchange } from '../http/exchange.js';
import { BindRoute } from '../http/route.decorator.js';
import { RateLimits } from '../limit/rate-limits.js';
import { BackchannelLogoutService } from './backchannel-logout.service.js';

/**
 * `POST /backchannel-logout`: 200 when done, 400 for a token that is none, 5xx so that the provider tries again. Only what
 * turns out to be no token counts for the limit: providers send real ones by the thousand, from one address.
 */
@Controller()
export class BackchannelLogoutController {
  constructor(
    private readonly logouts: BackchannelLogoutService,
    private readonly limits: RateLimits,
  ) {}

  @BindRoute('backchannel-logout')
  async logOut(@Http() exchange: Exchange): Promise<void> {
    const network = this.limits.networkOf(exchange);
    this.limits.refuseSpent(exchange, 'backchannel', network);
    try {
      await this.carryOut(exchange);
    } catch (error) {
      if (isRejection(error)) await this.limits.failed(exchange, 'backchannel', network);
      throw error;
    }
    exchange.res.writeHead(200, { 'Content-Length': 0 }).end();
  }

  private async carryOut(exchange: Exchange): Promise<void> {
    const token = single(await this.form(exchange), 'logout_token');
    if (token === undefined || token === '') {
      throw new VestibuleError('logout_token_rejected', { detail: 'no logout token' });
    }
    await this.logouts.carryOut(token, exchange);
  }

  /** Anything but a form is a bad request here (Back-Channel Logout §2.8 knows 400 only). */
  private form(exchange: Exchange): Promise<URLSearchParams> {
    return readForm(exchange).catch((cause: unknown) => {
      throw new VestibuleError('logout_token_rejected', { cause, detail: 'no form' });
    });
  }
}

/** The client's doing, as opposed to a store or a provider that is away. */
function isRejection(error: unknown): boolean {
  return error instanceof VestibuleError && error.status === 400;
}
