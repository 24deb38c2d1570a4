import { Injectable } from '@nestjs/common';
import { equalText } from '../crypto/equal.js';
import type { Exchange } from '../http/exchange.js';
import { SessionReader } from './session-reader.js';
import { SessionRecords } from './session-records.js';

const PURPOSE = 'logout';

/** The token of `logout_url` and of our confirmation form: good for logging out of one session, for nothing else. */
@Injectable()
export class LogoutToken {
  constructor(
    private readonly sessions: SessionReader,
    private readonly records: SessionRecords,
  ) {}

  /** The token of the session with this id. */
  forId(id: string): string {
    return this.records.credentials.of(id).token(PURPOSE);
  }

  /** The token of the request's live session; undefined when nobody is logged in. */
  async of(exchange: Exchange): Promise<string | undefined> {
    const reading = await this.sessions.read(exchange, { touch: false });
    return reading.kind === 'live' && reading.id !== undefined ? this.forId(reading.id) : undefined;
  }

  /** True when `token` is the one of the request's own session. */
  async belongsTo(exchange: Exchange, token: string): Promise<boolean> {
    const expected = await this.of(exchange);
    return expected !== undefined && equalText(token, expected);
  }
}
