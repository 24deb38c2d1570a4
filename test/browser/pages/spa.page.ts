import type { Locator, Page, Response } from 'playwright-core';

/** The demo's single-page app, as a person sees it. */
export class SpaPage {
  readonly page: Page;
  readonly logInButton: Locator;
  readonly logOutButton: Locator;
  readonly callApiButton: Locator;
  readonly refreshButton: Locator;
  readonly orderButton: Locator;
  readonly status: Locator;
  readonly apiAnswer: Locator;

  constructor(page: Page) {
    this.page = page;
    const button = (name: string): Locator => page.getByRole('button', { name, exact: true });
    this.logInButton = button('Log in');
    this.logOutButton = button('Log out');
    this.callApiButton = button('Call the API');
    this.refreshButton = button('Refresh now');
    this.orderButton = button('Send order');
    this.status = page.getByRole('status');
    this.apiAnswer = page.getByRole('region', { name: 'Answer of the API' });
  }

  /** Resolves when the page greets this person. */
  async greets(name: string): Promise<void> {
    await this.page.getByRole('heading', { level: 1, name: `Hello, ${name}` }).waitFor();
  }

  /** Resolves when the page shows that nobody is logged in. */
  async asksToLogIn(): Promise<void> {
    await this.logInButton.waitFor();
  }

  /** Logs out by the button; resolves when the browser is back from the provider and nobody is logged in. */
  async logOut(): Promise<void> {
    // The page says so at once, and is left a moment later.
    const back = this.page.waitForResponse(
      (answer) => new URL(answer.url()).pathname === '/logout/done',
    );
    await this.logOutButton.click();
    await back;
    await this.asksToLogIn();
  }

  async says(text: string): Promise<void> {
    await this.status.filter({ hasText: text }).waitFor();
  }

  /** What the page shows of the person: label and value. */
  async claims(): Promise<Record<string, string>> {
    const list = this.page.locator('#claims');
    const [terms, values] = await Promise.all([
      list.locator('dt').allTextContents(),
      list.locator('dd').allTextContents(),
    ]);
    return Object.fromEntries(terms.map((term, at) => [term, values[at] ?? '']));
  }

  /** Clicks and resolves with the answer that the browser got. */
  callApi(): Promise<Response> {
    return this.answerTo('/api/orders', this.callApiButton);
  }

  sendOrder(): Promise<Response> {
    return this.answerTo('/api/orders', this.orderButton);
  }

  refresh(): Promise<Response> {
    return this.answerTo('/session/refresh', this.refreshButton);
  }

  /** What `GET /session` answers to a script of the page. */
  session(): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
    return this.page.evaluate(
      `fetch('/session?touch=false').then(async (answer) => ({ status: answer.status, body: await answer.json() }))`,
    );
  }

  private async answerTo(path: string, button: Locator): Promise<Response> {
    const [answer] = await Promise.all([
      this.page.waitForResponse((response) => new URL(response.url()).pathname === path),
      button.click(),
    ]);
    return answer;
  }
}
