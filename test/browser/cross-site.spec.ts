import type { BrowserContext, Page } from 'playwright-core';
import { BrowserStage } from './browser-stage.ts';
import { ForeignSite } from './foreign-site.ts';
import { LogoutPage } from './pages/logout.page.ts';
import type { SpaPage } from './pages/spa.page.ts';

type Host = 'localhost' | '127.0.0.1';

interface Received {
  readonly method: string;
  readonly status: number;
  /** Whether the browser sent a cookie along. */
  readonly withCookie: boolean;
}

describe("another site's page", () => {
  let stage: BrowserStage;
  let foreign: ForeignSite;
  /** One person for all attacks: nothing of what follows may cost them their session. */
  let context: BrowserContext;
  let app: SpaPage;
  beforeAll(async () => {
    stage = await BrowserStage.open();
    foreign = await ForeignSite.open();
    ({ context, app } = await stage.member());
  });
  afterEach(async () => {
    expect((await app.session()).status).toBe(200);
    expect((await app.callApi()).status()).toBe(200);
    await Promise.all(
      context
        .pages()
        .filter((page) => page !== app.page)
        .map((page) => page.close()),
    );
  });
  afterAll(async () => {
    await foreign.close();
    await stage.close();
  });

  /** Shows the page and resolves with our first answer to it, which the browser may well keep from the page. */
  async function answerTo(
    body: string,
    { path, host = '127.0.0.1', by = context }: { path: string; host?: Host; by?: BrowserContext },
  ): Promise<{ answer: Received; page: Page }> {
    foreign.shows(body);
    const page = await by.newPage();
    const answered = await nextAnswer(page, stage.url(path));
    await page.goto(foreign.at(host), { waitUntil: 'commit' });
    return { answer: await answered(), page };
  }

  const form = (path: string): string =>
    `<form method="post" action="${stage.url(path)}"><input name="item" value="x"></form>
     <script>document.forms[0].submit()</script>`;
  const post = (path: string): string =>
    `<script>fetch('${stage.url(path)}', { method: 'POST', mode: 'no-cors', credentials: 'include' }).catch(() => undefined)</script>`;

  // From 127.0.0.1 no cookie of ours comes along (401 before 403); from another port of localhost it does.
  it.each([
    ['/logout', '127.0.0.1', 403],
    ['/logout', 'localhost', 403],
    ['/api/orders', '127.0.0.1', 401],
    ['/api/orders', 'localhost', 403],
    ['/session/refresh', '127.0.0.1', 401],
    ['/session/refresh', 'localhost', 403],
  ] as const)('cannot post a form to %s from %s (H-37)', async (path, host, status) => {
    const { answer } = await answerTo(form(path), { path, host });
    expect(answer).toEqual({ method: 'POST', status, withCookie: host === 'localhost' });
  });

  it.each([
    ['/logout', '127.0.0.1', 403],
    ['/logout', 'localhost', 403],
    ['/api/orders', '127.0.0.1', 401],
    ['/api/orders', 'localhost', 403],
  ] as const)('cannot post by a script to %s from %s (H-37)', async (path, host, status) => {
    const { answer } = await answerTo(post(path), { path, host });
    expect(answer).toEqual({ method: 'POST', status, withCookie: host === 'localhost' });
  });

  it.each(['localhost', '127.0.0.1'] as const)('cannot send our header from %s', async (host) => {
    foreign.shows('');
    const page = await context.newPage();
    await page.goto(foreign.at(host));
    const call = `fetch('${stage.url('/logout')}', { method: 'POST', credentials: 'include', headers: { 'X-CSRF': '1' } })`;
    expect(
      await page.evaluate(`${call}.then((answer) => answer.status, (error) => error.name)`),
    ).toBe('TypeError');
  });

  it.each(['localhost', '127.0.0.1'] as const)('cannot read who is there from %s', async (host) => {
    foreign.shows('');
    const page = await context.newPage();
    await page.goto(foreign.at(host));
    const call = `fetch('${stage.url('/session')}', { credentials: 'include' })`;
    expect(
      await page.evaluate(`${call}.then((answer) => answer.text(), (error) => error.name)`),
    ).toBe('TypeError');
  });

  it('cannot log out by an image', async () => {
    const { answer } = await answerTo(`<img src="${stage.url('/logout')}">`, { path: '/logout' });
    expect(answer).toMatchObject({ method: 'GET', withCookie: false });
  });

  it.each([
    ['an image', (url: string) => `<img src="${url}">`],
    ['a frame', (url: string) => `<iframe src="${url}"></iframe>`],
    [
      'a script',
      (url: string) =>
        `<script>fetch('${url}', { mode: 'no-cors', credentials: 'include' }).catch(() => undefined)</script>`,
    ],
  ])('cannot start a login by %s', async (_name, markup) => {
    const stranger = await stage.person();
    const toProvider: string[] = [];
    stranger.on('request', (request) => {
      if (request.url().startsWith(stage.op.issuer)) toProvider.push(request.url());
    });
    const { answer, page } = await answerTo(markup(stage.url('/login')), {
      path: '/login',
      by: stranger,
    });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    await page.waitForLoadState('load');
    expect(toProvider).toEqual([]);
    expect(await stranger.cookies(stage.url('/'))).toEqual([]);
    await stranger.close();
  });

  it('cannot frame our pages (ATK-59)', async () => {
    const { page } = await answerTo(`<iframe src="${stage.url('/logout')}"></iframe>`, {
      path: '/logout',
      host: 'localhost',
    });
    await page.waitForLoadState('load');
    const frame = page.frames().find((one) => one !== page.mainFrame());
    expect(await frame?.content()).not.toContain('<form');
  });

  it('reaches no more than the confirmation page by a link, even with the logout token', async () => {
    const { body } = await app.session();
    foreign.shows(`<a href="${stage.url(String(body['logout_url']))}">A kitten</a>`);
    const page = await context.newPage();
    await page.goto(foreign.at('127.0.0.1'));
    await page.getByRole('link', { name: 'A kitten' }).click();
    await new LogoutPage(page).isShown();
  });
});

/** From now on waits for what the network saw: an answer that CORP keeps from a page is no response to that page. */
async function nextAnswer(page: Page, url: string): Promise<() => Promise<Received>> {
  const client = await page.context().newCDPSession(page);
  const methods = new Map<string, string>();
  const cookies = new Map<string, boolean>();
  const statuses = new Map<string, number>();
  await client.send('Network.enable');
  const answered = new Promise<Received>((resolve) => {
    // The events of one request come in no fixed order.
    const put = <T>(map: Map<string, T>, id: string, value: T): void => {
      map.set(id, value);
      const [method, withCookie, status] = [methods.get(id), cookies.get(id), statuses.get(id)];
      if (method !== undefined && withCookie !== undefined && status !== undefined) {
        resolve({ method, status, withCookie });
      }
    };
    client.on('Network.requestWillBeSent', ({ requestId, request }) => {
      if (request.url === url) put(methods, requestId, request.method);
    });
    client.on('Network.requestWillBeSentExtraInfo', ({ requestId, headers }) => {
      const names = Object.keys(headers).map((name) => name.toLowerCase());
      put(cookies, requestId, names.includes('cookie'));
    });
    client.on('Network.responseReceivedExtraInfo', ({ requestId, statusCode }) => {
      put(statuses, requestId, statusCode);
    });
  });
  return () => answered;
}
