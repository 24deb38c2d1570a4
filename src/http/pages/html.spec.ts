import { VestibuleError } from '../../errors/vestibule.error.js';
import { toProblem } from '../../errors/problem-details.js';
import { bouncePage } from './bounce.page.js';
import { chooserPage } from './chooser.page.js';
import { errorPage } from './error.page.js';
import { html, scriptString } from './html.js';
import { loggedOutPage } from './logged-out.page.js';
import { logoutPage } from './logout.page.js';

/** ATK-88: what a reflected value may try. */
const PROBES = [
  `"><img src=x onerror=alert(1)>`,
  `'><svg onload=alert(1)>`,
  `</script><script>alert(1)</script>`,
  `<!--<script>`,
  `javascript:alert(1)//'"`,
  `\u2028alert(1)\u2029`,
  `&lt;script&gt;`,
  `\${alert(1)}`,
];

describe('html', () => {
  it.each([
    ['<b>', '&lt;b&gt;'],
    ['"', '&quot;'],
    [`'`, '&#39;'],
    ['&', '&amp;'],
    ['plain', 'plain'],
  ])('escapes %p for text and quoted attributes (ATK-88)', (value, escaped) => {
    expect(html`<p title="${value}">${value}</p>`.markup).toBe(
      `<p title="${escaped}">${escaped}</p>`,
    );
  });

  it('nests markup of its own and joins lists of it', () => {
    const [first, second] = [html`<li>${'<a>'}</li>`, html`<li>b</li>`];
    expect(html`${[first, second]}${html`<hr />`}${3}`.markup).toBe(
      '<li>&lt;a&gt;</li><li>b</li><hr />3',
    );
  });
});

describe('scriptString', () => {
  it.each(PROBES)('cannot be left: %p', (probe) => {
    const { markup } = scriptString(probe);
    expect(markup).not.toMatch(/[<>&\u2028\u2029\n\r]/);
    expect(JSON.parse(markup)).toBe(probe);
  });

  it('escapes quotes, backslashes and line breaks', () => {
    expect(scriptString('a"b\\c\nd').markup).toBe('"a\\"b\\\\c\\nd"');
  });
});

describe('our pages', () => {
  const pages: readonly [string, (probe: string) => string][] = [
    ['the bounce', (probe) => bouncePage(probe)('nonce').markup],
    ['the chooser', (probe) => chooserPage([{ label: probe, href: probe }])('nonce').markup],
    ['the logout form', (probe) => logoutPage(probe, probe, probe)('nonce').markup],
    ['the farewell', (probe) => loggedOutPage(probe)('nonce').markup],
    [
      'the error page',
      (probe) => {
        const error = new VestibuleError('bad_request', { members: { probe } });
        return errorPage(toProblem(error, probe), { login: probe })('nonce').markup;
      },
    ],
  ];

  const tagsOf = (markup: string): string[] => markup.match(/<!?\/?[a-z!-]+/gi) ?? [];

  describe.each(pages)('%s', (_name, render) => {
    it.each(PROBES)('gains no tag by %p (ATK-88)', (probe) => {
      expect(tagsOf(render(probe))).toEqual(tagsOf(render('harmless')));
    });

    it('has a language, a title and a heading, and runs nothing without the nonce', () => {
      const markup = render('harmless');
      expect(markup).toMatch(/^<!doctype html>\s+<html lang="en">/);
      expect(markup).toMatch(/<title>[^<]+<\/title>/);
      expect(markup.match(/<h1>/g)).toHaveLength(1);
      expect(markup).not.toMatch(/<(?:script|style)(?! nonce="nonce")/);
      expect(markup).not.toMatch(/ on[a-z]+=| style=|https?:\/\//);
    });
  });

  it('bounces to the target that it was given', () => {
    const target = '/a?b=c&d=%22#e';
    const { markup } = bouncePage(target)('nonce');
    const literal = /location\.replace\((".*")\)/.exec(markup)?.[1];
    expect(JSON.parse(literal ?? '')).toBe(target);
    expect(markup).toContain('href="/a?b=c&amp;d=%22#e"');
  });

  it('leads from the logout form back into the application, wherever it lies', () => {
    expect(logoutPage('/app/logout', 'token', '/app/')('nonce').markup).toContain('href="/app/"');
  });
});
