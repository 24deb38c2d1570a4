import { BrowserStage } from './browser-stage.ts';
import { PERSON } from './main-job.ts';
import { LogoutPage } from './pages/logout.page.ts';
import { ProviderLoginPage } from './pages/provider-login.page.ts';
import { SpaPage } from './pages/spa.page.ts';

describe('tabs and logouts', () => {
  let stage: BrowserStage;
  beforeAll(async () => {
    stage = await BrowserStage.open();
  });
  afterEach(() => stage.sendEverybodyHome());
  afterAll(() => stage.close());

  it('logs two tabs in at the same time, and each lands where it wanted', async () => {
    const context = await stage.person();
    const wanted = ['/left?from=one', '/right#two'];
    const tabs = await Promise.all(wanted.map(() => context.newPage()));
    await Promise.all(tabs.map((tab, at) => tab.goto(stage.url(wanted[at]!))));
    for (const tab of tabs) {
      await new SpaPage(tab).logInButton.click();
      await new ProviderLoginPage(tab).isShown();
    }
    await Promise.all(tabs.map((tab) => new ProviderLoginPage(tab).continueAs(PERSON)));
    await Promise.all(tabs.map((tab) => new SpaPage(tab).greets(PERSON)));
    expect(tabs.map((tab) => tab.url())).toEqual(wanted.map((path) => stage.url(path)));
    for (const tab of tabs) expect((await new SpaPage(tab).callApi()).status()).toBe(200);
  });

  it('tells a tab of the logout in another one with its next call', async () => {
    const { context, app: first } = await stage.member();
    const tab = await context.newPage();
    // As behind a proxy that lets no event stream through (session-events.spec.ts has the other case).
    await tab.route('**/session/events', (route) => route.abort());
    await tab.goto(stage.url('/'));
    const second = new SpaPage(tab);
    await second.greets(PERSON);

    await first.logOutButton.click();
    await first.asksToLogIn();
    expect((await second.callApi()).status()).toBe(401);
    await second.asksToLogIn();
    await second.says('The session has ended.');
  });

  it('ends the session here and at the provider by the logout button (ATK-48)', async () => {
    const { context, app } = await stage.member();
    await app.logOut();
    expect((await app.session()).status).toBe(401);
    const names = (await context.cookies(stage.url('/'))).map(({ name }) => name);
    expect(names).not.toContain(`vestibule-${stage.bff.port}`);
    await app.logInButton.click();
    await new ProviderLoginPage(app.page).isShown();
  });

  it('leaves nothing of the session in the browser by a logout: no storage, no cache, one cookie that is no session (E-47)', async () => {
    const { context, app } = await stage.member();
    expect((await app.callApi()).status()).toBe(200);
    await app.logOut();
    const kept = await app.page.evaluate(
      `(async () => [
        ...Object.keys(localStorage), ...Object.keys(sessionStorage),
        ...(await caches.keys()), ...(await indexedDB.databases()).map(({ name }) => name),
      ])()`,
    );
    expect(kept).toEqual([]);
    const names = (await context.cookies(stage.url('/'))).map(({ name }) => name);
    expect(names).toEqual([`vestibule-login-${stage.bff.port}`]);
  });

  it('asks before it logs out when /logout was typed, and does so by the button of that page', async () => {
    const { context, app } = await stage.member();
    await app.page.goto(stage.url('/logout'));
    const logout = new LogoutPage(app.page);
    await logout.isShown();
    // The page itself may not fetch anything; this is the same cookie jar.
    expect((await context.request.get(stage.url('/session'))).status()).toBe(200);
    await logout.confirmButton.click();
    await app.asksToLogIn();
    expect((await app.session()).status).toBe(401);
    await app.logInButton.click();
    await new ProviderLoginPage(app.page).isShown();
  });

  it('leads back from that page by its link', async () => {
    const { app } = await stage.member();
    await app.page.goto(stage.url('/logout'));
    await new LogoutPage(app.page).stayLink.click();
    await app.greets(PERSON);
  });

  it('logs out by a link of our own page with logout_url', async () => {
    const { app } = await stage.member();
    const { body } = await app.session();
    await app.page.evaluate(`location.assign(${JSON.stringify(body['logout_url'])})`);
    await app.asksToLogIn();
    expect((await app.session()).status).toBe(401);
  });
});
