import type { Locator, Page } from 'playwright-core';

/** The demo's OpenID Provider, where a person logs out of everything. */
export class ProviderLogoutPage {
  readonly page: Page;
  readonly confirmButton: Locator;

  constructor(page: Page) {
    this.page = page;
    this.confirmButton = page.getByRole('button', { name: 'Sign out' });
  }

  async open(issuer: string): Promise<void> {
    await this.page.goto(`${issuer}/session/end`);
    await this.confirmButton.waitFor();
  }
}
