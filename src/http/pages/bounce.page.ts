import { html, scriptString, type Page } from './html.js';
import { layout } from './layout.js';

/**
 * Leads from the provider's redirect into the application. The navigation starts on our own origin, so a
 * SameSite=Strict cookie is sent with it; `replace` keeps the detour out of the history (RFC 9700 §4.2.4).
 */
export function bouncePage(target: string): Page {
  return (nonce) =>
    layout(
      nonce,
      'One moment',
      html`<h1>One moment</h1>
        <p>You are being taken to the application.</p>
        <div class="actions"><a class="button" href="${target}">Continue</a></div>
        <script nonce="${nonce}">
          location.replace(${scriptString(target)});
        </script>`,
    );
}
