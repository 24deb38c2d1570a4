import type { Page } from 'playwright-core';
import { BrowserStage } from './browser-stage.ts';
import { PERSON } from './main-job.ts';
import { ProviderLoginPage } from './pages/provider-login.page.ts';
import { SpaPage } from './pages/spa.page.ts';

/** Everything that a script of the page can reach. */
const WITHIN_REACH = `({
  cookie: document.cookie,
  localStorage: { ...localStorage },
  sessionStorage: { ...sessionStorage },
  name: window.name,
})`;

/** A JWT, or 256 random bits in base64url: what a token looks like. */
const TOKEN_LIKE = /eyJ[\w-]{10,}|[\w-]{43,}/u;

describe('the browser after a login', () => {
  let stage: BrowserStage;
  beforeAll(async () => {
    stage = await BrowserStage.open();
  });
  afterEach(() => stage.sendEverybodyHome());
  afterAll(() => stage.close());

  it('holds one HttpOnly, SameSite=Strict session cookie and the small login cookie, and no other', async () => {
    const { context } = await stage.member();
    const cookies = await context.cookies(stage.url('/'));
    const shared = { domain: 'localhost', path: '/', httpOnly: true, secure: false, expires: -1 };
    expect(cookies).toHaveLength(2);
    expect(cookies).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          ...shared,
          name: `vestibule-${stage.bff.port}`,
          sameSite: 'Strict',
        }),
        expect.objectContaining({
          ...shared,
          name: `vestibule-login-${stage.bff.port}`,
          sameSite: 'Lax',
        }),
      ]),
    );
  });

  it('shows its scripts neither a cookie nor a token (ATK-91)', async () => {
    const { app } = await stage.member();
    expect(await app.page.evaluate(WITHIN_REACH)).toEqual({
      cookie: '',
      localStorage: {},
      sessionStorage: {},
      name: '',
    });
    await app.callApi();
    const { body } = await app.session();
    const { logout_url: logoutUrl, session_id: handle, ...told } = body;
    expect(logoutUrl).toMatch(/^\/logout\?token=/u);
    expect(handle).toMatch(TOKEN_LIKE);
    expect(JSON.stringify(told)).not.toMatch(TOKEN_LIKE);
    expect(await app.page.content()).not.toMatch(TOKEN_LIKE);
  });

  it('sends the session with the first page, though the way back began on another site', async () => {
    const context = await stage.person();
    const page = await context.newPage();
    await page.goto(stage.url('/'));
    const app = new SpaPage(page);
    await app.logInButton.click();
    const provider = new ProviderLoginPage(page);
    await provider.isShown();
    const first = firstLoadOf(page, stage.url('/'));
    const asked = page.waitForResponse((answer) => new URL(answer.url()).pathname === '/session');
    await provider.continueAs(PERSON);
    expect(await first).toContain(`vestibule-${stage.bff.port}=`);
    expect((await asked).status()).toBe(200);
    await app.greets(PERSON);
  });

  it('arrives at the deep link that it wanted, with query and fragment', async () => {
    const context = await stage.person();
    const deep = '/orders/7?tab=details&q=a%20b%26c#line-3';
    const page = await context.newPage();
    await page.goto(stage.url(deep));
    await stage.logInOn(page);
    expect(page.url()).toBe(stage.url(deep));
  });

  it('gets a new session cookie with every login', async () => {
    const { context, app } = await stage.member();
    const before = await sessionCookie(stage, app.page);
    await app.page.goto(stage.url('/login'));
    await app.greets(PERSON);
    const after = await sessionCookie(stage, app.page);
    expect(before).toBeDefined();
    expect(after).toBeDefined();
    expect(after).not.toBe(before);
    await context.addCookies([
      {
        name: `vestibule-${stage.bff.port}`,
        value: before ?? '',
        url: stage.url('/'),
        httpOnly: true,
        sameSite: 'Strict',
      },
    ]);
    expect(await app.session()).toMatchObject({ status: 401, body: { reason: 'replaced' } });
  });
});

/** The Cookie header of the next load of a page. */
async function firstLoadOf(page: Page, url: string): Promise<string> {
  const request = await page.waitForRequest(
    (sent) => sent.isNavigationRequest() && sent.url() === url,
  );
  return (await request.allHeaders())['cookie'] ?? '';
}

async function sessionCookie(stage: BrowserStage, page: Page): Promise<string | undefined> {
  const cookies = await page.context().cookies(stage.url('/'));
  return cookies.find(({ name }) => name === `vestibule-${stage.bff.port}`)?.value;
}
