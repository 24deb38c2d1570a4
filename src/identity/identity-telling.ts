import { Injectable } from '@nestjs/common';
import type { IdentityTelling as Way } from '../config/config.types.js';
import type { LiveSession, SessionRecord } from '../domain/session.js';
import type { FlatHeaders } from '../http/flat-headers.js';
import { IdentityAssertion, type IssuedAssertion } from './identity-assertion.js';
import { IdentityHeaders } from './identity-headers.js';

const NOTHING: FlatHeaders = [];
export const ASSERTION_HEADER = 'x-auth-assertion';

/** What an API wants to be told, and under which name. */
interface Ask {
  readonly way: Way;
  /** The API's name in the assertion. */
  readonly audience: string;
}

/** What was told last of a session's record. */
interface Told extends Ask {
  /** Absent where the way has none. */
  readonly assertion: IssuedAssertion | undefined;
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
   * Managed headers with their values. Unless the way is `none` every one is there, empty where it tells nothing; no
   * session is a stranger.
   */
  headersFor(session: LiveSession | undefined, ask: Ask): Promise<FlatHeaders> | FlatHeaders {
    if (ask.way === 'none') return NOTHING;
    if (session === undefined) return this.ofNobody;
    return this.toldBefore(session, ask) ?? this.tell(session, ask);
  }

  /** The same list, as long as it would say the same. */
  private toldBefore(session: LiveSession, { way, audience }: Ask): FlatHeaders | undefined {
    const last = this.last.get(session.record);
    if (last?.way !== way || last.audience !== audience) return undefined;
    const isGood = last.assertion === undefined || this.assertion.isGood(last.assertion, session);
    return isGood ? last.headers : undefined;
  }

  private async tell(session: LiveSession, { way, audience }: Ask): Promise<FlatHeaders> {
    const assertion = way === 'headers' ? undefined : await this.assertion.of(session, audience);
    const told = way === 'assertion' ? this.headers.ofNobody : this.headers.of(session);
    const headers = [...told, ASSERTION_HEADER, assertion?.jwt ?? ''];
    this.last.set(session.record, { way, audience, assertion, headers });
    return headers;
  }
}
