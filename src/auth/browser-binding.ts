import { Inject, Injectable } from '@nestjs/common';
import { CookieConfig } from '../config/config.types.js';
import { isToken, randomToken } from '../crypto/random.js';
import { cookieValues, setLoginCookie } from '../http/cookies.js';
import type { Exchange } from '../http/exchange.js';

/** The one small cookie that ties login transactions to the browser that started them, for all its tabs. */
@Injectable()
export class BrowserBinding {
  constructor(@Inject(CookieConfig) private readonly config: CookieConfig) {}

  of(exchange: Exchange): string | undefined {
    return cookieValues(exchange.req.headers.cookie, this.config.loginName).find(isToken);
  }

  /** The browser's binding; a new one is set when there is none. `crossSitePost`: a form_post must carry it. */
  ensure(exchange: Exchange, crossSitePost: boolean): string {
    const known = this.of(exchange);
    if (known !== undefined && !crossSitePost) return known;
    const binding = known ?? randomToken();
    setLoginCookie(exchange, this.config, binding, crossSitePost);
    return binding;
  }
}
