import { Inject, Injectable } from '@nestjs/common';
import { CsrfConfig, ServerConfig } from '../config/config.types.js';
import { comesFromOwnPage, hasOwnOrigin, passesCsrf, provesOwnPage } from './csrf.js';
import { headerOf, type Exchange } from './exchange.js';
import type { CsrfRule } from './route-table.js';

/** The CSRF judgement with this instance's header, origin and allow-list. */
@Injectable()
export class OwnPage {
  constructor(
    @Inject(CsrfConfig) private readonly csrf: CsrfConfig,
    @Inject(ServerConfig) private readonly server: ServerConfig,
  ) {}

  /** True when the request carries the static header and comes from our own page. */
  isProvenBy(exchange: Exchange): boolean {
    return provesOwnPage(exchange, this.csrf, this.server);
  }

  /** True when the browser, where it says so, names our own page as the sender. */
  isSenderOf(exchange: Exchange): boolean {
    return comesFromOwnPage(exchange, this.server);
  }

  /** True when the browser names our own page by `Origin`; silence does not pass. */
  isOriginOf(exchange: Exchange): boolean {
    return hasOwnOrigin(exchange, this.server);
  }

  /** True when the request claims to be a fetch of our own page, rightly or not. */
  isClaimedBy(exchange: Exchange): boolean {
    return headerOf(exchange, this.csrf.header) !== undefined;
  }

  passes(rule: CsrfRule, exchange: Exchange): boolean {
    return passesCsrf(rule, exchange, this.csrf, this.server);
  }
}
