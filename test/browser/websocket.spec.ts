import type { BrowserContext, Page } from 'playwright-core';
import { demoApiResource } from '../../demo/op/op.ts';
import { UpstreamHost } from '../support/upstream-host.js';
import { BrowserStage } from './browser-stage.ts';
import { ForeignSite } from './foreign-site.ts';
import { PERSON } from './main-job.ts';
import { SpaPage } from './pages/spa.page.ts';

const SOON_MS = 5_000;
const POLICY_VIOLATION = 1008;

/** A script that opens a WebSocket of ours and resolves with what came of it. */
const opening = (url: string): string => `new Promise((resolve) => {
  window.socket = new WebSocket(${JSON.stringify(url.replace(/^http/, 'ws'))});
  socket.addEventListener('open', () => resolve('open'));
  socket.addEventListener('error', () => resolve('refused'));
})`;
const ECHO = `new Promise((resolve) => {
  socket.addEventListener('message', ({ data }) => resolve(data), { once: true });
  socket.send('hello');
})`;
const CLOSE = `new Promise((resolve) => {
  socket.addEventListener('close', ({ code, wasClean }) => resolve({ code, wasClean }));
})`;

describe("a page's WebSocket", () => {
  let stage: BrowserStage;
  let api: UpstreamHost;
  beforeAll(async () => {
    api = await UpstreamHost.start();
    api.takeWebSockets();
    const live = { name: 'live', prefix: '/live', upstream: api.url, websocket: true };
    stage = await BrowserStage.open({ routes: [live] });
    api.verify(stage.op.issuer, demoApiResource);
  });
  afterEach(() => stage.sendEverybodyHome());
  afterAll(async () => {
    await stage.close();
    await api.down();
  });

  const open = (page: Page): Promise<unknown> => page.evaluate(opening(stage.url('/live/echo')));
  const anotherTab = async (context: BrowserContext): Promise<SpaPage> => {
    const app = new SpaPage(await context.newPage());
    await app.page.goto(stage.url('/'));
    await app.greets(PERSON);
    return app;
  };

  it('opens with the session, speaks, and is closed within five seconds of a logout in another tab (ATK-57)', async () => {
    const { context, app } = await stage.member();
    const other = await anotherTab(context);
    expect(await open(app.page)).toBe('open');
    expect(await app.page.evaluate(ECHO)).toBe('echo: hello');
    expect(api.last.headers).toMatchObject({ origin: stage.bff.origin });
    expect(api.last.headers.cookie).toBeUndefined();
    const closed = app.page.evaluate(CLOSE);
    const started = performance.now();
    await other.logOutButton.click();
    expect(await closed).toEqual({ code: POLICY_VIOLATION, wasClean: true });
    expect(performance.now() - started).toBeLessThan(SOON_MS);
    expect(await open(app.page)).toBe('refused');
    expect(api.received).toHaveLength(1);
  });

  it('is opened for no page of another origin, though the browser sends the cookie along (ATK-55)', async () => {
    const before = api.received.length;
    const { context, app } = await stage.member();
    const foreign = await ForeignSite.open();
    foreign.shows('');
    for (const host of ['localhost', '127.0.0.1'] as const) {
      const page = await context.newPage();
      await page.goto(foreign.at(host));
      expect(await open(page)).toBe('refused');
    }
    expect(api.received).toHaveLength(before);
    expect(await open(app.page)).toBe('open');
    await foreign.close();
  });
});
