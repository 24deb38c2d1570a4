import type { Page } from 'playwright-core';
import { BrowserStage } from './browser-stage.ts';
import { PERSON } from './main-job.ts';
import { ProviderLoginPage } from './pages/provider-login.page.ts';
import { SpaPage } from './pages/spa.page.ts';

describe('going back and coming again', () => {
  let stage: BrowserStage;
  beforeAll(async () => {
    stage = await BrowserStage.open();
  });
  afterEach(() => stage.sendEverybodyHome());
  afterAll(() => stage.close());

  /** Logs in and remembers the callback's address, which no person sees but every history may keep. */
  async function memberWithCallback(
    path = '/inbox?folder=new',
  ): Promise<{ app: SpaPage; callback: string }> {
    const context = await stage.person();
    const page = await context.newPage();
    const called = page.waitForRequest(
      (request) => new URL(request.url()).pathname === '/callback',
    );
    await page.goto(stage.url(path));
    const app = await stage.logInOn(page);
    return { app, callback: (await called).url() };
  }

  it('keeps the detours of a login out of the history, and leads back and forth to the application (ATK-26, H-13)', async () => {
    const { app } = await memberWithCallback();
    const history = await historyOf(app.page);
    expect(history.filter((url) => url.startsWith(stage.bff.origin))).toEqual([
      stage.url('/inbox?folder=new'),
      stage.url('/inbox?folder=new'),
    ]);
    await app.page.goBack();
    expect(app.page.url()).toContain(stage.op.issuer);
    await app.page.goBack();
    await app.greets(PERSON);
    await app.page.goForward();
    await app.page.goForward();
    await app.greets(PERSON);
    expect(app.page.url()).toBe(stage.url('/inbox?folder=new'));
  });

  it('ends in the application when a stale callback is opened again', async () => {
    const { app, callback } = await memberWithCallback();
    await app.page.goto(callback);
    await app.greets(PERSON);
    expect(app.page.url()).toBe(stage.url('/inbox?folder=new'));
  });

  it('starts one clean login when a stale callback is opened after the logout', async () => {
    const { app, callback } = await memberWithCallback();
    await app.logOutButton.click();
    await app.asksToLogIn();
    await app.page.goto(callback);
    await new ProviderLoginPage(app.page).continueAs(PERSON);
    await app.greets(PERSON);
    expect(app.page.url()).toBe(stage.url('/inbox?folder=new'));
  });

  it('ends in the application when the login page is opened again', async () => {
    const { app } = await memberWithCallback();
    await app.page.goto(stage.url('/login?return_to=/again'));
    await app.greets(PERSON);
    expect(app.page.url()).toBe(stage.url('/again'));
  });

  it('asks to log in again when the back button leads to a page from before the logout', async () => {
    const { app } = await stage.member();
    await app.page.goto(stage.url('/second'));
    await app.greets(PERSON);
    await app.logOutButton.click();
    await app.asksToLogIn();
    while (app.page.url() !== stage.url('/second')) await app.page.goBack();
    await app.asksToLogIn();
  });

  it('says so, and leads on, when the person refuses at the provider', async () => {
    const context = await stage.person();
    const page = await context.newPage();
    await page.goto(stage.url('/login'));
    await new ProviderLoginPage(page).cancel();
    await page.getByText('login_denied').waitFor();
    await page.getByRole('link', { name: 'Log in' }).click();
    await new ProviderLoginPage(page).isShown();
  });
});

/** The addresses that the back and forward buttons of a tab lead through. */
async function historyOf(page: Page): Promise<string[]> {
  const client = await page.context().newCDPSession(page);
  const { entries } = await client.send('Page.getNavigationHistory');
  return entries.map(({ url }) => url);
}
