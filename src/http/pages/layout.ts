import { html, type Html } from './html.js';
import { STYLE } from './style.js';

/** The frame of every page of ours: no foreign resource, light and dark, readable without a script. */
export function layout(nonce: string, title: string, body: Html): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<style nonce="${nonce}">${STYLE}</style>
</head>
<body><main>${body}</main></body>
</html>
`;
}
