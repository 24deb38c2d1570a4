import { Controller } from '@nestjs/common';
import { VestibuleError } from '../errors/vestibule.error.js';
import { sendJson, sendPage, sendRedirect } from '../http/answer.js';
import { headerOf, Http, isNavigation, isPrefetch, type Exchange } from '../http/exchange.js';
import { readForm } from '../http/form.js';
import { chooserPage } from '../http/pages/chooser.page.js';
import { OwnPage } from '../http/own-page.js';
import { PublicUrl } from '../http/public-url.js';
import { BindRoute } from '../http/route.decorator.js';
import { LoginRequests, type LoginChoice } from './login-requests.js';
import { LoginService } from './login.service.js';

/** `/login`: a page navigation goes to the provider, a fetch of our own page gets the address, nothing else starts anything. */
@Controller()
export class LoginController {
  constructor(
    private readonly logins: LoginService,
    private readonly requests: LoginRequests,
    private readonly urls: PublicUrl,
    private readonly ownPage: OwnPage,
  ) {}

  @BindRoute('login')
  async login(@Http() exchange: Exchange): Promise<void> {
    const byFetch = this.isOwnFetch(exchange);
    if (isPrefetch(exchange) || !(byFetch || isNavigation(exchange)))
      throw new VestibuleError('not_a_navigation');
    const reading = this.requests.read(new URLSearchParams(exchange.search));
    if (reading.kind === 'choose' && !byFetch)
      return sendPage(exchange, 200, chooserPage(this.links(reading.choices)));
    // A script that has not chosen a provider is told of the page on which a person does.
    const location =
      reading.kind === 'choose'
        ? this.urls.path('/login', reading.query)
        : await this.logins.start(exchange, reading.request);
    if (byFetch) sendJson(exchange, 200, { location });
    else sendRedirect(exchange, 302, location);
  }

  /**
   * A login that a third party initiates by form (OIDC Core §4). It goes on as a GET: a cross-site POST brings no
   * SameSite cookie, and a new binding would cut off the logins of the browser's other tabs.
   */
  @BindRoute('login.initiate')
  async initiate(@Http() exchange: Exchange): Promise<void> {
    if (isPrefetch(exchange) || !isNavigation(exchange))
      throw new VestibuleError('not_a_navigation');
    const query = this.requests.initiated(await readForm(exchange));
    sendRedirect(exchange, 303, this.urls.path('/login', query));
  }

  private isOwnFetch(exchange: Exchange): boolean {
    const wantsJson = (headerOf(exchange, 'accept') ?? '').includes('application/json');
    return wantsJson && this.ownPage.isProvenBy(exchange);
  }

  private links(choices: readonly LoginChoice[]): { label: string; href: string }[] {
    return choices.map(({ label, query }) => ({ label, href: this.urls.path('/login', query) }));
  }
}
