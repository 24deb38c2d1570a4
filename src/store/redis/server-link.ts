import type { Redis } from 'ioredis';
import type { RedisConnection } from '../../config/config.types.js';
import type { LinkEvents, RedisLink, ScriptedRedis } from './redis-link.js';
import {
  BACK_OFF_MAX_MS,
  connectionOptions,
  sentinelOptions,
  type ExtraOptions,
  type RedisConfig,
} from './redis-options.js';
import { TimedRedis } from './timed-redis.js';

export type ServerConnection = Extract<RedisConnection, { kind: 'standalone' | 'sentinel' }>;

/** The way to one server. It looks for it until it is there, at its address or wherever the Sentinels say. */
export class ServerLink implements RedisLink {
  readonly commands: ScriptedRedis;
  private closing = false;
  private revival: NodeJS.Timeout | undefined;
  /** The connection whose writes are held until the turn of the event loop is over. */
  private gathering: Redis['stream'] | undefined;

  constructor(
    private readonly connection: ServerConnection,
    private readonly config: RedisConfig,
    private readonly events: LinkEvents,
  ) {
    // The Sentinels' word is believed even while the old primary still answers, cut off from everybody else.
    const redis = this.open({ failoverDetector: connection.kind === 'sentinel' });
    // Without an 'error' listener ioredis prints to the console, the arguments of commands included (K-22).
    redis.on('error', (error: unknown) => events.onProblem(error));
    redis.on('ready', () => {
      events.onRenewed();
      events.onConnected();
    });
    redis.on('close', () => events.onLost());
    redis.on('end', () => this.revive());
    this.commands = redis as ScriptedRedis;
  }

  isReady(): boolean {
    return this.commands.status === 'ready';
  }

  gather(): void {
    const { stream } = this.commands;
    if (this.gathering === stream) return;
    this.gathering = stream;
    stream.cork();
    setImmediate(() => {
      this.gathering = undefined;
      stream.uncork();
    });
  }

  openSubscriber(): Redis {
    return this.open({ connectionName: 'vestibule-signals', retryStrategy: () => null });
  }

  async close(): Promise<void> {
    if (this.closing) return;
    this.closing = true;
    clearTimeout(this.revival);
    try {
      await this.commands.quit();
    } catch {
      // Not connected, or no answer within the time of a command: there is nothing to wait for.
    }
    // In any case: QUIT leaves the connections to the Sentinels open.
    this.commands.disconnect();
  }

  private open(more: ExtraOptions): Redis {
    const { connection } = this;
    const options = { ...connectionOptions(this.config), ...more };
    const way = connection.kind === 'standalone' ? connection.url : sentinelOptions(connection);
    return new TimedRedis(way, this.config.commandTimeoutMs, options);
  }

  /** ioredis gives up for good when a connector fails before it has a socket; a service must not. */
  private revive(): void {
    if (this.closing) return;
    this.revival = setTimeout(() => {
      this.commands.connect().catch((error: unknown) => this.events.onProblem(error));
    }, BACK_OFF_MAX_MS);
    this.revival.unref();
  }
}
