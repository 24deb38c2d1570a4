import type { Certificates } from './certificates.js';
import { RedisHost } from './redis-host.js';

const NAME = 'sessions';
const REPLICATION = 'replication';

export interface SentinelOptions {
  /** How long the primary may be silent before a Sentinel calls it down. */
  readonly downAfterMs?: number;
  readonly tls?: Certificates;
  /** Of the Sentinels, not of what they watch. */
  readonly password?: string;
}

/** One primary, two replicas and three Sentinels, all real. */
export class RedisSentinelHost {
  private constructor(
    readonly servers: readonly RedisHost[],
    readonly sentinels: readonly RedisHost[],
  ) {}

  static async start(options: SentinelOptions = {}): Promise<RedisSentinelHost> {
    const { downAfterMs = 500, tls, password } = options;
    // Replication has a user of its own, so that a test can cut the replicas off.
    const settings = {
      masteruser: REPLICATION,
      masterauth: REPLICATION,
      'repl-diskless-sync-delay': '0',
    };
    const common = tls === undefined ? {} : { tls };
    const servers = await Promise.all(
      [1, 2, 3].map(() => RedisHost.start({ settings, ...common })),
    );
    const rules = ['on', `>${REPLICATION}`, '~*', '&*', '+@all'];
    for (const server of servers) await server.command('ACL', 'SETUSER', REPLICATION, ...rules);
    const [primary, ...replicas] = servers as [RedisHost, ...RedisHost[]];
    for (const replica of replicas) {
      await replica.command('REPLICAOF', '127.0.0.1', String(primary.port));
    }
    const sentinel = [
      `sentinel monitor ${NAME} 127.0.0.1 ${primary.port} 2`,
      `sentinel down-after-milliseconds ${NAME} ${downAfterMs}`,
      `sentinel failover-timeout ${NAME} 4000`,
      `sentinel parallel-syncs ${NAME} 2`,
    ];
    const sentinels = await Promise.all(
      [1, 2, 3].map(() =>
        RedisHost.start({ sentinel, ...common, ...(password !== undefined && { password }) }),
      ),
    );
    const host = new RedisSentinelHost(servers, sentinels);
    await host.settled();
    return host;
  }

  /** The way to it, as the configuration says it. */
  get connection() {
    const sentinels = this.sentinels.map(({ port }) => ({ host: '127.0.0.1', port }));
    return { kind: 'sentinel', sentinels, name: NAME } as const;
  }

  async primary(): Promise<RedisHost> {
    const reply = await this.sentinels[0]!.command('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME);
    const port = Number(reply.trim().split('\r\n').at(-1));
    const found = this.servers.find((server) => server.port === port);
    if (found === undefined) throw new Error('the Sentinels name nobody');
    return found;
  }

  /** From now on the replicas learn nothing more of the primary, as if each were a moment behind for good. */
  async cutReplication(): Promise<void> {
    const primary = await this.primary();
    await primary.command('ACL', 'SETUSER', REPLICATION, 'off');
    await primary.command('CLIENT', 'KILL', 'TYPE', 'replica');
  }

  /** How many of the keys every replica still has. */
  async stillKnown(keys: readonly string[]): Promise<number> {
    const primary = await this.primary();
    const replicas = this.servers.filter((server) => server !== primary);
    const counts = await Promise.all(replicas.map((replica) => replica.command('EXISTS', ...keys)));
    return Math.min(...counts.map((count) => Number(count.slice(1))));
  }

  async stop(): Promise<void> {
    for (const host of [...this.sentinels, ...this.servers]) await host.stop();
  }

  /** Waits until the replicas follow, and every Sentinel knows both of them and the other Sentinels. */
  private async settled(): Promise<void> {
    for (const replica of this.servers.slice(1)) {
      await until(async () =>
        (await replica.command('INFO', 'replication')).includes('master_link_status:up'),
      );
    }
    for (const sentinel of this.sentinels) {
      await until(async () => {
        const info = await sentinel.command('INFO', 'sentinel');
        return /status=ok,.*slaves=2,sentinels=3/.test(info);
      });
    }
  }
}

/** Asks again until it is so; jest's time limit is the bound. */
export async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}
