import type { BrowserContext } from 'playwright-core';
import { BrowserStage } from './browser-stage.ts';
import { PERSON } from './main-job.ts';
import { ProviderLogoutPage } from './pages/provider-logout.page.ts';
import { SpaPage } from './pages/spa.page.ts';

describe('a page that is only looked at', () => {
  let stage: BrowserStage;
  beforeAll(async () => {
    stage = await BrowserStage.open();
  });
  afterEach(() => stage.sendEverybodyHome());
  afterAll(() => stage.close());

  /** Another tab of the same browser that asks nothing by itself from now on. */
  async function silentTab(context: BrowserContext): Promise<{ app: SpaPage; asked: string[] }> {
    const page = await context.newPage();
    const opened = page.waitForResponse((answer) => answer.url().endsWith('/session/events'));
    await page.goto(stage.url('/'));
    const app = new SpaPage(page);
    await app.greets(PERSON);
    await opened;
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    return { app, asked };
  }

  it('learns from the event stream that one has logged out in another tab, and says so', async () => {
    const { context, app } = await stage.member();
    const other = await silentTab(context);
    await app.logOutButton.click();
    await other.app.asksToLogIn();
    await other.app.says('You are logged out.');
    expect(other.asked).toEqual([]);
  });

  it('learns it from there as well when the provider ends the session, and says who it was', async () => {
    const { context, app } = await stage.member();
    const other = await silentTab(context);
    const provider = new ProviderLogoutPage(await context.newPage());
    await provider.open(stage.op.issuer);
    await provider.confirmButton.click();
    for (const tab of [other.app, app]) {
      await tab.asksToLogIn();
      await tab.says('Your identity provider ended the session.');
    }
    expect(other.asked).toEqual([]);
  });

  it('moves the focus to what has changed, in words that a screen reader says', async () => {
    const { context, app } = await stage.member();
    const other = await silentTab(context);
    await app.logOutButton.click();
    await other.app.asksToLogIn();
    expect(await other.app.status.getAttribute('aria-live')).toBe('polite');
    expect(await other.app.page.evaluate('document.activeElement.id')).toBe('guest-title');
  });

  it('hears of the next session after a new login', async () => {
    const { context, app } = await stage.member();
    const other = await silentTab(context);
    await app.logOutButton.click();
    await other.app.asksToLogIn();
    await app.asksToLogIn();
    await stage.logInOn(app.page);
    const opened = other.app.page.waitForResponse((answer) =>
      answer.url().endsWith('/session/events'),
    );
    await other.app.page.reload();
    await other.app.greets(PERSON);
    await opened;
    await app.logOutButton.click();
    await other.app.says('You are logged out.');
  });
});
