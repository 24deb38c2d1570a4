import { Command } from 'commander';
import type { VestibuleConfig } from '../config/config.types.js';
import type { CliIo } from './cli-io.js';
import { loadOrExplain } from './load-or-explain.js';

/** `vestibule config check`: says whether the server would start with this configuration. */
export function configCheckCommand(io: CliIo): Command {
  return new Command('check')
    .description('check the configuration and say everything that is wrong with it')
    .action(() => {
      const loaded = loadOrExplain(io);
      if (loaded === undefined) return;
      const notices = loaded.notices.map((notice) => `notice: ${notice}`);
      const lines = ['configuration ok', ...notices, ...summarise(loaded.config)];
      io.stdout(`${lines.join('\n')}\n`);
      io.exit(0);
    });
}

/** What an operator wants to see at a glance. Every field is chosen: a secret cannot slip in. */
function summarise(config: VestibuleConfig): readonly string[] {
  const { server, cookie, session, store } = config;
  const minutes = (ms: number): string => `${Math.round(ms / 6000) / 10} min`;
  return [
    `public:    ${server.origin}${server.basePath} on ${server.host}:${server.port}`,
    `internal:  ${server.internalHost}:${server.internalPort}`,
    `cookie:    ${cookie.name} (SameSite=${cookie.sameSite}${cookie.secure ? ', Secure' : ''})`,
    `sessions:  idle ${minutes(session.idleMs)}, absolute ${minutes(session.absoluteMs)}, in ${storeName(config)}`,
    `keys:      ${session.keys.map(({ kid }) => kid).join(', ')}`,
    ...config.providers.map(
      ({ id, issuer, clientAuth }) => `provider:  ${id} ${issuer} (${clientAuth})`,
    ),
    ...config.routes.map(
      ({ name, prefix, upstream }) => `route:     ${name} ${prefix} to ${upstream}`,
    ),
    config.spa.kind === 'folder' ? `pages:     ${config.spa.dir}` : 'pages:     none',
    ...(store.kind === 'redis' ? [`redis:     keys begin with ${store.prefix}`] : []),
  ];
}

/** Without user name and password. */
function storeName({ store }: VestibuleConfig): string {
  if (store.kind === 'memory') return 'memory';
  const { connection } = store;
  switch (connection.kind) {
    case 'standalone':
      return `Redis at ${new URL(connection.url).host}`;
    case 'sentinel':
      return `Redis ${connection.name} behind ${connection.sentinels.length} Sentinels`;
    case 'cluster':
      return `Redis Cluster of ${connection.nodes.length} named nodes`;
  }
}
