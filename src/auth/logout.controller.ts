import { Controller, Inject } from '@nestjs/common';
import { LoginConfig } from '../config/config.types.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import { sendJson, sendPage, sendRedirect } from '../http/answer.js';
import { OwnPage } from '../http/own-page.js';
import { readForm, single } from '../http/form.js';
import { headerOf, Http, isNavigation, isPrefetch, type Exchange } from '../http/exchange.js';
import { autoPostPage } from '../http/pages/auto-post.page.js';
import { bouncePage } from '../http/pages/bounce.page.js';
import { loggedOutPage } from '../http/pages/logged-out.page.js';
import { logoutPage } from '../http/pages/logout.page.js';
import { PublicUrl } from '../http/public-url.js';
import { BindRoute } from '../http/route.decorator.js';
import { LogoutToken } from '../session/logout-token.js';
import { LogoutService } from './logout.service.js';
import { LogoutState } from './logout-state.js';

/** What every server and proxy on the way takes. */
const MAX_ADDRESS = 4_096;

/** A script can only navigate: a long address goes without the hint, and the provider may ask. */
function addressOf(location: string): string {
  if (location.length <= MAX_ADDRESS) return location;
  const url = new URL(location);
  url.searchParams.delete('id_token_hint');
  return url.href;
}

/** Logging out: by fetch, by our own form, by a link with the session's logout token. */
@Controller()
export class LogoutController {
  constructor(
    private readonly logouts: LogoutService,
    private readonly tokens: LogoutToken,
    private readonly state: LogoutState,
    private readonly urls: PublicUrl,
    private readonly ownPage: OwnPage,
    @Inject(LoginConfig) private readonly config: LoginConfig,
  ) {}

  /** The static header proves a fetch of our page; the form proves itself by its token. */
  @BindRoute('logout')
  async post(@Http() exchange: Exchange): Promise<void> {
    if (this.ownPage.isClaimedBy(exchange)) {
      if (!this.ownPage.isProvenBy(exchange)) throw new VestibuleError('csrf_refused');
      const location = addressOf(await this.logouts.logOut(exchange));
      sendJson(exchange, 200, { location });
      return;
    }
    await this.checkForm(exchange);
    this.leave(exchange, 303, await this.logouts.logOut(exchange));
  }

  /** A link with the right token logs out; anything else sees the confirmation page and nothing ends. */
  @BindRoute('logout.page')
  async page(@Http() exchange: Exchange): Promise<void> {
    const query = new URLSearchParams(exchange.search);
    const token = single(query, 'token');
    if (
      token !== undefined &&
      this.isOwnNavigation(exchange) &&
      (await this.tokens.belongsTo(exchange, token))
    ) {
      this.leave(exchange, 302, await this.logouts.logOut(exchange));
      return;
    }
    const formToken = await this.tokens.of(exchange);
    if (formToken !== undefined) {
      const form = logoutPage(this.urls.path('/logout'), formToken, this.urls.home);
      // The answer to the form leads to the provider, and from there wherever the provider likes.
      sendPage(exchange, 200, form, '*');
    } else if (single(query, 'again') === undefined)
      sendPage(exchange, 200, bouncePage(this.urls.path('/logout', { again: '1' })));
    else sendPage(exchange, 200, loggedOutPage(this.urls.home));
  }

  /** Where the provider sends the browser back; only our own state moves on by itself (RP-Initiated Logout §3). */
  @BindRoute('logout.done')
  done(@Http() exchange: Exchange): void {
    const state = single(new URLSearchParams(exchange.search), 'state');
    if (this.state.isOwn(exchange, state)) {
      sendPage(exchange, 200, bouncePage(this.urls.path(this.config.postLogoutUrl)));
      return;
    }
    sendPage(exchange, 200, loggedOutPage(this.urls.home));
  }

  /** An address that is too long for servers on the way is sent as a form (RP-Initiated Logout §2). */
  private leave(exchange: Exchange, status: 302 | 303, location: string): void {
    if (location.length <= MAX_ADDRESS) {
      sendRedirect(exchange, status, location);
      return;
    }
    const { origin, pathname, searchParams } = new URL(location);
    sendPage(exchange, 200, autoPostPage(`${origin}${pathname}`, searchParams), '*');
  }

  private isOwnNavigation(exchange: Exchange): boolean {
    return (
      isNavigation(exchange) &&
      !isPrefetch(exchange) &&
      headerOf(exchange, 'sec-fetch-site') !== 'cross-site'
    );
  }

  private async checkForm(exchange: Exchange): Promise<void> {
    if (!this.ownPage.isSenderOf(exchange)) throw new VestibuleError('csrf_refused');
    const form = await readForm(exchange).catch(() => new URLSearchParams());
    const token = single(form, 'token');
    if (token === undefined) throw new VestibuleError('csrf_refused');
    if (!(await this.tokens.belongsTo(exchange, token))) throw new VestibuleError('csrf_refused');
  }
}
