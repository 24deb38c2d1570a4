import { html, type Page } from './html.js';
import { layout } from './layout.js';

/** Lets a person choose between several providers. */
export function chooserPage(
  choices: readonly { readonly label: string; readonly href: string }[],
): Page {
  return (nonce) =>
    layout(
      nonce,
      'Log in',
      html`<h1>Log in</h1>
        <p>Choose where you have your account.</p>
        <nav class="actions" aria-label="Login providers">
          ${choices.map(
            (choice) => html`<a class="button" href="${choice.href}">${choice.label}</a>`,
          )}
        </nav>`,
    );
}
