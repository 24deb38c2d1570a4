import type { Locator, Page } from 'playwright-core';

/** The page that asks before it logs out. */
export class LogoutPage {
  readonly page: Page;
  readonly heading: Locator;
  readonly confirmButton: Locator;
  readonly stayLink: Locator;

  constructor(page: Page) {
    this.page = page;
    this.heading = page.getByRole('heading', { name: 'Log out?' });
    this.confirmButton = page.getByRole('button', { name: 'Log out' });
    this.stayLink = page.getByRole('link', { name: 'Stay' });
  }

  async isShown(): Promise<void> {
    await this.heading.waitFor();
  }
}
