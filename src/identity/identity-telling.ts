import { Injectable } from '@nestjs/common';
import type { IdentityTelling as Way } from '../config/config.types.js';
import type { LiveSession, SessionRecord } from '../domain/session.js';
import type { FlatHeaders } from '../http/flat-headers.js';
import { IdentityAssertion } from './identity-assertion.js';
import { IdentityHeaders } from './identity-headers.js';

const NOTHING: FlatHeaders = [];
export const ASSERTION_HEADER = 'x-auth-assertion';

/** What was told last of a session's record, and by which assertion. */
interface Told {
  readonly way: Way;
  readonly jwt: string;
  readonly headers: FlatHeaders;
}

/** What an API is told of who calls, in the way that it was configured for. */
@Injectable()
export class IdentityTelling {
  /** Every managed header, empty: what is there tells nothing, and takes the place of what a client wrote. */
  readonly ofNobody: FlatHeaders;
  private readonly last = new WeakMap<SessionRecord, Told>();

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
    if (session === undefined) return this.ofNobody;
    const jwt = await this.assertionFor(session, way, audience);
    const last = this.last.get(session.record);
    if (last?.way === way && last.jwt === jwt) return last.headers;
    const told = way === 'assertion' ? this.headers.ofNobody : this.headers.of(session);
    const headers = [...told, ASSERTION_HEADER, jwt];
    this.last.set(session.record, { way, jwt, headers });
    return headers;
  }

  private assertionFor(session: LiveSession, way: Way, audience: string): string | Promise<string> {
    if (way === 'headers') return '';
    return this.assertion.known(session, audience) ?? this.assertion.of(session, audience);
  }
}
