import { chromium, type Browser } from 'playwright-core';

/** Chromium calls home and updates itself unless it is told not to; these tests talk to this machine only. */
const QUIET = [
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
];
/** A container and its root user have neither the namespaces that the sandbox needs nor a graphics card. */
const CONTAINED = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];

/** Starts a headless Chromium (`CHROMIUM_PATH`, else Debian's) with a profile of its own; whoever starts it closes it. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium',
    headless: true,
    args: [...CONTAINED, ...QUIET],
  });
}
