import type { Html } from './html.js';

/** The style of every page of ours, light and dark. */
export const STYLE: Html = {
  markup: `
:root {
  color-scheme: light dark;
  --ink: #1c2430; --soft: #55606e; --ground: #f5f6f8; --card: #fff; --line: #d9dee5;
  --accent: #2450c8; --on-accent: #fff;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e8ecf2; --soft: #a5b0be; --ground: #12161c; --card: #1b212a; --line: #323b47;
    --accent: #8fb0ff; --on-accent: #0d1524;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem;
  background: var(--ground); color: var(--ink); font: 16px/1.55 system-ui, sans-serif;
}
main {
  width: min(30rem, 100%); padding: 2rem;
  background: var(--card); border: 1px solid var(--line); border-radius: 14px;
}
h1 { font-size: 1.35rem; line-height: 1.3; margin: 0 0 .75rem; }
p { margin: .5rem 0; color: var(--soft); }
code { font-size: .85em; overflow-wrap: anywhere; }
.actions { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: 1.5rem; }
a.button, button {
  font: inherit; font-weight: 600; padding: .6rem 1.1rem; border: 1px solid var(--accent);
  border-radius: 9px; background: var(--accent); color: var(--on-accent); text-decoration: none; cursor: pointer;
}
a.quiet { background: none; color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; }
`,
};
