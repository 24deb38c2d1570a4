import { Inject, Injectable } from '@nestjs/common';
import { SessionConfig } from '../config/config.types.js';
import { KeyRing } from '../crypto/key-ring.js';
import { Clock } from '../domain/clock.js';
import type { Identity } from '../domain/identity.js';
import { Store } from '../store/store.port.js';
import { SessionIndexNames, subjectsOf, type IndexSubject } from './session-index.js';

/** Longer than a login may take (LoginConfig.transactionMs is at most this in effect). */
const MARK_LIFE_MS = 900_000;
/** Longer than any logout token lives. */
const TOKEN_LIFE_MS = 3_600_000;

/**
 * Logouts that came from the provider, for logins that are under way. The logout marks first and then ends what
 * the index names; the login enters itself into the index first, writes its session, and then looks for marks:
 * whichever comes second sees the other.
 */
@Injectable()
export class LogoutMarks {
  private readonly names: SessionIndexNames;

  constructor(
    @Inject(Store) private readonly store: Store,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(SessionConfig) config: SessionConfig,
  ) {
    this.names = new SessionIndexNames(new KeyRing(config.keys));
  }

  async mark(subject: IndexSubject): Promise<void> {
    await this.store.markLogout([this.names.current(subject)], this.clock.now(), MARK_LIFE_MS);
  }

  /** True when this identity was logged out at the provider since its login began at `startedAt`. */
  async isMarked(identity: Identity, startedAt: number): Promise<boolean> {
    const names = subjectsOf(identity).flatMap((subject) => this.names.all(subject));
    const marks = await this.store.readLogoutMarks(names);
    // A login that began after the logout is a new one, also where the provider keeps its session's id.
    return marks.some((mark) => mark !== undefined && mark >= startedAt);
  }

  /** True when this logout token was carried out before (Back-Channel Logout §2.6-8). */
  wasCarriedOut(issuer: string, tokenId: string): Promise<boolean> {
    return this.store.isRemembered(this.tokenName(issuer, tokenId));
  }

  carriedOut(issuer: string, tokenId: string): Promise<void> {
    return this.store.remember(this.tokenName(issuer, tokenId), TOKEN_LIFE_MS);
  }

  private tokenName(issuer: string, tokenId: string): string {
    return this.names.current({ issuer, providerSessionId: `jti:${tokenId}` });
  }
}
