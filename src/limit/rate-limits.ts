import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { LimitsConfig, ServerConfig, SessionConfig, type Quota } from '../config/config.types.js';
import { expand } from '../crypto/kdf.js';
import { KeyRing } from '../crypto/key-ring.js';
import { Clock } from '../domain/clock.js';
import { remainingMs, type Span } from '../domain/span.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import { ClientAddress } from '../http/client-address.js';
import { headerOf, type Exchange } from '../http/exchange.js';
import { networkOf } from '../http/network.js';
import { EventLog } from '../logging/event-log.js';
import type { Counted } from '../store/counter.port.js';
import { MemoryCounters } from '../store/memory/memory-counters.js';
import { Store } from '../store/store.port.js';
import { tellQuota, tellSpent } from './quota-fields.js';

export type PolicyName = keyof LimitsConfig;

/** Of those who have spent their quota; whoever falls out is known again with the next count. */
const MOST_SPENT = 10_000;
/** 132 bits: enough to tell networks apart, short enough for a million of them. */
const NAME_LENGTH = 22;
/** By then the store has said how long the window is. */
const CROWD_MS = 1_000;

/**
 * How often one network does what costs something, counted by all instances in the store under one command each. Whoever has
 * spent a quota is remembered here until its window ends: a flood costs the store nothing, and to look is free. While the store
 * is away each process counts for itself, so that people pass and guessing stays slow.
 */
@Injectable()
export class RateLimits {
  private readonly addresses: ClientAddress;
  private readonly ring: KeyRing;
  private readonly alone: MemoryCounters;
  /** How many counts of a name the store has not answered yet. */
  private readonly underWay = new Map<string, number>();
  /** What is left of the window of a spent quota. */
  private readonly spent = new LRUCache<string, Span>({ max: MOST_SPENT });

  constructor(
    @Inject(Store) private readonly store: Store,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(LimitsConfig) private readonly quotas: LimitsConfig,
    @Inject(SessionConfig) session: SessionConfig,
    @Inject(ServerConfig) server: ServerConfig,
    @Inject(EventLog) private readonly log: EventLog,
  ) {
    this.addresses = new ClientAddress(server.trustProxy);
    this.ring = new KeyRing(session.keys);
    this.alone = new MemoryCounters(clock);
  }

  /**
   * Counts a request of this client's network and tells what is left. Called where the cost begins: what is refused before,
   * such as the images of a foreign page, must use up nobody's quota.
   * @throws VestibuleError `too_many_requests`
   */
  async admit(exchange: Exchange, policy: PolicyName): Promise<void> {
    const quota = this.quotas[policy];
    if (quota === 'off') return;
    // Whoever hung up before it was asked who it is must not pass as somebody else.
    if (exchange.req.socket.destroyed) throw new VestibuleError('bad_request');
    const network = this.networkOf(exchange);
    this.refuseSpent(exchange, policy, network);
    this.refuseCrowd(exchange, policy, network, quota);
    const { count, remainingMs } = await this.count(policy, network, quota);
    if (count >= quota.quota) this.remember(exchange, policy, network, remainingMs);
    if (count > quota.quota) this.refuseSpent(exchange, policy, network);
    tellQuota(exchange.res, policy, quota, { quota: quota.quota - count, ms: remainingMs });
  }

  /** Counts a failure alone; whoever has too many is refused by `isSpent` and `refuseSpent` from then on. */
  async failed(exchange: Exchange, policy: PolicyName, who: string): Promise<void> {
    const quota = this.quotas[policy];
    if (quota === 'off') return;
    const { count, remainingMs } = await this.count(policy, who, quota);
    if (count >= quota.quota) this.remember(exchange, policy, who, remainingMs);
  }

  /** @throws VestibuleError `too_many_requests` where `isSpent` */
  refuseSpent(exchange: Exchange, policy: PolicyName, who: string): void {
    if (this.isSpent(exchange, policy, who)) throw new VestibuleError('too_many_requests');
  }

  /** True when this process knows that the quota is spent; the answer's header fields then say for how long. */
  isSpent({ res }: Exchange, policy: PolicyName, who: string): boolean {
    const quota = this.quotas[policy];
    const ms = this.waitMs(policy, who);
    if (quota === 'off' || ms <= 0) return false;
    tellSpent(res, policy, quota, ms);
    return true;
  }

  /** The network of the client, by what trusted proxies say and nobody else. */
  networkOf({ req }: Exchange): string {
    return networkOf(this.addresses.of(req));
  }

  /** Thousands at once, before the store could answer for one: as many as the quota are enough to ask it about. */
  private refuseCrowd({ res }: Exchange, policy: PolicyName, network: string, quota: Quota): void {
    if ((this.underWay.get(keyOf(policy, network)) ?? 0) < quota.quota) return;
    tellSpent(res, policy, quota, CROWD_MS);
    throw new VestibuleError('too_many_requests');
  }

  private waitMs(policy: PolicyName, who: string): number {
    return remainingMs(this.spent.get(keyOf(policy, who)), this.clock.now());
  }

  private remember(exchange: Exchange, policy: PolicyName, who: string, ms: number): void {
    // Those who were under way in this moment tell nothing new.
    if (this.waitMs(policy, who) > 0) return;
    this.spent.set(keyOf(policy, who), { since: this.clock.now(), ms });
    const isForwarded = headerOf(exchange, 'x-forwarded-for') !== undefined;
    this.log.event('limit.reached', {
      policy,
      who,
      // Then everybody behind this proxy is one network.
      ...(isForwarded && !this.addresses.isProxy(exchange.req) && { untrusted_proxy: true }),
    });
  }

  private async count(policy: PolicyName, who: string, { windowMs }: Quota): Promise<Counted> {
    const name = this.nameOf(policy, who);
    this.addUnderWay(keyOf(policy, who), 1);
    try {
      return await this.store.count(name, windowMs);
    } catch (error) {
      if (!(error instanceof VestibuleError) || error.code !== 'store_unavailable') throw error;
      return this.alone.count(name, windowMs);
    } finally {
      this.addUnderWay(keyOf(policy, who), -1);
    }
  }

  private addUnderWay(key: string, more: number): void {
    const sum = (this.underWay.get(key) ?? 0) + more;
    if (sum === 0) this.underWay.delete(key);
    else this.underWay.set(key, sum);
  }

  /** An address is personal data: the store gets a keyed hash of it. */
  private nameOf(policy: PolicyName, who: string): string {
    const key = this.ring.derive(this.ring.sealingKid, 'limit');
    if (key === undefined) throw new RangeError('the key is not in the ring');
    return `${policy}:${expand(key, policy, who).toString('base64url').slice(0, NAME_LENGTH)}`;
  }
}

function keyOf(policy: PolicyName, who: string): string {
  return `${policy} ${who}`;
}
