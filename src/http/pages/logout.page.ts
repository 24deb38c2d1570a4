import { html, type Page } from './html.js';
import { layout } from './layout.js';

/** Asks before ending the session: the answer to a GET that cannot prove where it came from. */
export function logoutPage(action: string, token: string, home: string): Page {
  return (nonce) =>
    layout(
      nonce,
      'Log out?',
      html`<h1>Log out?</h1>
        <p>
          You will be logged out of this application and, where it offers this, at your login
          provider.
        </p>
        <form class="actions" method="post" action="${action}">
          <input type="hidden" name="token" value="${token}">
          <button type="submit">Log out</button>
          <a class="button quiet" href="${home}">Stay</a>
        </form>`,
    );
}
