import { isDeepStrictEqual } from 'node:util';
import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../domain/clock.js';
import type { Identity } from '../domain/identity.js';
import type { EndReason, LiveSession } from '../domain/session.js';
import type { AudienceRequest, TokenSet } from '../domain/token-set.js';
import { AuditTrail, whoOf } from '../http/audit-trail.js';
import { EventLog } from '../logging/event-log.js';
import type { ProviderClient, RefreshOutcome } from '../provider/provider-client.js';
import type { TokenFailure } from '../provider/provider-errors.js';
import { ProviderRegistry } from '../provider/provider-registry.js';
import { SessionRecords } from '../session/session-records.js';
import { RefreshBackOff, wishOf } from './refresh-back-off.js';
import { isNewer, TokenWrites, withAudiencesOf, type Held, type Written } from './token-writes.js';

export type Renewal =
  | { readonly kind: 'renewed'; readonly tokens: TokenSet }
  /** Nothing was won, nothing is lost: the provider cannot or will not now. */
  | { readonly kind: 'kept'; readonly tokens: TokenSet }
  | { readonly kind: 'ended'; readonly reason?: EndReason };

type Refreshed = Extract<RefreshOutcome, { kind: 'refreshed' }>;
type Failed = Extract<RefreshOutcome, { kind: 'failed' }>;

/**
 * One use of a session's refresh token, by whoever holds its lock. The steps, in the order that makes it safe:
 * note that the token is being sent, send it, judge what comes, write it if nobody wrote meanwhile. A refresh
 * token is sent twice only where the provider takes it twice.
 */
@Injectable()
export class SessionRenewal {
  private readonly writes: TokenWrites;

  constructor(
    private readonly records: SessionRecords,
    private readonly providers: ProviderRegistry,
    private readonly backOff: RefreshBackOff,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(EventLog) private readonly log: EventLog,
    @Inject(AuditTrail) private readonly audit: AuditTrail,
  ) {
    this.writes = new TokenWrites(records);
  }

  /** True while there is no use in asking: the provider, or what this session asks for, failed a moment ago. */
  isPaused({ session }: Held, audience?: AudienceRequest): boolean {
    return (
      this.backOff.isPaused(session.record.identity.provider) ||
      this.backOff.isPaused(wishOf(session, audience))
    );
  }

  /** @throws VestibuleError `store_unavailable` */
  async renew(id: string, found: Held, audience?: AudienceRequest): Promise<Renewal> {
    const provider = this.providers.find(found.session.record.identity.provider);
    // A provider that left the configuration cannot answer for its users any more.
    if (provider === undefined) return this.endUnlessRenewed(id, found, 'provider');
    if (this.isLost(found, provider)) return this.endUnlessRenewed(id, found, 'refresh_lost');
    if (!this.backOff.admits(provider.config.id))
      return { kind: 'kept', tokens: found.tokens.tokens };
    try {
      // Whoever dies while the provider is only looked for has sent nothing, and must leave no note.
      await provider.warmUp();
      if (!provider.known) return this.notSent(found);
      const noted = await this.noteSending(id, found);
      if (noted.kind !== 'written') return settled(noted, found);
      const outcome = await this.backOff.ask(provider.config.id, () =>
        this.ask(provider, noted.held, audience),
      );
      this.backOff.learn(provider.config.id, wishOf(found.session, audience), outcome);
      return await this.judge(id, noted.held, provider, outcome);
    } finally {
      this.backOff.abandoned(provider.config.id);
    }
  }

  private judge(
    id: string,
    held: Held,
    provider: ProviderClient,
    outcome: RefreshOutcome,
  ): Promise<Renewal> {
    switch (outcome.kind) {
      case 'refreshed':
        return this.keep(id, held, provider, outcome);
      case 'not_allowed':
        this.tellFailure(held, 'not_allowed');
        void provider.revoke(outcome.tokens);
        return this.endUnlessRenewed(id, held, 'revoked');
      case 'failed':
        this.tellFailure(held, outcome.failure);
        return this.afterFailure(id, held, outcome);
    }
  }

  /**
   * Somebody has sent this refresh token and is gone: what came of it nobody knows. When that was, its sender's clock
   * says, which may be ahead of ours.
   */
  private isLost({ tokens: { tokens } }: Held, provider: ProviderClient): boolean {
    const { refreshSentAt } = tokens;
    return (
      refreshSentAt !== undefined &&
      Math.abs(this.clock.now() - refreshSentAt) >= provider.config.refreshGraceMs
    );
  }

  private noteSending(id: string, held: Held): Promise<Written> {
    const before = held.tokens.tokens.refreshSentAt;
    const refreshSentAt = this.clock.now();
    return this.writes.change(id, held, (now) =>
      now.refreshSentAt === before ? { ...now, refreshSentAt } : undefined,
    );
  }

  /** Once, and once more when the answer was lost and the provider takes the same token again. */
  private async ask(
    provider: ProviderClient,
    { session, tokens: { tokens }, from }: Held,
    audience: AudienceRequest | undefined,
  ): Promise<RefreshOutcome> {
    const { identity } = session.record;
    const refresh = (): Promise<RefreshOutcome> =>
      provider.refresh(tokens, identity, audience, from?.id);
    const outcome = await refresh();
    const isLost = outcome.kind === 'failed' && outcome.failure === 'unknown';
    return isLost && provider.config.refreshGraceMs > 0 ? refresh() : outcome;
  }

  private notSent({ session, tokens: { tokens } }: Held): Renewal {
    this.backOff.failed(session.record.identity.provider);
    return { kind: 'kept', tokens };
  }

  private async keep(
    id: string,
    held: Held,
    provider: ProviderClient,
    { tokens, identity }: Refreshed,
  ): Promise<Renewal> {
    if (this.isOver(identity)) {
      void provider.revoke(tokens);
      return this.endUnlessRenewed(id, held, 'provider');
    }
    const written = await this.writes.change(id, held, (now) => withAudiencesOf(tokens, now));
    // The session ended while the provider answered: its new tokens must not outlive it, nor delay the answer.
    if (written.kind === 'gone') void provider.revoke(tokens);
    if (written.kind !== 'written') return settled(written, held);
    await this.keepIdentity(id, held.session, identity);
    await this.records.tellRenewed(id);
    this.log.event('token.refreshed', { request: held.from?.id, provider: provider.config.id });
    this.audit.record({ event: 'refresh', ...whoOf(held.session) }, held.from);
    return { kind: 'renewed', tokens: written.held.tokens.tokens };
  }

  /** The provider wants the session to have ended before now. */
  private isOver(identity: Identity | undefined): boolean {
    const { sessionExpiry } = identity ?? {};
    return sessionExpiry !== undefined && Math.floor(sessionExpiry * 1000) <= this.clock.now();
  }

  /** Claims that did not change are not written. Whoever wrote them meanwhile had newer ones. */
  private async keepIdentity(
    id: string,
    session: LiveSession,
    identity: Identity | undefined,
  ): Promise<void> {
    const before = session.record.identity;
    if (identity === undefined || isDeepStrictEqual(identity, before)) return;
    const dropped = Object.keys(before.claims).filter(
      (name) => !Object.hasOwn(identity.claims, name),
    );
    if (dropped.length > 0)
      this.log.event('token.claims_dropped', {
        provider: identity.provider,
        claims: dropped.join(' '),
      });
    await this.writes.persist(() => this.records.replaceIdentity(id, session, identity));
  }

  /** Only a dead grant ends the session, and only after a second look; our own faults and passing ones do not. */
  private async afterFailure(id: string, held: Held, { failure }: Failed): Promise<Renewal> {
    switch (failure) {
      case 'invalid_grant':
        return this.endUnlessRenewed(id, held, 'refresh_failed');
      case 'unknown':
        return this.endUnlessRenewed(id, held, 'refresh_lost');
      case 'refused':
      case 'invalid_client':
      case 'not_sent':
      case 'temporary':
        return this.unsend(id, held);
    }
  }

  /** The provider did not use the token up: take the note back. */
  private async unsend(id: string, held: Held): Promise<Renewal> {
    const { refreshSentAt: ours } = held.tokens.tokens;
    const written = await this.writes.change(id, held, ({ refreshSentAt, ...tokens }) =>
      refreshSentAt === ours ? tokens : undefined,
    );
    return written.kind === 'written'
      ? { kind: 'kept', tokens: written.held.tokens.tokens }
      : settled(written, held);
  }

  private tellFailure({ session, from }: Held, reason: TokenFailure | 'not_allowed'): void {
    this.audit.record({ event: 'refresh_failed', reason, ...whoOf(session) }, from);
  }

  private async endUnlessRenewed(id: string, held: Held, reason: EndReason): Promise<Renewal> {
    const { writes, records } = this;
    const now = await writes.persist(() => records.readWithTokens(id, { touch: false }));
    if (now.kind === 'anonymous') return ended(now.reason ?? reason);
    if (isNewer(now.tokens.tokens, held.tokens.tokens))
      return { kind: 'renewed', tokens: now.tokens.tokens };
    const isEnded = await writes.persist(() =>
      records.end(records.credentials.of(id).storeKey, reason, held.from),
    );
    if (isEnded)
      this.audit.record({ event: 'session_ended', reason, ...whoOf(held.session) }, held.from);
    return ended(reason);
  }
}

/** What another one's write means to the request that was overtaken by it. */
function settled(written: Exclude<Written, { kind: 'written' }>, held: Held): Renewal {
  if (written.kind === 'gone') return ended(written.reason);
  const { tokens } = written;
  return { kind: isNewer(tokens, held.tokens.tokens) ? 'renewed' : 'kept', tokens };
}

function ended(reason: EndReason | undefined): Extract<Renewal, { kind: 'ended' }> {
  return reason === undefined ? { kind: 'ended' } : { kind: 'ended', reason };
}
