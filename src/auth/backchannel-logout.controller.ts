import { Controller } from '@nestjs/common';
import { VestibuleError } from '../errors/vestibule.error.js';
import { readForm, single } from '../http/form.js';
import { Http, type Exchange } from '../http/exchange.js';
import { BindRoute } from '../http/route.decorator.js';
import { BackchannelLogoutService } from './backchannel-logout.service.js';

/** `POST /backchannel-logout`: 200 when done, 400 for a token that is none, 5xx so that the provider tries again. */
@Controller()
export class BackchannelLogoutController {
  constructor(private readonly logouts: BackchannelLogoutService) {}

  @BindRoute('backchannel-logout')
  async logOut(@Http() exchange: Exchange): Promise<void> {
    const token = single(await this.form(exchange), 'logout_token');
    if (token === undefined || token === '') {
      throw new VestibuleError('logout_token_rejected', { detail: 'no logout token' });
    }
    await this.logouts.carryOut(token);
    exchange.res.writeHead(200, { 'Content-Length': 0 }).end();
  }

  /** Anything but a form is a bad request here (Back-Channel Logout §2.8 knows 400 only). */
  private form(exchange: Exchange): Promise<URLSearchParams> {
    return readForm(exchange).catch((cause: unknown) => {
      throw new VestibuleError('logout_token_rejected', { cause, detail: 'no form' });
    });
  }
}
