import { Controller } from '@nestjs/common';
import { VestibuleError } from '../errors/vestibule.error.js';
import { sendRedirect } from '../http/answer.js';
import { ErrorAnswer } from '../http/error-answer.js';
import { Http, isNavigation, isPrefetch, type Exchange } from '../http/exchange.js';
import { single } from '../http/form.js';
import { ForwardedRequests } from '../http/forwarded-request.js';
import { PublicUrl } from '../http/public-url.js';
import { BindRoute } from '../http/route.decorator.js';
import { SessionReader } from '../session/session-reader.js';
import { unauthenticated } from '../session/session.guard.js';
import { ReturnTo } from './return-to.js';

/**
 * `GET /login/required`: where a gateway's error page sends whoever it did not let in. A person goes on to the login and
 * comes back to what they asked for, if a trusted gateway tells what that was; a script is told where the login begins.
 */
@Controller()
export class LoginRequiredController {
  constructor(
    private readonly sessions: SessionReader,
    private readonly forwarded: ForwardedRequests,
    private readonly returnTo: ReturnTo,
    private readonly urls: PublicUrl,
    private readonly errors: ErrorAnswer,
  ) {}

  @BindRoute('login.required')
  async sendOn(@Http() exchange: Exchange): Promise<void> {
    const returnTo = this.askedFor(exchange);
    const wish = wishIn(exchange.search);
    const reading = await this.sessions.read(exchange, { touch: false });
    if (reading.kind === 'live') {
      // There is a session, and the gateway wants a better one: sent on by itself, whoever cannot have it goes round for ever.
      this.errors.send(
        exchange,
        new VestibuleError('step_up_required', { members: wish }),
        returnTo,
      );
    } else if (isNavigation(exchange) && !isPrefetch(exchange)) {
      sendRedirect(exchange, 302, this.urls.login(returnTo, wish));
    } else {
      this.errors.send(exchange, unauthenticated(reading.reason), returnTo);
    }
  }

  /** The page that the gateway kept back; home where nobody who is believed says which. */
  private askedFor(exchange: Exchange): string {
    const forwarded = this.forwarded.of(exchange);
    const target = forwarded.kind === 'told' ? forwarded.request.target : undefined;
    return this.returnTo.resolve(target);
  }
}

/** What the login is to be, which the gateway's configuration writes into the query; `/login` judges it. */
function wishIn(search: string): Record<string, string> {
  const query = new URLSearchParams(search);
  const wish: Record<string, string> = {};
  for (const name of ['acr_values', 'max_age']) {
    const value = single(query, name);
    if (value !== undefined) wish[name] = value;
  }
  return wish;
}
