import { Inject, Injectable } from '@nestjs/common';
import { SessionConfig } from '../config/config.types.js';
import { KeyRing } from '../crypto/key-ring.js';
import { isToken } from '../crypto/random.js';
import { Clock } from '../domain/clock.js';
import type { Identity } from '../domain/identity.js';
import type { EndReason } from '../domain/session.js';
import type { Exchange } from '../http/exchange.js';
import { EventLog } from '../logging/event-log.js';
import { Store, type StoreKey } from '../store/store.port.js';
import { DeviceCodec, type Device } from './device-codec.js';
import { storeKeyOf } from './session-credential.js';
import { TOMBSTONE_MS } from './session-records.js';
import { SessionIndexNames, type IndexSubject } from './session-index.js';

const BATCH = 500;
/** A list is for people: more than this is cut off. */
const MAX_LISTED = 200;

/** Finds, lists and ends sessions of a user without their cookies. */
@Injectable()
export class SessionDirectory {
  private readonly names: SessionIndexNames;
  private readonly devices: DeviceCodec;

  constructor(
    @Inject(Store) private readonly store: Store,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(SessionConfig) private readonly config: SessionConfig,
    @Inject(EventLog) private readonly log: EventLog,
  ) {
    const ring = new KeyRing(config.keys);
    this.names = new SessionIndexNames(ring);
    this.devices = new DeviceCodec(ring);
  }

  /** The live sessions, newest first, at most 200. What has ended is taken out of the index on the way. */
  list(subject: IndexSubject): Promise<readonly Device[]> {
    return this.find(subject, MAX_LISTED);
  }

  private async find(subject: IndexSubject, limit: number): Promise<readonly Device[]> {
    const found = new Map<StoreKey, Device>();
    for await (const { index, members } of this.walk(subject)) {
      const ended = await this.collect(members, found, limit);
      if (ended.length > 0) await this.store.removeFromIndex(index, ended);
      if (found.size >= limit) break;
    }
    return [...found.values()].toSorted((a, b) => b.createdAt - a.createdAt);
  }

  /** Ends every session of the subject, in batches; tells how many were there. `from`: the request that is the cause. */
  async endAll(
    subject: IndexSubject,
    reason: EndReason,
    { except, from }: { readonly except?: StoreKey; readonly from?: Exchange | undefined } = {},
  ): Promise<number> {
    let ended = 0;
    for await (const { index, members } of this.walk(subject)) {
      const keys = members.filter((key) => key !== except);
      ended += await this.store.endMany(keys, reason, TOMBSTONE_MS);
      await this.store.removeFromIndex(index, keys);
    }
    if (ended > 0) this.log.event('session.ended', { request: from?.id, reason, count: ended });
    return ended;
  }

  /** Ends a user's oldest sessions beyond the configured number, never `newest`, and tells their handles. */
  async keepNewest(
    { issuer, subject }: Identity,
    newest: StoreKey,
    from?: Exchange,
  ): Promise<readonly string[]> {
    const { maxPerUser } = this.config;
    if (maxPerUser === 0) return [];
    const found = await this.find({ issuer, subject }, maxPerUser + MAX_LISTED);
    const others = found.filter(({ handle }) => storeKeyOf(handle) !== newest);
    const ended: string[] = [];
    for (const { handle } of others.slice(maxPerUser - 1))
      if (await this.end(storeKeyOf(handle), 'replaced', from)) ended.push(handle);
    return ended;
  }

  private async end(key: StoreKey, reason: EndReason, from?: Exchange): Promise<boolean> {
    const ended = await this.store.end(key, reason, TOMBSTONE_MS);
    if (ended) this.log.event('session.ended', { request: from?.id, reason });
    return ended;
  }

  /** Ends the session with this handle if it is one of the subject's; false for a foreign, dead or unknown one. */
  async endOne(
    subject: IndexSubject,
    handle: string,
    reason: EndReason,
    from?: Exchange,
  ): Promise<boolean> {
    const key = storeKeyOf(handle);
    for await (const { members } of this.walk(subject)) {
      if (!members.includes(key)) continue;
      return this.end(key, reason, from);
    }
    return false;
  }

  /** The same for whoever may end anybody's. A tombstone is left only where a session was. */
  async endByHandle(handle: string, reason: EndReason, from?: Exchange): Promise<boolean> {
    const key = storeKeyOf(handle);
    if (!isToken(handle) || (await this.store.readDevice(key)) === undefined) return false;
    return this.end(key, reason, from);
  }

  /** Whether the session with this handle lives, by the store's clock: one cheap command, which opens nothing. */
  async isLive(handle: string): Promise<boolean> {
    const remaining = await this.store.remainingMs(storeKeyOf(handle));
    // Records outlive their deadline by the time of a tombstone.
    return remaining !== undefined && remaining > TOMBSTONE_MS;
  }

  /** All indexes of a subject (one for each key of the ring), in batches. */
  private async *walk(
    subject: IndexSubject,
  ): AsyncGenerator<{ readonly index: string; readonly members: readonly StoreKey[] }> {
    for (const index of this.names.all(subject)) {
      let cursor: string | undefined;
      do {
        const batch = await this.store.scanIndex(index, cursor, BATCH);
        if (batch.members.length > 0) yield { index, members: batch.members };
        cursor = batch.next;
      } while (cursor !== undefined);
    }
  }

  /**
   * Adds the live ones to `found` and gives those that have certainly ended: they have a tombstone. A member
   * without a session may be a login that is in the index already and will be in the store in a moment.
   */
  private async collect(
    members: readonly StoreKey[],
    found: Map<StoreKey, Device>,
    limit: number,
  ): Promise<StoreKey[]> {
    const ended: StoreKey[] = [];
    for (const key of members) {
      if (found.has(key) || found.size >= limit) continue;
      const record = await this.store.readDevice(key);
      if (record === undefined) {
        if ((await this.store.readTombstone(key)) !== undefined) ended.push(key);
        continue;
      }
      const device = this.devices.decode(key, record.device, record.head, this.config.idleMs);
      if (device !== undefined && device.idleDeadline > this.clock.now()) found.set(key, device);
    }
    return ended;
  }
}
