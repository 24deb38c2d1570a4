import type { Redis } from 'ioredis';
import type { ScriptCommands } from './redis.scripts.js';

export type ScriptedRedis = Redis & ScriptCommands;

/** The way to Redis: one server, found by its address or by Sentinels, or a Cluster. */
export interface RedisLink {
  /** A Cluster has the same commands, and sends each to the node of its key. */
  readonly commands: ScriptedRedis;
  isReady(): boolean;
  /**
   * Before a command: those of one turn of the event loop leave in one write, and come back in one answer. With many
   * requests at once this saves most of the system calls, and nothing waits longer for it.
   */
  gather(): void;
  /** A new connection for a subscription, which does not reconnect by itself. */
  openSubscriber(): Redis;
  /** Lets the commands under way be answered, for as long as one command may take. */
  close(): Promise<void>;
}

export interface LinkEvents {
  /** Commands can be given: the first time, and after each outage. */
  onConnected(): void;
  onLost(): void;
  /** What answers from now on may be another server than before, or the same with older data. */
  onRenewed(): void;
  onProblem(error: unknown): void;
}
