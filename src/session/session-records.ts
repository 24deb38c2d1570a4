import { Inject, Injectable } from '@nestjs/common';
import { SessionConfig } from '../config/config.types.js';
import { KeyRing } from '../crypto/key-ring.js';
import { Clock } from '../domain/clock.js';
import type { Identity } from '../domain/identity.js';
import {
  isEndReason,
  type EndReason,
  type LiveSession,
  type SessionReading,
  type SessionRecord,
} from '../domain/session.js';
import type { TokenSet } from '../domain/token-set.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import { whoOf, AuditTrail } from '../http/audit-trail.js';
import type { Exchange } from '../http/exchange.js';
import { EventLog } from '../logging/event-log.js';
import { Store, type StoreKey, type WriteOutcome } from '../store/store.port.js';
import { DeviceCodec } from './device-codec.js';
import { headBytes, RecordCodec, type TokenRecord } from './record-codec.js';
import { SessionIndexNames, subjectsOf } from './session-index.js';
import { SessionCredentials, type SessionCredential } from './session-credential.js';

/** How long a tombstone tells why a session ended, and how long records outlive their deadline to tell it. */
export const TOMBSTONE_MS = 600_000;
/** An idle deadline moves when a tenth of the idle time has gone, not with every read. */
const EXTENSION_STEPS = 10;

export interface NewLogin {
  readonly identity: Identity;
  readonly tokens: TokenSet;
  /** What a person recognises a device by; at most 200 characters of the User-Agent. */
  readonly client: string;
}

/** `touch`: it counts as a use. `from`: the request that asks, for the audit stream. */
export interface Look {
  readonly touch: boolean;
  readonly from?: Exchange;
}

export type TokenReading =
  | { readonly kind: 'live'; readonly session: LiveSession; readonly tokens: TokenRecord }
  | { readonly kind: 'anonymous'; readonly reason?: EndReason };

type Expiry = SessionRecord['limitedBy'] | 'idle';

/** Sessions as sealed records in the store: every read judges the deadlines, every write is conditional. */
@Injectable()
export class SessionRecords {
  readonly credentials: SessionCredentials;
  private readonly codec: RecordCodec;
  private readonly devices: DeviceCodec;
  private readonly indexes: SessionIndexNames;

  constructor(
    @Inject(Store) private readonly store: Store,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(SessionConfig) private readonly config: SessionConfig,
    @Inject(EventLog) private readonly log: EventLog,
    @Inject(AuditTrail) private readonly audit: AuditTrail,
  ) {
    const ring = new KeyRing(config.keys);
    this.credentials = new SessionCredentials(ring);
    this.codec = new RecordCodec(ring);
    this.devices = new DeviceCodec(ring);
    this.indexes = new SessionIndexNames(ring);
  }

  /**
   * Writes a new session under a new id.
   * @throws VestibuleError `store_unavailable` (the store driver takes back what it may have written),
   *   `login_rejected` for a session that the provider has ended already
   */
  async create(id: string, login: NewLogin): Promise<void> {
    const credential = this.credentials.of(id);
    const now = this.clock.now();
    const record: SessionRecord = {
      identity: login.identity,
      createdAt: now,
      ...this.limitOf(login.identity, now),
    };
    if (record.absoluteDeadline <= now)
      throw new VestibuleError('login_rejected', {
        detail: 'the provider has ended this session already',
      });
    const idleDeadline = this.idleDeadlineAt(now, record);
    const outcome = await this.store.create(credential.storeKey, {
      identity: this.codec.encodeIdentity(credential, {
        counter: 1n,
        idleDeadline,
        accessExpiry: login.tokens.accessTokenExpiresAt ?? 0,
        record,
      }),
      tokens: this.codec.encodeTokens(credential, { counter: 1n, tokens: login.tokens }),
      device: this.devices.encode(credential.storeKey, {
        handle: credential.handle,
        provider: login.identity.provider,
        createdAt: now,
        client: login.client,
      }),
      ttlMs: idleDeadline - now + TOMBSTONE_MS,
      indexes: subjectsOf(login.identity).map((subject) => ({
        index: this.indexes.current(subject),
        score: record.absoluteDeadline + TOMBSTONE_MS,
      })),
    });
    if (outcome === 'exists') throw await this.notCreated(credential.storeKey);
    this.log.event('session.started', { provider: login.identity.provider });
  }

  /** Who is there: one store command for a live session; with `touch`, rarely a second one that moves the idle deadline. */
  async read(id: string, look: Look): Promise<SessionReading> {
    const credential = this.credentials.of(id);
    const bytes = await this.store.readIdentity(credential.storeKey);
    return this.judge(credential, bytes, look);
  }

  /** The same with the tokens, still one command. */
  async readWithTokens(id: string, look: Look): Promise<TokenReading> {
    const credential = this.credentials.of(id);
    const bytes = await this.store.readBoth(credential.storeKey);
    const reading = await this.judge(credential, bytes.identity, look);
    if (reading.kind === 'anonymous') return reading;
    const tokens = bytes.tokens && this.codec.decodeTokens(credential, bytes.tokens);
    if (tokens === undefined) return this.unreadable();
    return { kind: 'live', session: reading.session, tokens };
  }

  /** Replaces the tokens if nobody else did meanwhile (compare and set). */
  async replaceTokens(id: string, before: TokenRecord, tokens: TokenSet): Promise<WriteOutcome> {
    const credential = this.credentials.of(id);
    return this.store.writeTokens(
      credential.storeKey,
      headBytes(before.counter),
      this.codec.encodeTokens(credential, { counter: before.counter + 1n, tokens }),
      headBytes(tokens.accessTokenExpiresAt ?? 0),
    );
  }

  /** Tells the session's pages of new tokens. They like to know, but nothing depends on it. */
  async tellRenewed(id: string): Promise<void> {
    const { storeKey } = this.credentials.of(id);
    await this.store.publishRenewed(storeKey).catch(() => undefined);
  }

  /**
   * Replaces who it is, after a refresh brought other claims, if nobody else did meanwhile. The provider's ceiling
   * may have moved; one that is past ends the session with the next look at it, and lists have it no longer than that.
   */
  async replaceIdentity(
    id: string,
    { counter, idleDeadline, accessTokenExpiresAt, record }: LiveSession,
    identity: Identity,
  ): Promise<WriteOutcome> {
    const credential = this.credentials.of(id);
    const limits = this.limitOf(identity, record.createdAt);
    const { absoluteDeadline } = limits;
    const lifeMs = Math.max(0, absoluteDeadline - this.clock.now());
    return this.store.writeIdentity(
      credential.storeKey,
      headBytes(counter),
      this.codec.encodeIdentity(credential, {
        counter: counter + 1n,
        // The store keeps the two instants that it has, where the new end is no earlier.
        idleDeadline,
        accessExpiry: accessTokenExpiresAt ?? 0,
        record: { ...record, identity, ...limits },
      }),
      { deadline: headBytes(absoluteDeadline), ttlMs: lifeMs + TOMBSTONE_MS },
    );
  }

  /**
   * Takes a session that has ended out of its indexes. Nobody waits for it and nothing depends on it: what stays there
   * is pruned when the session would have run out at the latest.
   */
  async leaveIndexes(key: StoreKey, identity: Identity): Promise<void> {
    const names = subjectsOf(identity).flatMap((subject) => this.indexes.all(subject));
    await Promise.allSettled(names.map((name) => this.store.removeFromIndex(name, [key])));
  }

  /** Ends a session: deletes first, then leaves a tombstone. True when it was there. `from`: the request that is the cause. */
  async end(key: StoreKey, reason: EndReason, from?: Exchange): Promise<boolean> {
    this.forget(key);
    const ended = await this.store.end(key, reason, TOMBSTONE_MS);
    if (ended) this.log.event('session.ended', { request: from?.id, reason });
    return ended;
  }

  /** A logout that found the session in the index before it was in the store has left a tombstone in its place. */
  private async notCreated(key: StoreKey): Promise<VestibuleError> {
    return (await this.store.readTombstone(key)) === undefined
      ? new VestibuleError('internal_error', { detail: 'a session id came up twice' })
      : new VestibuleError('login_rejected', { detail: 'ended before it had begun' });
  }

  private async judge(
    credential: SessionCredential,
    bytes: Buffer | undefined,
    { touch, from }: Look,
  ): Promise<SessionReading> {
    if (bytes === undefined) return this.absent(credential.storeKey);
    const found = this.codec.decodeIdentity(credential, bytes);
    if (found === undefined) return this.unreadable();
    const now = this.clock.now();
    const { record } = found;
    const expire = (reason: Expiry): Promise<SessionReading> =>
      this.expire(credential, record, reason, from);
    if (record.absoluteDeadline <= now) return expire(record.limitedBy);
    const idleDeadline =
      found.idleDeadline > now
        ? found.idleDeadline
        : await this.confirmIdle(credential.storeKey, now);
    if (idleDeadline === undefined) return expire('idle');
    const next = touch ? this.movedFrom(idleDeadline, record, now) : undefined;
    const isMoved =
      next !== undefined &&
      (await this.store.extendIdle(
        credential.storeKey,
        headBytes(next),
        next - now + TOMBSTONE_MS,
      ));
    return {
      kind: 'live',
      session: {
        counter: found.counter,
        handle: credential.handle,
        record,
        idleDeadline: isMoved ? next : idleDeadline,
        ...(found.accessExpiry !== 0 && { accessTokenExpiresAt: found.accessExpiry }),
      },
    };
  }

  /**
   * An idle deadline that seems past is checked against the life of the record by the store's clock: it may
   * have moved while the store was full (then only the life could be written), or our clock may have jumped.
   */
  private async confirmIdle(key: StoreKey, now: number): Promise<number | undefined> {
    const remaining = await this.store.remainingMs(key);
    return remaining !== undefined && remaining > TOMBSTONE_MS
      ? now + remaining - TOMBSTONE_MS
      : undefined;
  }

  /** Where a use moves the idle deadline to; undefined where that is not worth a write. */
  private movedFrom(idle: number, record: SessionRecord, now: number): number | undefined {
    const next = this.idleDeadlineAt(now, record);
    return next - idle < this.config.idleMs / EXTENSION_STEPS ? undefined : next;
  }

  /** The configured limit or the provider's own ceiling, whichever comes first. */
  private limitOf(
    { sessionExpiry }: Identity,
    now: number,
  ): Pick<SessionRecord, 'absoluteDeadline' | 'limitedBy'> {
    const absolute = now + this.config.absoluteMs;
    const ceiling = sessionExpiry === undefined ? absolute : Math.floor(sessionExpiry * 1000);
    return ceiling < absolute
      ? { absoluteDeadline: ceiling, limitedBy: 'provider' }
      : { absoluteDeadline: absolute, limitedBy: 'absolute' };
  }

  private idleDeadlineAt(now: number, record: SessionRecord): number {
    return Math.min(now + this.config.idleMs, record.absoluteDeadline);
  }

  private forget(key: StoreKey): void {
    this.codec.forget(key);
    this.credentials.forget(key);
  }

  private async absent(key: StoreKey): Promise<SessionReading> {
    this.forget(key);
    const reason = await this.store.readTombstone(key);
    return reason !== undefined && isEndReason(reason)
      ? { kind: 'anonymous', reason }
      : { kind: 'anonymous' };
  }

  private async expire(
    { storeKey, handle }: SessionCredential,
    record: SessionRecord,
    reason: Expiry,
    from: Exchange | undefined,
  ): Promise<SessionReading> {
    if (await this.end(storeKey, reason, from))
      this.audit.record({ event: 'session_ended', reason, ...whoOf({ handle, record }) }, from);
    return { kind: 'anonymous', reason };
  }

  /** Corrupt, foreign or of another format: one clean anonymous answer, never an error until its life ends. */
  private unreadable(): { readonly kind: 'anonymous' } {
    this.log.event('session.unreadable');
    return { kind: 'anonymous' };
  }
}
