import { Inject, Injectable } from '@nestjs/common';
import { CookieConfig, SessionConfig } from '../config/config.types.js';
import { KeyRing } from '../crypto/key-ring.js';
import { endOfTurn } from '../domain/end-of-turn.js';
import type { SessionReading } from '../domain/session.js';
import { cookieValues } from '../http/cookies.js';
import type { Exchange } from '../http/exchange.js';
import { SessionCookie } from './session-cookie.js';
import { SessionRecords, type TokenReading } from './session-records.js';

interface OfRequest {
  readonly id?: string;
  /** The request that asks. */
  readonly from?: Exchange;
}
export type SessionOnRequest = SessionReading & OfRequest;
export type TokensOnRequest = TokenReading & OfRequest;

/**
 * The session of a request: verifies the cookie, then asks the store. Without a cookie that verifies there is
 * no store call. Of several cookies with our name the first live one counts.
 */
@Injectable()
export class SessionReader {
  private readonly cookie: SessionCookie;

  constructor(
    private readonly records: SessionRecords,
    @Inject(CookieConfig) private readonly config: CookieConfig,
    @Inject(SessionConfig) session: SessionConfig,
  ) {
    this.cookie = new SessionCookie(new KeyRing(session.keys).deriveSecrets('cookie'));
  }

  /** @throws VestibuleError `store_unavailable` */
  read(exchange: Exchange, { touch }: { readonly touch: boolean }): Promise<SessionOnRequest> {
    const how = { touch, from: exchange };
    return first(exchange, this.idsOf(exchange), (id) => this.records.read(id, how));
  }

  /**
   * The session that this exchange has just started: the cookie goes with the answer, so the request has none.
   * @throws VestibuleError `store_unavailable`
   */
  async readStarted(id: string): Promise<SessionOnRequest> {
    return { ...(await this.records.read(id, { touch: false })), id };
  }

  /** @throws VestibuleError `store_unavailable` */
  readWithTokens(exchange: Exchange): Promise<TokensOnRequest> {
    const how = { touch: true, from: exchange };
    return first(exchange, this.idsOf(exchange), (id) => this.records.readWithTokens(id, how));
  }

  /**
   * The session of a cookie that somebody else was sent and hands in with this request: its value as it stands in the Cookie header, or
   * with the percent-encoding taken off.
   * @throws VestibuleError `store_unavailable`
   */
  readHandedIn(value: string, exchange?: Exchange): Promise<TokensOnRequest> {
    const how = { touch: true, ...(exchange !== undefined && { from: exchange }) };
    return first(exchange, this.cookie.idsOf([value]), (id) =>
      this.records.readWithTokens(id, how),
    );
  }

  /** The handle of the session of the first cookie that verifies, without asking the store whether it lives. */
  presented(exchange: Exchange): string | undefined {
    const [id] = this.idsOf(exchange);
    return id === undefined ? undefined : this.records.credentials.of(id).handle;
  }

  private idsOf(exchange: Exchange): string[] {
    return this.cookie.idsOf(cookieValues(exchange.req.headers.cookie, this.config.name));
  }
}

async function first<T extends SessionReading>(
  from: Exchange | undefined,
  ids: readonly string[],
  read: (id: string) => Promise<T>,
): Promise<(T & OfRequest) | { readonly kind: 'anonymous' }> {
  if (ids.length === 0) await endOfTurn();
  let last: T | undefined;
  for (const id of ids) {
    const reading = await read(id);
    if (reading.kind === 'live') {
      if (from === undefined) return { ...reading, id };
      from.session = reading.session;
      return { ...reading, id, from };
    }
    last ??= reading;
  }
  return last ?? { kind: 'anonymous' };
}
