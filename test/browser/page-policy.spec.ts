import type { BrowserContext, Page, Route } from 'playwright-core';
import { BrowserStage } from './browser-stage.ts';
import { PolicyComplaints } from './console.ts';
import { ForeignSite } from './foreign-site.ts';

/** What an injection would bring: each says so in the title of its page if it gets to run. */
const INJECTIONS: readonly (readonly [string, string])[] = [
  ['an inline script', '<script>document.title += " ran"</script>'],
  ['a script with a nonce of its own', '<script nonce="guessed">document.title += " ran"</script>'],
  ['a script of our own origin', '<script src="/app.js"></script>'],
  ['an event handler', '<svg onload="document.title += \' ran\'"></svg>'],
  [
    'an address that is a script',
    '<iframe src="javascript:parent.document.title += \' ran\'"></iframe>',
  ],
];
const STYLE = '<style>main { display: none }</style>';
const BASE = '<base href="https://evil.example/">';

/** Our pages, each with the heading by which it is known. */
const PAGES: readonly (readonly [string, string, string])[] = [
  ['the end of a logout', '/logout/done', 'You are logged out'],
  [
    'an error',
    '/callback?state=of-nobody&code=none',
    'This login answer is incomplete|This login does not belong',
  ],
  ['the confirmation of a logout', '/logout', 'Log out\\?'],
  ['the choice of providers', '/login', 'Log in'],
];

describe('the policy of our pages, as Chromium keeps it', () => {
  let stage: BrowserStage;
  let elsewhere: ForeignSite;
  let context: BrowserContext;
  let page: Page;
  beforeAll(async () => {
    stage = await BrowserStage.open({ providers: ['work', 'home'] });
    elsewhere = await ForeignSite.open();
  });
  beforeEach(async () => {
    context = await stage.person();
    page = await context.newPage();
    await page.goto(stage.url('/login/return?return_to=/'));
  });
  afterEach(() => stage.sendEverybodyHome());
  afterAll(async () => {
    await elsewhere.close();
    await stage.close();
  });

  /** Opens one of our pages as if somebody had got markup into it; its headers are the product's own. */
  const openWith = async (
    path: string,
    markup: string,
    { withPolicy = true }: { readonly withPolicy?: boolean } = {},
  ): Promise<void> => {
    await page.route(stage.url(path), async (route: Route) => {
      const response = await route.fetch();
      const headers = response.headers();
      if (!withPolicy) delete headers['content-security-policy'];
      const body = (await response.text()).replace('<main>', `${markup}<main>`);
      await route.fulfill({ response, headers, body });
    });
    await page.goto(stage.url(path));
    await page.getByRole('heading').waitFor({ state: 'attached' });
  };

  describe.each(PAGES)('%s', (name, path, heading) => {
    beforeEach(async () => {
      if (!name.includes('confirmation')) return;
      await page.goto(stage.url('/login?provider=home'));
      await page
        .getByRole('button', { name: /alice|Continue/iu })
        .first()
        .click();
      await page.waitForURL(stage.url('/'));
    });

    it('runs nothing that was put into it, in whatever form (ATK-88)', async () => {
      const complaints = new PolicyComplaints(context);
      const complained = context.waitForEvent('console', {
        predicate: () => complaints.seen.length >= INJECTIONS.length,
      });
      await openWith(path, INJECTIONS.map(([, markup]) => markup).join(''));
      await complained;
      expect(await page.getByRole('heading').textContent()).toMatch(new RegExp(heading));
      expect(await page.title()).not.toContain('ran');
    });

    it('takes no foreign style and no foreign base', async () => {
      await openWith(path, `${STYLE}${BASE}`);
      expect(await page.getByRole('heading').isVisible()).toBe(true);
      expect(await page.evaluate('document.baseURI')).toBe(stage.url(path));
    });

    it('shows in no frame, of a foreign site, of a sibling and of the application (ATK-59)', async () => {
      for (const host of ['127.0.0.1', 'localhost'] as const) {
        elsewhere.shows(`<iframe src="${stage.url(path)}"></iframe>`);
        await page.goto(elsewhere.at(host));
        expect(await framed(page)).not.toMatch(new RegExp(heading));
      }
      await page.goto(stage.url('/'));
      await page.evaluate(
        `document.body.append(Object.assign(document.createElement('iframe'), { src: ${JSON.stringify(path)} }))`,
      );
      expect(await framed(page)).not.toMatch(new RegExp(heading));
    });

    it('is out of reach of whoever opens it, and leaks no address to where it leads', async () => {
      elsewhere.shows(`<button onclick="window.open('${stage.url(path)}')">open</button>`);
      await page.goto(elsewhere.at('127.0.0.1'));
      const [popup] = await Promise.all([
        context.waitForEvent('page'),
        page.getByRole('button').click(),
      ]);
      await popup.getByRole('heading').waitFor();
      expect(await popup.evaluate('window.opener')).toBeNull();
      const asked = popup.waitForRequest(() => true);
      await popup.evaluate(`location.assign('${elsewhere.at('localhost')}')`);
      expect(await (await asked).headerValue('referer')).toBeNull();
    });

    it('may use no powerful feature', async () => {
      await page.goto(stage.url(path));
      const allowed = await page.evaluate(
        `['camera', 'microphone', 'geolocation', 'payment', 'usb'].filter((one) => document.featurePolicy.allowsFeature(one))`,
      );
      expect(allowed).toEqual([]);
    });
  });

  it('is what keeps an injected script from running: without the header each of them would', async () => {
    for (const [what, markup] of INJECTIONS) {
      // The application's own script finds nothing to do on a page of ours, and says nothing.
      if (what.includes('own origin')) continue;
      await openWith('/logout/done', markup, { withPolicy: false });
      await page.waitForFunction(`document.title.includes('ran')`);
      await page.unrouteAll();
    }
  });

  it('lets no other site read or embed what we answer', async () => {
    elsewhere.shows('elsewhere');
    await page.goto(elsewhere.at('127.0.0.1'));
    const load = (url: string): Promise<unknown> =>
      page.evaluate(`fetch('${url}', { mode: 'no-cors' }).then(() => 'loaded', () => 'refused')`);
    expect(await load(elsewhere.at('localhost'))).toBe('loaded');
    for (const path of ['/logout/done', '/session', '/login', '/nothing-there'])
      expect(await load(stage.url(path))).toBe('refused');
  });
});

/** What the one frame of the page shows once it has settled. */
async function framed(page: Page): Promise<string> {
  await page.waitForLoadState('networkidle');
  const frame = page.frames().find((one) => one !== page.mainFrame());
  if (frame === undefined) throw new Error('the page has no frame');
  return frame.content();
}
