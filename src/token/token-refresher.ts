import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { TokenConfig } from '../config/config.types.js';
import { randomToken } from '../crypto/random.js';
import { Clock } from '../domain/clock.js';
import type { EndReason, LiveSession } from '../domain/session.js';
import { isDue, isUsable, type TokenSet } from '../domain/token-set.js';
import { EventLog } from '../logging/event-log.js';
import type { TokenFailure } from '../provider/provider-errors.js';
import { ProviderRegistry } from '../provider/provider-registry.js';
import type { TokenRecord } from '../session/record-codec.js';
import { SessionRecords } from '../session/session-records.js';
import { Store, type WriteOutcome } from '../store/store.port.js';
import { RefreshBackOff } from './refresh-back-off.js';

/** What a request may do now that its tokens were looked after. */
export type FreshTokens =
  | { readonly kind: 'usable'; readonly tokens: TokenSet }
  /** There is no usable access token and no way to get one: log in again. */
  | { readonly kind: 'exhausted' }
  /** There is none at the moment: the provider or another instance is slow; try again. */
  | { readonly kind: 'later' }
  | { readonly kind: 'ended'; readonly reason?: EndReason };

interface Held {
  readonly session: LiveSession;
  readonly tokens: TokenRecord;
}

const POLL_MS = 50;
const WRITE_AGAIN_MS = 250;

/**
 * Keeps access tokens fresh (RFC 6749 §6): one refresh at a time per session, in this process by sharing the
 * call, across processes by a lock in the store; what is written is written by compare-and-set.
 */
@Injectable()
export class TokenRefresher {
  private readonly running = new Map<string, Promise<FreshTokens>>();
  private readonly backOff: RefreshBackOff;

  constructor(
    private readonly records: SessionRecords,
    private readonly providers: ProviderRegistry,
    @Inject(Store) private readonly store: Store,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(TokenConfig) private readonly config: TokenConfig,
    @Inject(EventLog) private readonly log: EventLog,
  ) {
    this.backOff = new RefreshBackOff(clock);
  }

  /** The session's tokens, renewed first when they are due; `force` renews in any case. */
  async fresh(
    id: string,
    held: Held,
    { force = false }: { readonly force?: boolean } = {},
  ): Promise<FreshTokens> {
    const { tokens } = held.tokens;
    const due =
      tokens.accessToken === undefined || isDue(tokens, this.clock.now(), this.config.leewayMs);
    if (!force && !due) return { kind: 'usable', tokens };
    if (tokens.refreshToken === undefined) return this.goOnWith(tokens, 'exhausted');
    if (this.backOff.isPaused(held.session.record.identity.provider)) {
      return this.goOnWith(tokens, 'later');
    }
    const running = this.running.get(id);
    if (running !== undefined) return running;
    const refresh = this.refresh(id, held).finally(() => this.running.delete(id));
    this.running.set(id, refresh);
    return refresh;
  }

  /** Lock, look again, renew, write, release. */
  private async refresh(id: string, judged: Held): Promise<FreshTokens> {
    const { storeKey } = this.records.credentials.of(id);
    const owner = randomToken();
    if (!(await this.store.acquireLock(storeKey, owner, this.config.lockMs)))
      return this.awaitOther(id, judged);
    const renewal = setInterval(() => {
      this.store.renewLock(storeKey, owner, this.config.lockMs).catch(() => undefined);
    }, this.config.lockMs / 3);
    try {
      const now = await this.records.readWithTokens(id, { touch: false });
      if (now.kind === 'anonymous') return ended(now.reason);
      if (now.tokens.counter !== judged.tokens.counter)
        return { kind: 'usable', tokens: now.tokens.tokens };
      return await this.renew(id, now);
    } finally {
      clearInterval(renewal);
      // A lock that cannot be released runs out by itself.
      await this.store.releaseLock(storeKey, owner).catch(() => undefined);
    }
  }

  private async renew(id: string, held: Held): Promise<FreshTokens> {
    const { identity } = held.session.record;
    const provider = this.providers.find(identity.provider);
    // A provider that left the configuration cannot answer for its users any more.
    if (provider === undefined) return this.endUnlessChanged(id, held, 'provider');
    const outcome = await provider.refresh(held.tokens.tokens, identity);
    if (outcome.kind === 'failed') return this.afterFailure(id, held, outcome.failure);
    this.backOff.succeeded(identity.provider);
    const written = await this.write(id, held, outcome.tokens);
    switch (written) {
      case 'written':
        this.log.event('token.refreshed', { provider: identity.provider });
        return { kind: 'usable', tokens: outcome.tokens };
      case 'conflict':
        return this.stored(id);
      case 'gone':
        // The session ended while the provider answered: its new tokens must not outlive it.
        await provider.revoke(outcome.tokens);
        return this.stored(id);
    }
  }

  /** Tokens that the provider has rotated must not be lost to a store that blinks: one more attempt. */
  private async write(id: string, held: Held, tokens: TokenSet): Promise<WriteOutcome> {
    try {
      return await this.records.replaceTokens(id, held.tokens, tokens);
    } catch {
      await delay(WRITE_AGAIN_MS);
      return this.records.replaceTokens(id, held.tokens, tokens);
    }
  }

  /** Only a dead grant ends the session, and only after a second look; our own faults and passing ones do not. */
  private async afterFailure(id: string, held: Held, failure: TokenFailure): Promise<FreshTokens> {
    if (failure !== 'invalid_grant') this.backOff.failed(held.session.record.identity.provider);
    switch (failure) {
      case 'invalid_grant':
        return this.endUnlessChanged(id, held, 'refresh_failed');
      case 'unknown':
        return this.endUnlessChanged(id, held, 'refresh_lost');
      case 'invalid_client':
      case 'refused':
      case 'not_sent':
      case 'temporary':
        return this.goOnWith(held.tokens.tokens, 'later');
    }
  }

  private async endUnlessChanged(id: string, held: Held, reason: EndReason): Promise<FreshTokens> {
    const now = await this.records.readWithTokens(id, { touch: false });
    if (now.kind === 'anonymous') return ended(now.reason ?? reason);
    if (now.tokens.counter !== held.tokens.counter)
      return { kind: 'usable', tokens: now.tokens.tokens };
    await this.records.end(this.records.credentials.of(id).storeKey, reason);
    return ended(reason);
  }

  /** Another instance renews: wait for its result, but no longer than a person would. */
  private async awaitOther(id: string, judged: Held): Promise<FreshTokens> {
    if (isUsable(judged.tokens.tokens, this.clock.now()))
      return { kind: 'usable', tokens: judged.tokens.tokens };
    for (let waited = 0; waited < this.config.waitMs; waited += POLL_MS) {
      await delay(POLL_MS);
      const now = await this.records.readWithTokens(id, { touch: false });
      if (now.kind === 'anonymous') return ended(now.reason);
      if (now.tokens.counter !== judged.tokens.counter)
        return { kind: 'usable', tokens: now.tokens.tokens };
    }
    return { kind: 'later' };
  }

  private async stored(id: string): Promise<FreshTokens> {
    const now = await this.records.readWithTokens(id, { touch: false });
    return now.kind === 'live' ? { kind: 'usable', tokens: now.tokens.tokens } : ended(now.reason);
  }

  private goOnWith(tokens: TokenSet, otherwise: 'exhausted' | 'later'): FreshTokens {
    return isUsable(tokens, this.clock.now()) ? { kind: 'usable', tokens } : { kind: otherwise };
  }
}

function ended(reason: EndReason | undefined): FreshTokens {
  return reason === undefined ? { kind: 'ended' } : { kind: 'ended', reason };
}
