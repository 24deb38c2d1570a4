import type { Locator, Page } from 'playwright-core';

/** The login page of the demo's OpenID Provider. */
export class ProviderLoginPage {
  readonly page: Page;
  readonly heading: Locator;

  constructor(page: Page) {
    this.page = page;
    this.heading = page.getByRole('heading', { name: 'Who are you today?' });
  }

  person(name: string): Locator {
    return this.page.getByRole('button', { name: `Continue as ${name}` });
  }

  async isShown(): Promise<void> {
    await this.heading.waitFor();
  }

  async continueAs(name: string): Promise<void> {
    await this.person(name).click();
  }

  async cancel(): Promise<void> {
    await this.page.getByRole('button', { name: 'Cancel' }).click();
  }
}
