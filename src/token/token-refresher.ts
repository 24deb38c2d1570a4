import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { TokenConfig } from '../config/config.types.js';
import { Clock } from '../domain/clock.js';
import type { EndReason } from '../domain/session.js';
import {
  isDue,
  isJustObtained,
  isUsable,
  type AudienceRequest,
  type TokenSet,
} from '../domain/token-set.js';
import { SessionRecords } from '../session/session-records.js';
import { Store } from '../store/store.port.js';
import { underLock } from './refresh-lock.js';
import { SessionRenewal, type Renewal } from './session-renewal.js';
import { Slots } from './slots.js';
import { isNewer, type Held } from './token-writes.js';

/** What a request may do now that its tokens were looked after. */
export type FreshTokens =
  | { readonly kind: 'usable'; readonly tokens: TokenSet }
  /** There is no usable access token and no way to get one: log in again. */
  | { readonly kind: 'exhausted' }
  /** There is none at the moment: the provider or another instance is slow; try again. */
  | { readonly kind: 'later' }
  | { readonly kind: 'ended'; readonly reason?: EndReason };

/** What a request wants of its session's tokens. */
interface Wish {
  /** The access token at hand was refused: another one, however long it would live. */
  readonly force?: boolean;
  /** A token for this API, not the session's own. */
  readonly audience?: AudienceRequest;
}

const POLL_MS = 50;
/** Up to this part of the leeway a session renews earlier than another: they do not all come at once. */
const JITTER = 0.2;
/**
 * Refreshes of one provider at a time in this process. One that stops answering takes along those that were sent, and
 * no more; the others find it paused.
 */
const MOST_AT_ONCE = 100;

/**
 * Keeps access tokens fresh (RFC 6749 §6): one refresh at a time per session, in this process by sharing the
 * call, across processes by a lock in the store; what is written is written by compare-and-set. A refresh that
 * takes longer than a person waits goes on without those who asked for it.
 */
@Injectable()
export class TokenRefresher implements BeforeApplicationShutdown {
  private readonly running = new Map<string, Promise<FreshTokens>>();
  private readonly slots = new Map<string, Slots>();

  constructor(
    private readonly records: SessionRecords,
    private readonly renewal: SessionRenewal,
    @Inject(Store) private readonly store: Store,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(TokenConfig) private readonly config: TokenConfig,
  ) {}

  /** The session's tokens, renewed first when they are due; `force` renews in any case. */
  async fresh(
    id: string,
    held: Held,
    { force = false }: { readonly force?: boolean } = {},
  ): Promise<FreshTokens> {
    const { tokens } = held.tokens;
    const due = force || tokens.accessToken === undefined || this.isDue(held, this.config.leewayMs);
    if (due) return this.soon(this.renewed(id, held, { force }), tokens, { force });
    if (this.config.aheadMs > 0 && this.isDue(held, this.config.aheadMs)) {
      // Nobody waits for it: what fails is tried again when the token is due.
      void this.renewed(id, held, {}).catch(() => undefined);
    }
    return { kind: 'usable', tokens };
  }

  /**
   * The session's tokens, renewed because a page wishes it. A page may wish it without end, so tokens that came a moment
   * ago are new enough, unless they are due.
   */
  atWish(id: string, held: Held): Promise<FreshTokens> {
    const force = !isJustObtained(held.tokens.tokens, this.clock.now());
    return this.fresh(id, held, { force });
  }

  /**
   * The session's tokens with one for `audience` among them, got by the refresh token (RFC 8707 §2.2) when the one
   * at hand is due; `force` gets one in any case.
   */
  async forAudience(
    id: string,
    held: Held,
    audience: AudienceRequest,
    { force = false }: { readonly force?: boolean } = {},
  ): Promise<FreshTokens> {
    const { tokens } = held.tokens;
    const token = tokens.audiences?.[audience.key];
    if (!force && token !== undefined && !isDue(token, this.clock.now(), this.config.leewayMs))
      return { kind: 'usable', tokens };
    const wish = { audience, force };
    return this.soon(this.renewed(id, held, wish), tokens, wish);
  }

  /** A process that stops must not lose what the provider is about to answer; Nest closes the store afterwards. */
  async beforeApplicationShutdown(): Promise<void> {
    await Promise.allSettled(this.running.values());
  }

  /** The outcome, or what there is without it after the longest time that a request waits. */
  private async soon(
    outcome: Promise<FreshTokens>,
    tokens: TokenSet,
    wish: Wish,
  ): Promise<FreshTokens> {
    const inTime = new AbortController();
    const late = delay(this.config.waitMs, undefined, { signal: inTime.signal });
    try {
      return await Promise.race([outcome, late.then(() => this.goOnWith(tokens, 'later', wish))]);
    } finally {
      inTime.abort();
    }
  }

  private async renewed(id: string, held: Held, wish: Wish): Promise<FreshTokens> {
    const { tokens } = held.tokens;
    if (tokens.refreshToken === undefined) return this.goOnWith(tokens, 'exhausted', wish);
    const name = [id, wish.force === true, wish.audience?.key].join(' ');
    const running = this.running.get(name);
    if (running !== undefined) return running;
    const refresh = this.inTurn(id, held, wish).finally(() => this.running.delete(name));
    this.running.set(name, refresh);
    return refresh;
  }

  private async inTurn(id: string, held: Held, wish: Wish): Promise<FreshTokens> {
    const { provider } = held.session.record.identity;
    const isPaused = (): boolean => this.renewal.isPaused(held, wish.audience);
    const paused = (): FreshTokens => this.goOnWith(held.tokens.tokens, 'later', wish);
    if (isPaused()) return paused();
    const slots = this.slots.get(provider) ?? new Slots(MOST_AT_ONCE);
    this.slots.set(provider, slots);
    return slots.run(async () => (isPaused() ? paused() : this.refresh(id, held, wish)));
  }

  /** Lock, look again, renew; while another has the lock, wait for its result, but no longer than a person would. */
  private async refresh(id: string, judged: Held, wish: Wish): Promise<FreshTokens> {
    const { storeKey } = this.records.credentials.of(id);
    const giveUpAt = performance.now() + this.config.waitMs;
    do {
      const locked = await underLock(this.store, storeKey, this.config.lockMs, () =>
        this.renewUnlessDone(id, judged, wish),
      );
      if (locked.kind === 'done') return this.toFresh(locked.result, wish);
      // Another instance renews. The old token does as long as it lives, where nobody has refused it.
      if (wish.force !== true && this.isUsable(judged.tokens.tokens, wish))
        return { kind: 'usable', tokens: judged.tokens.tokens };
      await delay(POLL_MS);
      const now = await this.records.readWithTokens(id, { touch: false });
      if (now.kind === 'anonymous') return ended(now.reason);
      if (this.isDone(now.tokens.tokens, judged.tokens.tokens, wish))
        return { kind: 'usable', tokens: now.tokens.tokens };
    } while (performance.now() < giveUpAt);
    return this.goOnWith(judged.tokens.tokens, 'later', wish);
  }

  private async renewUnlessDone(id: string, judged: Held, wish: Wish): Promise<Renewal> {
    const now = await this.records.readWithTokens(id, { touch: false });
    if (now.kind === 'anonymous') return ended(now.reason);
    if (this.isDone(now.tokens.tokens, judged.tokens.tokens, wish))
      return { kind: 'renewed', tokens: now.tokens.tokens };
    return this.renewal.renew(id, { ...judged, ...now }, wish.audience);
  }

  /** Whether what this request wants is there by now. */
  private isDone(now: TokenSet, judged: TokenSet, { audience }: Wish): boolean {
    if (now.refreshSentAt !== undefined) return false;
    if (audience === undefined) return isNewer(now, judged);
    const token = now.audiences?.[audience.key];
    // One that was refused is there still, and does not count.
    if (token?.accessToken === judged.audiences?.[audience.key]?.accessToken) return false;
    return token !== undefined && !isDue(token, this.clock.now(), this.config.leewayMs);
  }

  private toFresh(renewal: Renewal, wish: Wish): FreshTokens {
    switch (renewal.kind) {
      case 'renewed':
        return { kind: 'usable', tokens: renewal.tokens };
      case 'kept':
        return this.goOnWith(renewal.tokens, 'later', wish);
      case 'ended':
        return renewal;
    }
  }

  /** A session's own jitter: the same on every replica, so that they agree on when a token is due. */
  private isDue({ session, tokens: { tokens } }: Held, leewayMs: number): boolean {
    const share = (session.handle.codePointAt(0) ?? 0) % 8;
    return isDue(tokens, this.clock.now(), leewayMs * (1 + (JITTER * share) / 7));
  }

  private goOnWith(tokens: TokenSet, otherwise: 'exhausted' | 'later', wish: Wish): FreshTokens {
    return this.isUsable(tokens, wish) ? { kind: 'usable', tokens } : { kind: otherwise };
  }

  private isUsable(tokens: TokenSet, { audience }: Wish): boolean {
    const wanted = audience === undefined ? tokens : (tokens.audiences?.[audience.key] ?? {});
    return isUsable(wanted, this.clock.now());
  }
}

function ended(reason: EndReason | undefined): { kind: 'ended'; reason?: EndReason } {
  return reason === undefined ? { kind: 'ended' } : { kind: 'ended', reason };
}
