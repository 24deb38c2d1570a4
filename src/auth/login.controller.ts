import { Controller } from '@nestjs/common';
import { VestibuleError } from '../errors/vestibule.error.js';
import { sendJson, sendPage, sendRedirect } from '../http/answer.js';
import { headerOf, Http, isNavigation, isPrefetch, type Exchange } from '../http/exchange.js';
import { chooserPage } from '../http/pages/chooser.page.js';
import { OwnPage } from '../http/own-page.js';
import { PublicUrl } from '../http/public-url.js';
import { BindRoute } from '../http/route.decorator.js';
import { LoginService, type LoginStart } from './login.service.js';

/** `GET /login`: a page navigation goes to the provider, a fetch of our own page gets the address, nothing else starts anything. */
@Controller()
export class LoginController {
  constructor(
    private readonly logins: LoginService,
    private readonly urls: PublicUrl,
    private readonly ownPage: OwnPage,
  ) {}

  @BindRoute('login')
  async login(@Http() exchange: Exchange): Promise<void> {
    const byFetch = this.isOwnFetch(exchange);
    if (isPrefetch(exchange) || !(byFetch || isNavigation(exchange)))
      throw new VestibuleError('not_a_navigation');
    const query = new URLSearchParams(exchange.search);
    const start = await this.logins.start(exchange, query);
    if (byFetch) sendJson(exchange, 200, { location: this.addressOf(start, query) });
    else if (start.kind === 'redirect') sendRedirect(exchange, 302, start.location);
    else sendPage(exchange, 200, chooserPage(this.choices(start.providers, query)));
  }

  /** For a script that has not chosen a provider: the page on which a person does. */
  private addressOf(start: LoginStart, query: URLSearchParams): string {
    return start.kind === 'redirect'
      ? start.location
      : this.urls.path('/login', Object.fromEntries(query));
  }

  private isOwnFetch(exchange: Exchange): boolean {
    const wantsJson = (headerOf(exchange, 'accept') ?? '').includes('application/json');
    return wantsJson && this.ownPage.isProvenBy(exchange);
  }

  private choices(
    providers: readonly string[],
    query: URLSearchParams,
  ): { label: string; href: string }[] {
    return providers.map((provider) => ({
      label: provider,
      href: this.urls.path('/login', { ...Object.fromEntries(query), provider }),
    }));
  }
}
