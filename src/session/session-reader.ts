import { Inject, Injectable } from '@nestjs/common';
import { CookieConfig, SessionConfig } from '../config/config.types.js';
import { KeyRing } from '../crypto/key-ring.js';
import type { SessionReading } from '../domain/session.js';
import { cookieValues } from '../http/cookies.js';
import type { Exchange } from '../http/exchange.js';
import { endOfTurn } from '../store/end-of-turn.js';
import type { StoreKey } from '../store/store.port.js';
import { SessionCookie } from './session-cookie.js';
import { SessionRecords, type TokenReading } from './session-records.js';

export type SessionOnRequest = SessionReading & { readonly id?: string };
export type TokensOnRequest = TokenReading & { readonly id?: string };

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
  async read(
    exchange: Exchange,
    { touch }: { readonly touch: boolean },
  ): Promise<SessionOnRequest> {
    return first(this.idsOf(exchange), (id) => this.records.read(id, { touch }));
  }

  /**
   * The session that this exchange has just started: the cookie goes with the answer, so the request has none.
   * @throws VestibuleError `store_unavailable`
   */
  async readStarted(id: string): Promise<SessionOnRequest> {
    return { ...(await this.records.read(id, { touch: false })), id };
  }

  /** @throws VestibuleError `store_unavailable` */
  async readWithTokens(exchange: Exchange): Promise<TokensOnRequest> {
    return first(this.idsOf(exchange), (id) => this.records.readWithTokens(id, { touch: true }));
  }

  /**
   * The session of a cookie that somebody else was sent and hands in: its value as it stands in the Cookie header, or
   * with the percent-encoding taken off.
   * @throws VestibuleError `store_unavailable`
   */
  async readHandedIn(value: string): Promise<TokensOnRequest> {
    return first(this.cookie.idsOf([value]), (id) =>
      this.records.readWithTokens(id, { touch: true }),
    );
  }

  /** Where the session of the first cookie that verifies lies, without asking the store whether it lives. */
  presented(exchange: Exchange): StoreKey | undefined {
    const [id] = this.idsOf(exchange);
    return id === undefined ? undefined : this.records.credentials.of(id).storeKey;
  }

  private idsOf(exchange: Exchange): string[] {
    return this.cookie.idsOf(cookieValues(exchange.req.headers.cookie, this.config.name));
  }
}

async function first<T extends { readonly kind: 'live' | 'anonymous' }>(
  ids: readonly string[],
  read: (id: string) => Promise<T>,
): Promise<(T & { readonly id?: string }) | { readonly kind: 'anonymous' }> {
  if (ids.length === 0) await endOfTurn();
  let last: T | undefined;
  for (const id of ids) {
    const reading = await read(id);
    if (reading.kind === 'live') return { ...reading, id };
    last ??= reading;
  }
  return last ?? { kind: 'anonymous' };
}
