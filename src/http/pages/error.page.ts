import type { ProblemDetails } from '../../errors/problem-details.js';
import { html, type Page } from './html.js';
import { layout } from './layout.js';

/** What a person sees instead of problem+json: the same code, the remedy, and a way on. */
export function errorPage(problem: ProblemDetails, links: { readonly login: string }): Page {
  return (nonce) =>
    layout(
      nonce,
      problem.title,
      html`<h1>${problem.title}</h1>
        <p>${problem.detail}</p>
        <p><code>${problem.code}</code> · request <code>${problem.request_id}</code></p>
        <div class="actions"><a class="button" href="${links.login}">Log in</a></div>`,
    );
}
