import { randomInt } from 'node:crypto';
import { Cluster, type Redis } from 'ioredis';
import type { RedisConnection } from '../../config/config.types.js';
import type { LinkEvents, RedisLink, ScriptedRedis } from './redis-link.js';
import { clusterOptions, connectionOptions, type RedisConfig } from './redis-options.js';
import { TimedRedis } from './timed-redis.js';

export type ClusterConnection = Extract<RedisConnection, { kind: 'cluster' }>;

/** The way to a Cluster: a connection to each primary, opened when its first command comes. */
export class ClusterLink implements RedisLink {
  readonly commands: ScriptedRedis;
  private readonly cluster: Cluster;
  private primaries: string | undefined;

  constructor(
    private readonly connection: ClusterConnection,
    private readonly config: RedisConfig,
    private readonly events: LinkEvents,
  ) {
    this.cluster = new Cluster(
      connection.nodes.map(({ host, port }) => ({ host, port })),
      clusterOptions(config),
    );
    this.commands = this.cluster as unknown as ScriptedRedis;
    this.cluster.on('error', (error: unknown) => events.onProblem(rootOf(error)));
    this.cluster.on('node error', (error: unknown) => events.onProblem(error));
    this.cluster.on('ready', () => events.onConnected());
    this.cluster.on('close', () => events.onLost());
    this.cluster.on('+node', (node: Redis) => node.on('ready', () => events.onRenewed()));
    this.cluster.on('refresh', () => this.comparePrimaries());
  }

  isReady(): boolean {
    return this.cluster.status === 'ready';
  }

  /** Each node has a connection of its own, and which one a command goes to is the Cluster's to know. */
  gather(): void {
    return;
  }

  /** Any node will do: each passes on what is published at any other. */
  openSubscriber(): Redis {
    const nodes = this.cluster.nodes('master').map(({ options }) => options);
    const known = nodes.length > 0 ? nodes : this.connection.nodes;
    const { host, port } = known[randomInt(known.length)] ?? {};
    const way = { ...(host !== undefined && { host }), ...(port !== undefined && { port }) };
    return new TimedRedis(way, this.config.commandTimeoutMs, {
      ...connectionOptions(this.config),
      connectionName: 'vestibule-signals',
      retryStrategy: () => null,
    });
  }

  async close(): Promise<void> {
    try {
      await this.cluster.quit();
    } catch {
      this.cluster.disconnect();
    }
  }

  /** A replica that was promoted may be behind an old connection: then no 'ready' tells of it. */
  private comparePrimaries(): void {
    const names = this.cluster
      .nodes('master')
      .map(({ options: { host, port } }) => `${host}:${port}`);
    const primaries = names.toSorted().join(' ');
    const changed = this.primaries !== undefined && this.primaries !== primaries;
    this.primaries = primaries;
    if (changed) this.events.onRenewed();
  }
}

/** 'None of the nodes answered' hides why. */
function rootOf(error: unknown): unknown {
  const hidden = typeof error === 'object' && error !== null && 'lastNodeError' in error;
  return hidden ? (error.lastNodeError ?? error) : error;
}
