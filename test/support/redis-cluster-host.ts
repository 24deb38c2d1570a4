import { freePort, RedisHost } from './redis-host.js';
import { until } from './redis-sentinel-host.js';

const SLOTS = 16_384;
const PRIMARIES = 3;
const REPLICATION = 'replication';

interface ClusterNode {
  readonly host: RedisHost;
  readonly busPort: number;
}

/** Three primaries of a real Cluster, each with a replica if asked for. */
export class RedisClusterHost {
  private constructor(readonly nodes: readonly RedisHost[]) {}

  static async start({ replicas = false, settings = {} } = {}): Promise<RedisClusterHost> {
    const count = replicas ? PRIMARIES * 2 : PRIMARIES;
    const nodes = await Promise.all(Array.from({ length: count }, () => startNode(settings)));
    const hosts = nodes.map(({ host }) => host);
    const cluster = new RedisClusterHost(hosts);
    for (const [at, host] of hosts.slice(0, PRIMARIES).entries()) {
      const first = Math.floor((SLOTS * at) / PRIMARIES);
      const last = Math.floor((SLOTS * (at + 1)) / PRIMARIES) - 1;
      await host.command('CLUSTER', 'ADDSLOTSRANGE', String(first), String(last));
    }
    for (const { host, busPort } of nodes.slice(1)) {
      await hosts[0]!.command('CLUSTER', 'MEET', '127.0.0.1', String(host.port), String(busPort));
    }
    await cluster.everyNode((info) => info.includes(`cluster_known_nodes:${count}`));
    for (const [at, replica] of hosts.slice(PRIMARIES).entries()) {
      const id = await cluster.idOf(hosts[at]!);
      await until(async () =>
        (await replica.command('CLUSTER', 'REPLICATE', id)).startsWith('+OK'),
      );
      await until(async () =>
        (await replica.command('INFO', 'replication')).includes('master_link_status:up'),
      );
    }
    await cluster.everyNode((info) => info.includes('cluster_state:ok'));
    return cluster;
  }

  /** The way to it, as the configuration says it. */
  get connection() {
    return {
      kind: 'cluster',
      nodes: this.nodes.map(({ port }) => ({ host: '127.0.0.1', port })),
    } as const;
  }

  async idOf(node: RedisHost): Promise<string> {
    return bulk(await node.command('CLUSTER', 'MYID'));
  }

  async slotOf(key: string): Promise<number> {
    return Number((await this.nodes[0]!.command('CLUSTER', 'KEYSLOT', key)).slice(1));
  }

  /** The primary that serves the key. */
  async ownerOf(key: string): Promise<RedisHost> {
    for (const node of this.nodes) {
      const reply = await node.command('GET', key);
      if (!reply.startsWith('-')) return node;
    }
    throw new Error('nobody serves the key');
  }

  /** From now on the replica of this primary learns nothing more, as if it were a moment behind for good. */
  async cutReplication(primary: RedisHost): Promise<void> {
    await primary.command('ACL', 'SETUSER', REPLICATION, 'off');
    await primary.command('CLIENT', 'KILL', 'TYPE', 'replica');
  }

  async stop(): Promise<void> {
    for (const node of this.nodes) await node.stop();
  }

  private async everyNode(holds: (info: string) => boolean): Promise<void> {
    for (const node of this.nodes) {
      await until(async () => holds(await node.command('CLUSTER', 'INFO')));
    }
  }
}

async function startNode(settings: Readonly<Record<string, string>>): Promise<ClusterNode> {
  const busPort = await freePort();
  const host = await RedisHost.start({
    settings: {
      'cluster-enabled': 'yes',
      'cluster-port': String(busPort),
      'cluster-node-timeout': '1000',
      'repl-diskless-sync-delay': '0',
      masteruser: REPLICATION,
      masterauth: REPLICATION,
      ...settings,
    },
  });
  // Replication has a user of its own, so that a test can cut the replicas off.
  await host.command('ACL', 'SETUSER', REPLICATION, 'on', `>${REPLICATION}`, '~*', '&*', '+@all');
  return { host, busPort };
}

/** The text of a bulk reply. */
function bulk(reply: string): string {
  return reply.split('\r\n')[1] ?? '';
}
