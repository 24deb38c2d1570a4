import { Store, type SessionData } from 'express-session';
import type { NewLogin, SessionRecords } from './session-records.js';

declare module 'express-session' {
  interface SessionData {
    /** Set between regenerate and save of a login; gone once the records are written. */
    login?: NewLogin;
    /** Set on a session that was read: it is there. */
    live?: true;
  }
}

type Callback = (error?: unknown) => void;

/**
 * express-session's Store over our records. A set creates a session (login) and never overwrites one:
 * tokens and claims are replaced by compare-and-set elsewhere, so a late save cannot revive a session that ended.
 */
export class ExpressSessionStore extends Store {
  constructor(private readonly records: SessionRecords) {
    super();
  }

  override get(id: string, callback: (error: unknown, session?: SessionData | null) => void): void {
    this.records.read(id, { touch: false }).then(
      (reading) =>
        callback(
          null,
          reading.kind === 'live' ? ({ cookie: {}, live: true } as unknown as SessionData) : null,
        ),
      (error: unknown) => callback(error),
    );
  }

  override set(id: string, session: SessionData, callback: Callback = () => undefined): void {
    const { login } = session;
    if (login === undefined) {
      callback();
      return;
    }
    delete session.login;
    this.records.create(id, login).then(() => callback(), callback);
  }

  override destroy(id: string, callback: Callback = () => undefined): void {
    this.records
      .end(this.records.credentials.of(id).storeKey, 'logout')
      .then(() => callback(), callback);
  }

  /** Idle time moves where a session is read (session-records.ts), in one place. */
  override touch(_id: string, _session: SessionData, callback: Callback = () => undefined): void {
    callback();
  }
}
