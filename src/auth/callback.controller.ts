import { Controller, Param } from '@nestjs/common';
import { sendPage, sendRedirect } from '../http/answer.js';
import { readForm, single } from '../http/form.js';
import { Http, type Exchange } from '../http/exchange.js';
import { bouncePage } from '../http/pages/bounce.page.js';
import { PublicUrl } from '../http/public-url.js';
import { BindRoute } from '../http/route.decorator.js';
import { SessionReader } from '../session/session-reader.js';
import { CallbackService, type CallbackOutcome } from './callback.service.js';
import { ReturnTo } from './return-to.js';

/** The redirect URI, and the page that leads from it into the application. */
@Controller()
export class CallbackController {
  constructor(
    private readonly callbacks: CallbackService,
    private readonly sessions: SessionReader,
    private readonly returnTo: ReturnTo,
    private readonly urls: PublicUrl,
  ) {}

  @BindRoute('callback')
  async query(@Http() exchange: Exchange): Promise<void> {
    this.leave(
      exchange,
      await this.callbacks.complete(exchange, new URLSearchParams(exchange.search)),
    );
  }

  @BindRoute('callback.form')
  async form(@Http() exchange: Exchange): Promise<void> {
    this.leave(exchange, await this.callbacks.complete(exchange, await readForm(exchange)));
  }

  @BindRoute('callback.provider')
  async providerQuery(
    @Http() exchange: Exchange,
    @Param('provider') provider: string,
  ): Promise<void> {
    this.leave(
      exchange,
      await this.callbacks.complete(exchange, new URLSearchParams(exchange.search), provider),
    );
  }

  @BindRoute('callback.provider.form')
  async providerForm(
    @Http() exchange: Exchange,
    @Param('provider') provider: string,
  ): Promise<void> {
    this.leave(
      exchange,
      await this.callbacks.complete(exchange, await readForm(exchange), provider),
    );
  }

  /**
   * The bounce. With `heal=1` (a stale callback) it comes back once by a navigation of our own page, which
   * carries a SameSite=Strict cookie: a session that is there goes on, else one clean new login starts.
   */
  @BindRoute('login.return')
  async bounce(@Http() exchange: Exchange): Promise<void> {
    const query = new URLSearchParams(exchange.search);
    const target = this.returnTo.resolve(single(query, 'return_to'));
    switch (single(query, 'heal')) {
      case '1':
        return sendPage(
          exchange,
          200,
          bouncePage(this.urls.path('/login/return', { return_to: target, heal: '2' })),
        );
      case '2': {
        const reading = await this.sessions.read(exchange, { touch: false });
        const login = this.urls.path('/login', { return_to: target, healed: '1' });
        return sendRedirect(exchange, 302, reading.kind === 'live' ? target : login);
      }
      default:
        return sendPage(exchange, 200, bouncePage(target));
    }
  }

  private leave(exchange: Exchange, outcome: CallbackOutcome): void {
    sendRedirect(exchange, 303, this.urls.path('/login/return', this.bounceQuery(outcome)));
  }

  private bounceQuery({ kind, returnTo }: CallbackOutcome): Record<string, string> {
    switch (kind) {
      case 'logged-in':
        return { return_to: returnTo };
      case 'not-logged-in':
        return { return_to: withLoginError(returnTo, this.urls.origin) };
      case 'stale':
        return { return_to: returnTo, heal: '1' };
    }
  }
}

function withLoginError(returnTo: string, origin: string): string {
  const url = new URL(returnTo, origin);
  url.searchParams.set('login_error', 'login_required');
  return url.origin === origin ? `${url.pathname}${url.search}${url.hash}` : url.href;
}
