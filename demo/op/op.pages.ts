import escapeHtml from 'escape-html';
import type { DemoUser } from './users.ts';

/** What the pages may load: our own style sheet and script. Not `form-action`: Chromium applies it to redirects, and the login form ends at the client. */
export const pageHeaders = {
  'Content-Type': 'text/html; charset=utf-8',
  'Cache-Control': 'no-store',
  'Content-Security-Policy':
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src data:; frame-ancestors 'none'; base-uri 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
} as const;

const page = (title: string, body: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)} · Demo Identity</title>
<link rel="stylesheet" href="/assets/op.css">
<link rel="icon" href="data:,">
</head>
<body>
<main>
<p class="brand"><span aria-hidden="true">◆</span> Demo Identity</p>
${body}
</main>
<footer>A development OpenID Provider. It knows no passwords and protects nothing.</footer>
</body>
</html>
`;

const userButton = (user: DemoUser, hinted: boolean): string => `<li>
<button type="submit" name="user" value="${escapeHtml(user.sub)}" class="user"${hinted ? ' autofocus' : ''}>
<span class="avatar" aria-hidden="true">${escapeHtml(user.name.slice(0, 1))}</span>
<span class="who"><strong>Continue as ${escapeHtml(user.name)}</strong>
<small>${escapeHtml(user.email)} · ${escapeHtml(user.groups.join(', ') || 'no groups')}</small></span>
</button>
</li>`;

/** The login page: one button per person, and a way to refuse (`access_denied` at the client). */
export function loginPage(input: {
  readonly action: string;
  readonly client: string;
  readonly users: readonly DemoUser[];
  readonly loginHint?: string | undefined;
}): string {
  const hint = input.loginHint?.toLowerCase();
  const buttons = input.users.map((user) =>
    userButton(user, hint === user.sub || hint === user.email),
  );
  return page(
    'Sign in',
    `<h1>Who are you today?</h1>
<p>Sign in to <strong>${escapeHtml(input.client)}</strong>. No password is needed: choose a person.</p>
<form method="post" action="${escapeHtml(input.action)}">
<ul class="users">
${buttons.join('\n')}
</ul>
<button type="submit" name="cancel" value="1" class="quiet">Cancel</button>
</form>`,
  );
}

/**
 * The page of RP-initiated logout. With a valid `id_token_hint` the request is the client's own and the
 * form submits itself; without one anybody may have sent it, so a person decides
 * (OpenID Connect RP-Initiated Logout 1.0 §2).
 */
export function logoutPage(form: string, automatic: boolean): string {
  return page(
    'Sign out',
    `<h1>${automatic ? 'Signing you out…' : 'Sign out?'}</h1>
<p>${automatic ? 'One moment.' : 'This ends your session at Demo Identity and at the apps that use it.'}</p>
${form}
<button type="submit" form="op.logoutForm" name="logout" value="yes" id="sign-out" class="primary">Sign out</button>
${automatic ? '<script src="/assets/submit.js" defer></script>' : '<button type="submit" form="op.logoutForm" class="quiet">Stay signed in</button>'}`,
  );
}

/** A page with a title and lines of text: errors, and the end of a logout without a way back. */
export function messagePage(title: string, lines: readonly string[]): string {
  const text = lines.map((line) => `<p>${escapeHtml(line)}</p>`).join('\n');
  return page(title, `<h1>${escapeHtml(title)}</h1>\n${text}`);
}
