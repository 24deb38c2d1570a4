import { Redis, type RedisOptions } from 'ioredis';
import type { StoreConfig } from '../../config/config.types.js';
import { VestibuleError } from '../../errors/vestibule.error.js';
import type { EventLog } from '../../logging/event-log.js';
import { failureName, isReadOnlyReply } from './redis-failure.js';
import { SCRIPTS, type ScriptCommands } from './redis.scripts.js';

export type RedisConfig = Extract<StoreConfig, { kind: 'redis' }>;
export type ScriptedRedis = Redis & ScriptCommands;

const BACK_OFF_FIRST_MS = 50;
const BACK_OFF_MAX_MS = 1_000;

/**
 * One connection to Redis that fails fast and heals by itself: a command is answered, refused, or given up
 * after `commandTimeoutMs`; nothing is queued while Redis is away, nothing is sent twice. It never rejects at
 * construction: the process starts without its Redis and finds it later.
 */
export class RedisClient {
  private readonly redis: ScriptedRedis;
  private closing = false;
  private revival: NodeJS.Timeout | undefined;
  private up = false;
  private lastProblem: string | undefined;

  constructor(
    config: RedisConfig,
    private readonly log: EventLog,
  ) {
    this.redis = new Redis(config.url, clientOptions(config.commandTimeoutMs)) as ScriptedRedis;
    // Without an 'error' listener ioredis prints to the console, the arguments of commands included (K-22).
    this.redis.on('error', (error: unknown) => this.onProblem(error));
    this.redis.on('ready', () => this.onReady());
    this.redis.on('close', () => this.onClose());
    this.redis.on('end', () => this.revive());
  }

  /**
   * Runs one command; whatever goes wrong becomes `store_unavailable`, its detail one word.
   * The original error is not kept as a cause, because ioredis hangs the command's arguments on it.
   *
   * @throws VestibuleError `store_unavailable`
   */
  async run<T>(command: (redis: ScriptedRedis) => Promise<T>): Promise<T> {
    try {
      return await command(this.redis);
    } catch (error) {
      const fallback = this.redis.status === 'ready' ? 'timeout' : 'not_connected';
      throw new VestibuleError('store_unavailable', { detail: failureName(error, fallback) });
    }
  }

  /** Calls back at every connection, the first and each after an outage. */
  onConnected(callback: () => void): void {
    this.redis.on('ready', callback);
  }

  /** Lets the commands under way be answered, for as long as one command may take, and closes. */
  async close(): Promise<void> {
    if (this.closing) return;
    this.closing = true;
    clearTimeout(this.revival);
    try {
      await this.redis.quit();
    } catch {
      // Not connected, or no answer within the time of a command: there is nothing to wait for.
      this.redis.disconnect();
    }
  }

  private onReady(): void {
    this.up = true;
    this.lastProblem = undefined;
    this.log.event('store.connected');
  }

  private onClose(): void {
    if (!this.up) return;
    this.up = false;
    if (!this.closing) this.log.event('store.disconnected');
  }

  /** One line for each kind of trouble in an outage, not one for each attempt. */
  private onProblem(error: unknown): void {
    const problem = failureName(error, 'no_answer');
    if (problem === this.lastProblem) return;
    this.lastProblem = problem;
    this.log.event('store.error', { reason: problem });
  }

  /** ioredis gives up for good when a connector fails before it has a socket; a service must not. */
  private revive(): void {
    if (this.closing) return;
    this.revival = setTimeout(() => {
      this.redis.connect().catch((error: unknown) => this.onProblem(error));
    }, BACK_OFF_MAX_MS);
    this.revival.unref();
  }
}

function clientOptions(commandTimeoutMs: number): RedisOptions & { replyMapping: 'legacy' } {
  return {
    connectionName: 'vestibule',
    // Nothing of RESP3 is used; RESP2 needs no negotiation and puts no password into HELLO.
    protocol: 2,
    replyMapping: 'legacy',
    disableClientInfo: true,
    // Commands given while Redis is away fail in a millisecond instead of piling up without limit (K-01, K-04,
    // K-09), and are not replayed after the state they were meant for is gone (K-08).
    enableOfflineQueue: false,
    // A command whose answer was lost has an unknown outcome: it is given back to the caller as a failure,
    // never sent a second time (K-08, K-28). 0 rejects it with the connection, not retries later (K-02, K-05).
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    // The only limit that holds against a Redis which is paused with its TCP connections alive (K-03, K-06).
    commandTimeout: commandTimeoutMs,
    // Then the socket goes too: later commands fail at once, and no queue grows behind a silent peer (K-06, K-09).
    socketTimeout: commandTimeoutMs * 2,
    // A silent peer does not answer our FIN either: its socket is destroyed soon, so that a new one is tried.
    disconnectTimeout: commandTimeoutMs,
    connectTimeout: 2_000,
    keepAlive: 10_000,
    // Full jitter on the upper half: hundreds of replicas do not come back in step (K-11), and each is back
    // within a second of Redis (K-10).
    retryStrategy: backOff,
    // A restarted Redis may estimate minutes for loading; ask again each second (K-21).
    maxLoadingRetryTime: 1_000,
    // 1 reconnects, so that the name is resolved again and leads to the new primary (K-14), and rejects the
    // command. 2 would send it again (K-15), a blind retry, and cannot without an offline queue.
    reconnectOnError: (error: Error) => (isReadOnlyReply(error) ? 1 : false),
    scripts: SCRIPTS,
  };
}

/** Milliseconds before attempt number `times` (from 1): doubling from 50, at most a second, a random half of it off. */
export function backOff(times: number): number {
  const ceiling = Math.min(BACK_OFF_FIRST_MS * 2 ** (times - 1), BACK_OFF_MAX_MS);
  return ceiling * (0.5 + Math.random() / 2);
}
