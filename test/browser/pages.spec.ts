import type { BrowserContext, Page } from 'playwright-core';
import { BrowserStage } from './browser-stage.ts';
import { PolicyComplaints } from './console.ts';
import { PERSON } from './main-job.ts';
import { faintTexts, groundOf, outlineOf } from './page-checks.ts';
import { LogoutPage } from './pages/logout.page.ts';
import { ProviderLoginPage } from './pages/provider-login.page.ts';
import { SpaPage } from './pages/spa.page.ts';

const PHONE = { width: 360, height: 740 };
const MID_GREY = 128;
const MANY_TABS = 25;

describe('the pages', () => {
  let stage: BrowserStage;
  beforeAll(async () => {
    stage = await BrowserStage.open();
  });
  afterEach(() => stage.sendEverybodyHome());
  afterAll(() => stage.close());

  /** Every page that a person can meet, reached as a person reaches it. */
  const PAGES: readonly (readonly [string, (page: Page) => Promise<void>])[] = [
    [
      'the application, logged out',
      async (page) => {
        await page.goto(stage.url('/'));
        await new SpaPage(page).asksToLogIn();
      },
    ],
    [
      'the application, logged in',
      async (page) => {
        await page.goto(stage.url('/'));
        const app = await stage.logInOn(page);
        await app.callApi();
        await app.says('The API answered.');
      },
    ],
    [
      "the provider's login",
      async (page) => {
        await page.goto(stage.url('/login'));
        await new ProviderLoginPage(page).isShown();
      },
    ],
    [
      'the logout confirmation',
      async (page) => {
        await page.goto(stage.url('/'));
        await stage.logInOn(page);
        await page.goto(stage.url('/logout'));
        await new LogoutPage(page).isShown();
      },
    ],
    [
      'the end of a logout',
      async (page) => {
        await page.goto(stage.url('/logout/done'));
        await page.getByRole('heading', { name: 'You are logged out' }).waitFor();
      },
    ],
    [
      'an error',
      async (page) => {
        await page.goto(stage.url('/callback?state=of-nobody&code=none'));
        await page.getByText('login_state_unknown').waitFor();
      },
    ],
    [
      'the bounce, where scripts do not run',
      async (page) => {
        await page.goto(stage.url('/login/return?return_to=/inbox'));
        await page.getByRole('link', { name: 'Continue' }).waitFor();
      },
    ],
  ];

  const withoutScripts = (name: string): boolean => name.includes('scripts do not run');

  describe.each(PAGES)('%s', (name, open) => {
    let context: BrowserContext;
    let complaints: PolicyComplaints;
    let page: Page;
    beforeEach(async () => {
      context = await stage.person({ javaScriptEnabled: !withoutScripts(name) });
      complaints = new PolicyComplaints(context);
      page = await context.newPage();
      await open(page);
    });

    it('keeps its policy, can be read aloud, fits a phone and is legible in light and dark', async () => {
      expect(await outlineOf(page)).toMatchObject({
        lang: 'en',
        mains: 1,
        headings: 1,
        unnamed: 0,
      });
      expect((await outlineOf(page)).title).not.toBe('');
      expect(await groundOf(page)).toBeGreaterThan(MID_GREY);
      expect(await faintTexts(page)).toEqual([]);
      await page.emulateMedia({ colorScheme: 'dark' });
      expect(await groundOf(page)).toBeLessThan(MID_GREY);
      expect(await faintTexts(page)).toEqual([]);
      await page.setViewportSize(PHONE);
      expect((await outlineOf(page)).overflows).toBe(false);
      expect(complaints.seen).toEqual([]);
    });
  });

  it('would be caught breaking their policy', async () => {
    const context = await stage.person();
    const complaints = new PolicyComplaints(context);
    const page = await context.newPage();
    await page.goto(stage.url('/logout/done'));
    const complained = context.waitForEvent('console');
    await page.evaluate(
      `document.body.append(Object.assign(document.createElement('img'), { src: '/icon.svg' }))`,
    );
    await complained;
    expect(complaints.seen).toHaveLength(1);
  });

  it('keep their policy on the whole way of a login and a logout (H-13)', async () => {
    const context = await stage.person();
    const complaints = new PolicyComplaints(context);
    const app = await stage.logIn(context);
    await app.page.goto(stage.url('/logout'));
    await new LogoutPage(app.page).confirmButton.click();
    await app.asksToLogIn();
    expect(complaints.seen).toEqual([]);
  });

  it('lets a person log in, call the API and log out by keyboard alone (E-12)', async () => {
    const context = await stage.person();
    const page = await context.newPage();
    const app = new SpaPage(page);
    const provider = new ProviderLoginPage(page);
    await page.goto(stage.url('/'));
    await app.asksToLogIn();
    await tabTo(page, 'Log in');
    await page.keyboard.press('Enter');
    await provider.isShown();
    await tabTo(page, `Continue as ${PERSON}`);
    await page.keyboard.press('Enter');
    await app.greets(PERSON);
    await tabTo(page, 'Call the API');
    await page.keyboard.press('Enter');
    await app.says('The API answered.');
    await tabTo(page, 'Log out');
    await page.keyboard.press('Enter');
    await app.asksToLogIn();
  });
});

describe('the choice of providers', () => {
  let stage: BrowserStage;
  beforeAll(async () => {
    stage = await BrowserStage.open({ providers: ['work', 'home'] });
  });
  afterAll(() => stage.close());

  it('keeps its policy and leads to the chosen one, and on to where the person wanted', async () => {
    const context = await stage.person();
    const complaints = new PolicyComplaints(context);
    const page = await context.newPage();
    await page.goto(stage.url('/inbox#top'));
    const app = new SpaPage(page);
    await app.logInButton.click();
    await page.getByRole('navigation', { name: 'Login providers' }).waitFor();
    expect(await outlineOf(page)).toMatchObject({ lang: 'en', mains: 1, headings: 1, unnamed: 0 });
    await page.getByRole('link', { name: 'home' }).click();
    await new ProviderLoginPage(page).continueAs(PERSON);
    await app.greets(PERSON);
    expect(page.url()).toBe(stage.url('/inbox#top'));
    expect((await app.session()).body).toMatchObject({ provider: 'home' });
    expect(complaints.seen).toEqual([]);
  });
});

/** Presses Tab until the element with this text has the focus, and can be seen to have it. */
async function tabTo(page: Page, text: string): Promise<void> {
  for (let count = 0; count < MANY_TABS; count += 1) {
    await page.keyboard.press('Tab');
    const focused: { text: string; outline: string } = await page.evaluate(
      `({ text: document.activeElement.textContent.trim(), outline: getComputedStyle(document.activeElement).outlineStyle })`,
    );
    if (!focused.text.includes(text) || focused.text.length > text.length + 80) continue;
    expect(focused.outline).not.toBe('none');
    return;
  }
  throw new Error(`${text} is not reached by Tab`);
}
