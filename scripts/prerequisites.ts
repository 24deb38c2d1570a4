import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** A program that tests need beyond npm. */
interface Prerequisite {
  readonly name: string;
  readonly debianPackage: string;
  readonly found: () => boolean;
}

/** Debian keeps servers in /usr/sbin, which is not on everybody's path; tests look there as well. */
const onPath = (program: string): boolean =>
  spawnSync('sh', ['-c', `PATH="$PATH:/usr/sbin" command -v ${program}`], { stdio: 'ignore' })
    .status === 0;

const PREREQUISITES: readonly Prerequisite[] = [
  { name: 'redis-server', debianPackage: 'redis-server', found: () => onPath('redis-server') },
  { name: 'curl', debianPackage: 'curl', found: () => onPath('curl') },
  { name: 'nginx', debianPackage: 'nginx', found: () => onPath('nginx') },
  { name: 'Caddy', debianPackage: 'caddy', found: () => onPath('caddy') },
  {
    name: 'Chromium',
    debianPackage: 'chromium',
    found: () => existsSync(process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium'),
  },
];

/** Installs what is missing with apt where that is possible, else names the command and stops. */
export function ensurePrerequisites(): void {
  const missing = PREREQUISITES.filter((one) => !one.found());
  if (missing.length === 0) return;
  const packages = missing.map((one) => one.debianPackage);
  const command = `apt-get update && apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  console.log(`missing: ${missing.map((one) => one.name).join(', ')}`);
  if (process.getuid?.() !== 0 || !onPath('apt-get')) {
    console.error(`The tests need them. Run: sudo sh -c "${command}"`);
    process.exit(1);
  }
  console.log(`installing: ${command}`);
  // The service that the package would start is not wanted: tests start their own servers on their own ports.
  execFileSync('sh', ['-c', command], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
  });
}
