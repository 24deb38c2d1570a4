import { Injectable } from '@nestjs/common';
import type { IdentityTelling as Way } from '../config/config.types.js';
import type { LiveSession } from '../domain/session.js';
import type { FlatHeaders } from '../http/flat-headers.js';
import { IdentityAssertion } from './identity-assertion.js';
import { IdentityHeaders } from './identity-headers.js';

const NOTHING: FlatHeaders = [];
export const ASSERTION_HEADER = 'x-auth-assertion';

/** What an API is told of who calls, in the way that it was configured for. */
@Injectable()
export class IdentityTelling {
  /** Every managed header, empty: what is there tells nothing, and takes the place of what a client wrote. */
  readonly ofNobody: FlatHeaders;

  constructor(
    private readonly headers: IdentityHeaders,
    private readonly assertion: IdentityAssertion,
  ) {
    this.ofNobody = [...headers.ofNobody, ASSERTION_HEADER, ''];
  }

  /**
   * Managed headers with their values. Unless the way is `none` every one is there, empty where it tells nothing.
   * `audience` is the API's name in the assertion; no session is a stranger.
   */
  async headersFor(
    session: LiveSession | undefined,
    { way, audience }: { readonly way: Way; readonly audience: string },
  ): Promise<FlatHeaders> {
    if (way === 'none') return NOTHING;
    const isAsserted = session !== undefined && way !== 'headers';
    const told = way === 'assertion' ? this.headers.ofNobody : this.headers.of(session);
    return [
      ...told,
      ASSERTION_HEADER,
      isAsserted ? await this.assertion.of(session, audience) : '',
    ];
  }
}
