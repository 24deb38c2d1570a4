import type { BrowserContext } from 'playwright-core';

/** What the browser itself complains of when a page breaks its own Content-Security-Policy. */
export class PolicyComplaints {
  readonly seen: string[] = [];

  constructor(context: BrowserContext) {
    context.on('console', (message) => {
      if (/content security policy/iu.test(message.text())) {
        this.seen.push(`${message.page()?.url() ?? ''}: ${message.text()}`);
      }
    });
  }
}
