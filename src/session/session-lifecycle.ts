import type { ServerResponse } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import type { Request, RequestHandler, Response } from 'express';
import session from 'express-session';
import { CookieConfig, SessionConfig } from '../config/config.types.js';
import { KeyRing } from '../crypto/key-ring.js';
import { randomToken } from '../crypto/random.js';
import type { Identity } from '../domain/identity.js';
import type { LiveSession } from '../domain/session.js';
import { AuditTrail, whoOf } from '../http/audit-trail.js';
import { clearSessionCookie } from '../http/cookies.js';
import type { Exchange } from '../http/exchange.js';
import type { StoreKey } from '../store/store.port.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import { LogoutMarks } from './logout-marks.js';
import { SessionDirectory } from './session-directory.js';
import { ExpressSessionStore } from './express-session.store.js';
import { storeKeyOf } from './session-credential.js';
import { SessionRecords, type NewLogin } from './session-records.js';

/**
 * Starts and ends sessions through express-session, which owns the cookie. Everything is saved before the
 * answer is sent; a save that fails leaves no cookie behind.
 */
@Injectable()
export class SessionLifecycle {
  private readonly middleware: RequestHandler;

  constructor(
    private readonly records: SessionRecords,
    private readonly marks: LogoutMarks,
    private readonly directory: SessionDirectory,
    @Inject(CookieConfig) private readonly cookie: CookieConfig,
    @Inject(SessionConfig) private readonly config: SessionConfig,
    @Inject(AuditTrail) private readonly audit: AuditTrail,
  ) {
    this.middleware = session({
      name: cookie.name,
      secret: new KeyRing(config.keys).deriveSecrets('cookie'),
      store: new ExpressSessionStore(records),
      genid: randomToken,
      resave: false,
      saveUninitialized: false,
      rolling: false,
      cookie: { httpOnly: true, secure: cookie.secure, sameSite: cookie.sameSite, path: '/' },
    });
  }

  /**
   * Starts a session under a new id and sets its cookie; the session that it replaces ends first (ASVS 7.2.4).
   * Returns the new id.
   * `replaces`: the handle of a session whose cookie may be missing here. `startedAt`: when this login began; a logout at the provider since then wins (Back-Channel Logout §2.7).
   * @throws VestibuleError `store_unavailable`, `login_rejected`; then no cookie is set
   */
  async start(
    exchange: Exchange,
    login: NewLogin,
    { replaces, startedAt }: { readonly replaces?: string; readonly startedAt: number },
  ): Promise<string> {
    const request = await this.attach(exchange);
    if (replaces !== undefined) await this.replace(exchange, replaces);
    await this.endPresented(exchange, request);
    try {
      await promised((done) => request.session.regenerate(done));
      if (this.cookie.persistent) request.session.cookie.maxAge = this.config.absoluteMs;
      request.session.login = login;
      await promised((done) => request.session.save(done));
      await this.settle(exchange, request.sessionID, login, startedAt);
      this.tellLogin(exchange, request.sessionID, login);
      return request.sessionID;
    } catch (error) {
      forget(request);
      throw error;
    }
  }

  /** Ends a session that was read, as a logout by one of the two ways that a browser has, and deletes the cookie. */
  async end(
    exchange: Exchange,
    { id, session }: { readonly id: string; readonly session: LiveSession },
    way: 'logout' | 'frontchannel' = 'logout',
  ): Promise<void> {
    const { storeKey } = this.records.credentials.of(id);
    const ended = await this.records.end(storeKey, 'logout', exchange);
    void this.records.leaveIndexes(storeKey, session.record.identity);
    if (ended) this.audit.record({ event: 'logout', reason: way, ...whoOf(session) }, exchange);
    clearSessionCookie(exchange, this.cookie);
  }

  private tellLogin(
    exchange: Exchange,
    id: string,
    { identity: { provider, issuer, subject } }: NewLogin,
  ): void {
    const session = this.records.credentials.of(id).handle;
    this.audit.record({ event: 'login', provider, issuer, subject, session }, exchange);
  }

  private async replace(exchange: Exchange, handle: string): Promise<void> {
    const ended = await this.records.end(storeKeyOf(handle), 'replaced', exchange);
    if (ended) this.tellReplaced(exchange, handle);
  }

  private tellReplaced(exchange: Exchange, session: string): void {
    this.audit.record({ event: 'session_ended', reason: 'replaced', session }, exchange);
  }

  /** What can only be judged once the session is in index and store; a login that fails here leaves no session behind. */
  private async settle(
    exchange: Exchange,
    id: string,
    { identity }: NewLogin,
    startedAt: number,
  ): Promise<void> {
    const { storeKey } = this.records.credentials.of(id);
    try {
      await this.checkStillWanted(exchange, identity, storeKey, startedAt);
      for (const handle of await this.directory.keepNewest(identity, storeKey, exchange))
        this.tellReplaced(exchange, handle);
    } catch (error) {
      // Best effort: nobody was given its cookie.
      await this.records.end(storeKey, 'revoked', exchange).catch(() => undefined);
      throw error;
    }
  }

  /** Whoever logged the user out meanwhile has seen this session in the index, or is seen here. */
  private async checkStillWanted(
    exchange: Exchange,
    identity: Identity,
    key: StoreKey,
    startedAt: number,
  ): Promise<void> {
    if (!(await this.marks.isMarked(identity, startedAt))) return;
    await this.records.end(key, 'backchannel', exchange);
    throw new VestibuleError('login_rejected', { detail: 'logged out at the provider meanwhile' });
  }

  private async endPresented(exchange: Exchange, request: Request): Promise<void> {
    if (request.session.live !== true) return;
    await this.replace(exchange, this.records.credentials.of(request.sessionID).handle);
  }

  private async attach(exchange: Exchange): Promise<Request> {
    // Secure follows the scheme of PUBLIC_URL, not that of a connection behind a TLS terminator (J-19).
    Object.defineProperty(exchange.req, 'secure', {
      value: this.cookie.secure,
      configurable: true,
    });
    const request = exchange.req as Request;
    await promised((done) => {
      this.middleware(request, exchange.res as ServerResponse as Response, done);
    });
    return request;
  }
}

/** Without a session on the request express-session sets no cookie (J-08). */
function forget(request: Request): void {
  Reflect.deleteProperty(request, 'session');
}

function promised(run: (done: (error?: unknown) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    run((error) => {
      if (error === undefined || error === null) resolve();
      else
        reject(
          error instanceof Error ? error : new Error('express-session failed', { cause: error }),
        );
    });
  });
}
