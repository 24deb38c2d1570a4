/**
 * The main job by a real browser against a stack that runs already (the demo, docker compose): logs in, calls
 * the API, refreshes, logs out. Exit code 0 when all of it works, else 1.
 *
 * Usage: node scripts/browser-check.ts [http://localhost:3000]
 */
import { launchBrowser } from '../test/browser/browser-host.ts';
import { logInAndOut } from '../test/browser/main-job.ts';

const url = process.argv[2] ?? 'http://localhost:3000';
const browser = await launchBrowser();
try {
  const { steps, cookies } = await logInAndOut(browser, url);
  for (const name of steps) console.log(`ok  ${name}`);
  for (const { name, httpOnly, sameSite, secure, path } of cookies) {
    console.log(
      `cookie ${name}: httpOnly=${httpOnly} sameSite=${sameSite} secure=${secure} path=${path}`,
    );
  }
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await browser.close();
}
