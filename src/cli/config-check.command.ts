import { Command } from 'commander';
import type { VestibuleConfig } from '../config/config.types.js';
import type { AllowRules } from '../config/provider-config.types.js';
import { Report } from '../config/report.js';
import type { CliIo } from './cli-io.js';
import { explain, loadOrExplain, type Loaded } from './load-or-explain.js';

interface CheckOptions {
  readonly offline?: boolean;
}

/** `vestibule config check`: says whether the server would start with this configuration, and log people in. */
export function configCheckCommand(io: CliIo): Command {
  return new Command('check')
    .description('check the configuration and say everything that is wrong with it')
    .option('--offline', 'ask no provider whether its settings fit')
    .action(async ({ offline }: CheckOptions) => {
      const loaded = loadOrExplain(io);
      if (loaded === undefined) return;
      const found = offline === true ? new Report() : await askProviders(loaded, io);
      if (found.problems.length > 0) {
        explain(found.problems, io);
        return;
      }
      const notices = [...loaded.notices, ...found.notices].map((notice) => `notice: ${notice}`);
      const lines = ['configuration ok', ...notices, ...summarise(loaded.config)];
      io.stdout(`${lines.join('\n')}\n`);
      io.exit(0);
    });
}

/** All at a time. One that does not answer is worth a notice only: the server starts without it, too. */
async function askProviders({ config, providerKeys }: Loaded, io: CliIo): Promise<Report> {
  const report = new Report();
  const inspections = await Promise.all(
    config.providers.map(async (provider, at) => ({
      id: provider.id,
      keys: providerKeys[at] ?? {},
      inspection: await io.inspectProvider(provider),
    })),
  );
  for (const { id, keys, inspection } of inspections) {
    if (inspection.kind === 'misfits') {
      for (const { option, fault, remedy } of inspection.misfits)
        report.problem(keys[option] ?? option, fault, remedy);
    }
    if (inspection.kind === 'unreachable') {
      report.notice(
        `The provider ${id} could not be asked (${inspection.cause}); whether its settings fit is not known.`,
      );
    }
  }
  return report;
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
      ({ id, issuer, credentials, allow }) =>
        `provider:  ${id} ${issuer} (${credentials.method}), ${doorOf(allow)}`,
    ),
    ...config.routes.map(
      ({ name, prefix, upstream }) => `route:     ${name} ${prefix} to ${upstream}`,
    ),
    config.spa.kind === 'folder' ? `pages:     ${config.spa.dir}` : 'pages:     none',
    ...(store.kind === 'redis' ? [`redis:     keys begin with ${store.prefix}`] : []),
  ];
}

function doorOf({ domains, emails, groups, claims }: AllowRules): string {
  const isOpen = [domains, emails, groups, claims].every((rule) => rule.length === 0);
  return isOpen ? 'open to all of its users' : 'open to those whom allow lets in';
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
