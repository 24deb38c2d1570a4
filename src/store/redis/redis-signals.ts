import type { Redis } from 'ioredis';
import type { SessionSignals, SignalListener } from '../directory.port.js';
import { formatSignal, parseSignal } from '../session-signal.js';
import type { StoreKey } from '../store.port.js';
import type { NearCache } from './near-cache.js';
import { backOff } from './redis-options.js';
import type { RedisClient } from './redis.client.js';

/**
 * How often the subscription is tried. A silent peer is noticed after this time and that of a command, so a
 * listener that looks again at a gap knows of every end within the 5 s of the contract.
 */
const HEARTBEAT_MS = 2_000;

/**
 * Signals over one channel, received on a connection of their own, because a connection that subscribes can do
 * nothing else. It is opened for the first listener, replaced whenever it is lost, and lives until the end.
 */
export class RedisSignals implements SessionSignals {
  private readonly listeners = new Set<SignalListener>();
  private subscriber: Redis | undefined;
  private retry: NodeJS.Timeout | undefined;
  private heartbeat: NodeJS.Timeout | undefined;
  private attempts = 0;
  private closed = false;

  constructor(
    private readonly client: RedisClient,
    private readonly channel: string,
    /** Listens from the beginning, where there is one. */
    private readonly near?: NearCache,
  ) {
    // When commands go somewhere new, signals come from there: the old server may live on, cut off.
    client.onConnected(() => this.leave(this.subscriber));
    if (near !== undefined) this.open();
  }

  async publishRenewed(key: StoreKey): Promise<void> {
    const signal = formatSignal({ kind: 'renewed', key });
    await this.client.write((redis) => redis.publish(this.channel, signal));
  }

  listen(listener: SignalListener): () => void {
    // A listener of its own for each call, so that listening twice and stopping once leaves one.
    const own: SignalListener = {
      onSignal: (signal) => listener.onSignal(signal),
      onGap: () => listener.onGap(),
    };
    this.listeners.add(own);
    if (this.subscriber === undefined && this.retry === undefined) this.open();
    return () => void this.listeners.delete(own);
  }

  close(): void {
    this.closed = true;
    this.listeners.clear();
    clearTimeout(this.retry);
    clearInterval(this.heartbeat);
    this.subscriber?.disconnect();
  }

  private open(): void {
    this.retry = undefined;
    if (this.closed) return;
    const subscriber = this.client.openSubscriber();
    this.subscriber = subscriber;
    subscriber.on('error', (error: unknown) => this.client.report(error));
    subscriber.on('message', (_channel: string, text: string) => this.deliver(text));
    subscriber.on('ready', () => void this.subscribe(subscriber));
    subscriber.on('end', () => this.reopen());
  }

  private async subscribe(subscriber: Redis): Promise<void> {
    try {
      await subscriber.subscribe(this.channel);
    } catch (error) {
      this.client.report(error);
      this.leave(subscriber);
      return;
    }
    this.attempts = 0;
    this.heartbeat = setInterval(() => void this.beat(subscriber), HEARTBEAT_MS).unref();
    this.near?.arm();
    for (const listener of this.listeners) listener.onGap();
  }

  private async beat(subscriber: Redis): Promise<void> {
    try {
      await subscriber.ping();
    } catch (error) {
      this.client.report(error);
      this.leave(subscriber);
    }
  }

  /** It tells nothing any more from now on, however long it takes to be gone. */
  private leave(subscriber: Redis | undefined): void {
    this.near?.disarm();
    subscriber?.disconnect();
  }

  private reopen(): void {
    this.near?.disarm();
    clearInterval(this.heartbeat);
    this.subscriber = undefined;
    if (this.closed) return;
    this.attempts += 1;
    this.retry = setTimeout(() => this.open(), backOff(this.attempts)).unref();
  }

  private deliver(text: string): void {
    const signal = parseSignal(text);
    if (signal === undefined) return;
    this.near?.drop(signal.key);
    if (signal.kind === 'changed') return;
    for (const listener of this.listeners) listener.onSignal(signal);
  }
}
