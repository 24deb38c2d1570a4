import { Controller, Param } from '@nestjs/common';
import { VestibuleError } from '../errors/vestibule.error.js';
import { sendPage, sendRedirect } from '../http/answer.js';
import { readForm, single } from '../http/form.js';
import { Http, type Exchange } from '../http/exchange.js';
import { isJson, readJsonObject } from '../http/json-body.js';
import { OwnPage } from '../http/own-page.js';
import { bouncePage } from '../http/pages/bounce.page.js';
import { PublicUrl } from '../http/public-url.js';
import { BindRoute } from '../http/route.decorator.js';
import { SessionEndpoint } from '../session/session.endpoint.js';
import { SessionReader } from '../session/session-reader.js';
import { toCallbackParameters } from './app-answer.js';
import { CallbackService, type Arrival, type CallbackOutcome } from './callback.service.js';
import { ReturnTo } from './return-to.js';

/** The redirect URI, the page that leads from it into the application, and the way in for an application that is its own redirect URI. */
@Controller()
export class CallbackController {
  constructor(
    private readonly callbacks: CallbackService,
    private readonly sessions: SessionReader,
    private readonly view: SessionEndpoint,
    private readonly returnTo: ReturnTo,
    private readonly urls: PublicUrl,
    private readonly ownPage: OwnPage,
  ) {}

  @BindRoute('callback')
  async query(@Http() exchange: Exchange): Promise<void> {
    await this.redirected(exchange, {});
  }

  @BindRoute('callback.form')
  async form(@Http() exchange: Exchange): Promise<void> {
    await this.posted(exchange, {});
  }

  @BindRoute('callback.provider')
  async providerQuery(
    @Http() exchange: Exchange,
    @Param('provider') provider: string,
  ): Promise<void> {
    await this.redirected(exchange, { provider });
  }

  @BindRoute('callback.provider.form')
  async providerForm(
    @Http() exchange: Exchange,
    @Param('provider') provider: string,
  ): Promise<void> {
    await this.posted(exchange, { provider });
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

  private async redirected(exchange: Exchange, arrival: Arrival): Promise<void> {
    const parameters = new URLSearchParams(exchange.search);
    this.leave(exchange, await this.callbacks.complete(exchange, parameters, arrival));
  }

  /** A form is the provider's; JSON is the application's, which proves itself as for every unsafe route. */
  private async posted(exchange: Exchange, arrival: Arrival): Promise<void> {
    if (!isJson(exchange)) {
      const parameters = await readForm(exchange);
      this.leave(exchange, await this.callbacks.complete(exchange, parameters, arrival));
      return;
    }
    if (!this.ownPage.isProvenBy(exchange)) throw new VestibuleError('csrf_refused');
    const parameters = toCallbackParameters(await readJsonObject(exchange));
    const outcome = await this.callbacks.complete(exchange, parameters, {
      ...arrival,
      byApp: true,
    });
    await this.tellApp(exchange, outcome);
  }

  /** Answers like `GET /session`, or says what a failed `prompt=none` says by `login_error` in an address. */
  private async tellApp(exchange: Exchange, outcome: CallbackOutcome): Promise<void> {
    if (outcome.kind !== 'logged-in')
      throw new VestibuleError('unauthenticated', { members: { login_error: 'login_required' } });
    this.view.answer(exchange, await this.sessions.readStarted(outcome.sessionId));
  }

  private leave(exchange: Exchange, outcome: CallbackOutcome): void {
    sendRedirect(exchange, 303, this.urls.path('/login/return', this.bounceQuery(outcome)));
  }

  private bounceQuery(outcome: CallbackOutcome): Record<string, string> {
    const { kind, returnTo } = outcome;
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
