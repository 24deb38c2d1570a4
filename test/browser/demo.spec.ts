import { setTimeout as delay } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import { launchBrowser } from './browser-host.ts';
import { DemoProcess, isListening, isRunning } from './demo-process.ts';
import { logInAndOut } from './main-job.ts';

/** A stale build is made anew first. */
const START_MS = 90_000;
const END_MS = 10_000;
const POLL_MS = 50;
/** npm, the demo, the provider, the API, the product. */
const FAMILY = 5;

/** Processes that are not our children send no event when they end. */
async function survivors(family: readonly number[]): Promise<number[]> {
  const end = Date.now() + END_MS;
  while (family.some(isRunning) && Date.now() < end) await delay(POLL_MS);
  return family.filter(isRunning);
}

describe('the demo', () => {
  let browser: Browser;
  let demo: DemoProcess;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  beforeEach(async () => {
    demo = await DemoProcess.start();
  });
  afterEach(() => demo.kill());
  afterAll(() => browser.close());

  it(
    'opens where it says, lets a person log in, call the API and log out, and ends with all that it started',
    async () => {
      const url = await demo.announcement;
      const { steps } = await logInAndOut(browser, url);
      expect(steps).toEqual(expect.arrayContaining(['call the API', 'refresh', 'log out']));

      const family = demo.processes();
      expect(family.length).toBeGreaterThanOrEqual(FAMILY);
      expect(await Promise.all(demo.ports.map(isListening))).toEqual([true, true, true, true]);
      await demo.end();
      expect(family.filter(isRunning)).toEqual([]);
      expect(await Promise.all(demo.ports.map(isListening))).toEqual([false, false, false, false]);
    },
    START_MS,
  );

  it(
    'leaves nothing behind when it is killed',
    async () => {
      await demo.announcement;
      const family = demo.processes();
      expect(family.length).toBeGreaterThanOrEqual(FAMILY);
      demo.kill();
      expect(await survivors(family)).toEqual([]);
    },
    START_MS,
  );
});
