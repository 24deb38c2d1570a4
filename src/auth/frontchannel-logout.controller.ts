import { Controller } from '@nestjs/common';
import { VestibuleError } from '../errors/vestibule.error.js';
import { sendFramed } from '../http/answer.js';
import { single } from '../http/form.js';
import { Http, type Exchange } from '../http/exchange.js';
import { BindRoute } from '../http/route.decorator.js';
import { ProviderRegistry } from '../provider/provider-registry.js';
import { SessionLifecycle } from '../session/session-lifecycle.js';
import { SessionReader } from '../session/session-reader.js';

/**
 * `GET /frontchannel-logout` (OIDC Front-Channel Logout 1.0), loaded in a frame of the provider. It ends the
 * session of the cookie that the browser sends, and only when `iss` and `sid` are that session's: else any page
 * could log people out. Where the browser withholds the cookie nothing ends. Tokens are not revoked.
 */
@Controller()
export class FrontchannelLogoutController {
  constructor(
    private readonly sessions: SessionReader,
    private readonly lifecycle: SessionLifecycle,
    private readonly providers: ProviderRegistry,
  ) {}

  @BindRoute('frontchannel-logout')
  async logOut(@Http() exchange: Exchange): Promise<void> {
    const query = new URLSearchParams(exchange.search);
    const issuer = single(query, 'iss');
    const sid = single(query, 'sid');
    if ((issuer === undefined) !== (sid === undefined)) {
      throw new VestibuleError('bad_request', {
        detail: 'iss and sid come together or not at all',
      });
    }
    if (issuer !== undefined && sid !== undefined) await this.endIfOf(exchange, issuer, sid);
    sendFramed(
      exchange,
      this.providers.all.map(({ config }) => new URL(config.issuer).origin),
    );
  }

  private async endIfOf(exchange: Exchange, issuer: string, sid: string): Promise<void> {
    const reading = await this.sessions.read(exchange, { touch: false });
    if (reading.kind === 'anonymous' || reading.id === undefined) return;
    const { id, session } = reading;
    const { identity } = session.record;
    if (identity.issuer !== issuer || identity.providerSessionId !== sid) return;
    await this.lifecycle.end(exchange, { id, session }, 'frontchannel');
  }
}
