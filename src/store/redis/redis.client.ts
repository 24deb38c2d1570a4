import type { Redis } from 'ioredis';
import { VestibuleError } from '../../errors/vestibule.error.js';
import type { EventLog } from '../../logging/event-log.js';
import type { StoreAccess, StoreMeter } from '../store-meter.port.js';
import { ClusterLink } from './cluster-link.js';
import { failureName } from './redis-failure.js';
import type { LinkEvents, RedisLink, ScriptedRedis } from './redis-link.js';
import type { RedisConfig } from './redis-options.js';
import { ServerLink } from './server-link.js';

type RedisCommand<T> = (redis: ScriptedRedis) => Promise<T>;

/**
 * Redis, failing fast and healing by itself: a command is answered, refused, or given up after
 * `commandTimeoutMs` (twice that where this process stood still meanwhile); nothing is queued while Redis is away, nothing is sent twice. It never rejects at
 * construction: the process starts without its Redis and finds it later.
 */
export class RedisClient {
  private readonly link: RedisLink;
  private readonly connectedCallbacks: (() => void)[] = [];
  private readonly renewedCallbacks: (() => void)[] = [];
  private closing = false;
  private up = false;
  private lastProblem: string | undefined;

  constructor(
    config: RedisConfig,
    private readonly log: EventLog,
    private readonly meter: StoreMeter,
  ) {
    this.link = openLink(config, {
      onConnected: () => this.onLinkConnected(),
      onLost: () => this.onLinkLost(),
      onRenewed: () => this.renewedCallbacks.forEach((callback) => callback()),
      onProblem: (error) => this.report(error),
    });
  }

  /**
   * Runs one command that changes nothing.
   * @throws VestibuleError `store_unavailable`
   */
  read<T>(command: RedisCommand<T>): Promise<T> {
    return this.run('read', command);
  }

  /**
   * Runs one command that may change something.
   * @throws VestibuleError `store_unavailable`
   */
  write<T>(command: RedisCommand<T>): Promise<T> {
    return this.run('write', command);
  }

  isReady(): boolean {
    return this.link.isReady();
  }

  /** Calls back at every connection, the first and each after an outage. */
  onConnected(callback: () => void): void {
    this.connectedCallbacks.push(callback);
  }

  /** Calls back when what answers from now on may have forgotten what it acknowledged: before any later command. */
  onRenewed(callback: () => void): void {
    this.renewedCallbacks.push(callback);
  }

  /** A new connection for a subscription; whoever opens it listens to its errors and closes it. */
  openSubscriber(): Redis {
    return this.link.openSubscriber();
  }

  /** One line for each kind of trouble in an outage, not one for each attempt. */
  report(error: unknown): void {
    const problem = failureName(error, 'no_answer');
    if (problem === this.lastProblem) return;
    this.lastProblem = problem;
    this.log.event('store.error', { reason: problem });
  }

  /** Lets the commands under way be answered, for as long as one command may take, and closes. */
  async close(): Promise<void> {
    if (this.closing) return;
    this.closing = true;
    await this.link.close();
  }

  /**
   * Whatever goes wrong becomes `store_unavailable`, its detail one word. The original error is not kept as a
   * cause, because ioredis hangs the command's arguments on it.
   */
  private async run<T>(access: StoreAccess, command: RedisCommand<T>): Promise<T> {
    if (!this.link.isReady()) throw this.failure(access, 'not_connected');
    this.link.gather();
    const started = performance.now();
    try {
      const answer = await command(this.link.commands);
      this.meter.answered(access, performance.now() - started);
      return answer;
    } catch (error) {
      const fallback = this.link.isReady() ? 'timeout' : 'not_connected';
      throw this.failure(access, failureName(error, fallback));
    }
  }

  private failure(access: StoreAccess, detail: string): VestibuleError {
    this.meter.failed(access);
    return new VestibuleError('store_unavailable', { detail });
  }

  private onLinkConnected(): void {
    this.up = true;
    this.lastProblem = undefined;
    this.log.event('store.connected');
    for (const callback of this.connectedCallbacks) callback();
  }

  private onLinkLost(): void {
    if (!this.up) return;
    this.up = false;
    if (!this.closing) this.log.event('store.disconnected');
  }
}

function openLink(config: RedisConfig, events: LinkEvents): RedisLink {
  const { connection } = config;
  return connection.kind === 'cluster'
    ? new ClusterLink(connection, config, events)
    : new ServerLink(connection, config, events);
}
