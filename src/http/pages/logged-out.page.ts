import { html, type Page } from './html.js';
import { layout } from './layout.js';

/** Says that nobody is logged in any more; the way on is the person's. */
export function loggedOutPage(home: string): Page {
  return (nonce) =>
    layout(
      nonce,
      'Logged out',
      html`<h1>You are logged out</h1>
        <p>Your session in this application has ended.</p>
        <div class="actions"><a class="button" href="${home}">Back to the application</a></div>`,
    );
}
