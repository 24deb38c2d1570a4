import { html, type Page } from './html.js';
import { layout } from './layout.js';

/** A request that is too long for an address, as a form that sends itself; the button is for those without scripts. */
export function autoPostPage(action: string, fields: URLSearchParams): Page {
  return (nonce) =>
    layout(
      nonce,
      'One moment',
      html`<h1>One moment</h1>
        <p>You are being taken to your login provider.</p>
        <form id="f" class="actions" method="post" action="${action}">
          ${[...fields].map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
          <button type="submit">Continue</button>
        </form>
        <script nonce="${nonce}">document.getElementById('f').submit()</script>`,
    );
}
