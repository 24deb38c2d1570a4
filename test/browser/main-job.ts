import assert from 'node:assert/strict';
import type { Browser, BrowserContext, Cookie } from 'playwright-core';
import { ProviderLoginPage } from './pages/provider-login.page.ts';
import { SpaPage } from './pages/spa.page.ts';

export const PERSON = 'Alice Archer';
const STEP_MS = 30_000;

export interface MainJob {
  /** What was seen to work, in order. */
  readonly steps: readonly string[];
  /** The application's cookies while somebody was logged in. */
  readonly cookies: readonly Cookie[];
}

/**
 * The main job by clicking, against whatever stack serves the demo's page at `url`: log in at the provider, see
 * who is there, call the API, refresh, log out. In a browser profile of its own.
 * @throws AssertionError or TimeoutError, named by the step that failed
 */
export async function logInAndOut(browser: Browser, url: string): Promise<MainJob> {
  const context = await browser.newContext();
  context.setDefaultTimeout(STEP_MS);
  try {
    return await perform(context, url);
  } finally {
    await context.close();
  }
}

async function perform(context: BrowserContext, url: string): Promise<MainJob> {
  const steps: string[] = [];
  const step = async <T>(name: string, action: () => Promise<T>): Promise<T> => {
    try {
      const result = await action();
      steps.push(name);
      return result;
    } catch (error) {
      throw new Error(`"${name}" failed after ${JSON.stringify(steps)}`, { cause: error });
    }
  };
  const page = await context.newPage();
  const app = new SpaPage(page);
  const provider = new ProviderLoginPage(page);

  await step('open the application', async () => {
    await page.goto(url);
    await app.asksToLogIn();
  });
  await step('log in at the provider', async () => {
    await app.logInButton.click();
    await provider.isShown();
    assert.notEqual(
      new URL(page.url()).hostname,
      new URL(url).hostname,
      'the provider is another site',
    );
    await provider.continueAs(PERSON);
    await app.greets(PERSON);
  });
  const cookies = await context.cookies(url);
  await step('see who is there', async () => {
    const { Name: name, 'E-mail': email } = await app.claims();
    assert.deepEqual({ name, email }, { name: PERSON, email: 'alice@example.com' });
  });
  await step('call the API', async () => {
    assert.equal((await app.callApi()).status(), 200);
    await app.apiAnswer.filter({ hasText: '"owner": "alice"' }).waitFor();
  });
  await step('send an order', async () => {
    assert.equal((await app.sendOrder()).status(), 201);
    await app.apiAnswer.filter({ hasText: 'Coat hook' }).waitFor();
  });
  await step('refresh', async () => {
    assert.equal((await app.refresh()).status(), 200);
    await app.says('Tokens and claims are fresh.');
  });
  await step('log out', async () => {
    await app.logOut();
    assert.equal((await app.session()).status, 401);
  });
  await step('be asked again at the provider', async () => {
    await app.logInButton.click();
    await provider.isShown();
  });
  return { steps, cookies };
}
