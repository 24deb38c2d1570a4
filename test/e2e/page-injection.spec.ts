import { ROUTE_TABLE } from '../../src/http/route-table.js';
import { sendRaw } from '../support/raw-socket.js';
import type { Hop } from '../support/http-exchange.js';
import { Stage } from '../support/stage.js';

const PROBES = [
  '<script>alert(1)</script>',
  '</script><script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "'><svg onload=alert(1)>",
  "'-alert(1)-'",
  '\\u003cscript\\u003ealert(1)',
  '{{constructor.constructor("alert(1)")()}}',
  'javascript:alert(1)',
];
/** Whatever any of our pages reads, and what it does not. */
const PARAMETERS = (
  'return_to provider iss target_link_uri login_hint prompt healed heal state code error ' +
  'error_description error_uri login_error token sid again x'
).split(' ');
const PAGES = ROUTE_TABLE.filter(
  ({ listener, method, path }) =>
    listener === 'public' && method === 'GET' && path !== '/session/events',
);
const NAVIGATION = {
  accept: 'text/html',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': 'none',
};

/** What a browser would run of a page: its scripts without our nonce, handlers, addresses that are scripts. */
function strangersIn({ headers, body }: Hop): string[] {
  const policy = String(headers['content-security-policy']);
  const nonce = /'nonce-([^']+)'/.exec(policy)?.[1];
  const tags = body.match(/<[a-z!/][^>]*>?/gi) ?? [];
  return tags.filter(
    (tag) =>
      (/^<script\b/i.test(tag) && tag !== `<script nonce="${nonce}">`) ||
      /^<(?:img|svg|iframe|object|embed|base|link)\b/i.test(tag) ||
      /[\s/"']on\w+\s*=/i.test(tag) ||
      /=\s*["']?\s*javascript:/i.test(tag),
  );
}

/** Of our own scripts only the text within quotes may differ: then none of it runs. */
function scriptsOf({ body }: Hop): string[] {
  return [...body.matchAll(/<script nonce="[^"]+">([^]*?)<\/script>/g)].map(([, text = '']) =>
    text.replaceAll(/"(?:[^"\\\n]|\\.)*"/g, '""').trim(),
  );
}

describe('what a page is told', () => {
  let stage: Stage;
  let cookie: string;
  /** Our scripts, as they are when nobody says anything. */
  const ours = new Set(['location.replace("");', 'document.forms[0].submit();']);
  beforeAll(async () => {
    stage = await Stage.open({ env: { SPA_DIR: undefined } });
    cookie = await stage.cookieOf(await stage.member());
  });
  afterAll(() => stage.close());

  function expectHarmless(answer: Hop): void {
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    const location = answer.headers.location ?? '';
    expect(location).not.toMatch(/^javascript:|[<>"]/i);
    if (answer.body === '') return;
    const type = String(answer.headers['content-type']);
    expect(type).toMatch(/^(?:text\/html; charset=utf-8|application\/(?:problem\+)?json\b)/);
    if (!type.startsWith('text/html')) return;
    expect(answer.headers['content-security-policy']).toMatch(
      /^default-src 'none'.*script-src 'nonce-[\w+/=-]+'/,
    );
    expect(strangersIn(answer)).toEqual([]);
    for (const script of scriptsOf(answer)) expect(ours).toContain(script);
  }

  it.each(PAGES.map(({ path }) => path))('runs nowhere on %s (ATK-88)', async (path) => {
    for (const probe of PROBES) {
      const address = stage.url(path.replace(/:\w+/g, encodeURIComponent(probe)));
      const all = new URLSearchParams(Object.fromEntries(PARAMETERS.map((name) => [name, probe])));
      const queries = [
        ...PARAMETERS.map((name) => new URLSearchParams({ [name]: probe })),
        ...PARAMETERS.map((name) => new URLSearchParams({ [name]: `/${probe}` })),
        all,
      ];
      for (const query of queries)
        for (const more of [{}, { cookie }])
          expectHarmless(
            await stage.send(`${address}?${query.toString()}`, {
              headers: { ...NAVIGATION, ...more },
            }),
          );
    }
  });

  it.each(PROBES)(
    'runs nowhere when it is the path, the host or a referrer: %s (ATK-88)',
    async (probe) => {
      expectHarmless(
        await stage.send(stage.url(`/${encodeURIComponent(probe)}`), { headers: NAVIGATION }),
      );
      for (const path of ['/login', '/callback', '/logout', '/logout/done', '/nowhere'])
        for (const line of [`Host: ${probe}`, `Host: localhost\r\nReferer: ${probe}`])
          expectHarmless(
            await sendRaw(stage.bff.port, [
              `GET ${path} HTTP/1.1`,
              line,
              ...Object.entries(NAVIGATION).map(([name, value]) => `${name}: ${value}`),
            ]),
          );
    },
  );

  it('runs nowhere when the provider says it of an error, with a state of ours (ATK-88)', async () => {
    for (const probe of PROBES) {
      const person = stage.person();
      const callback = new URL(await stage.callbackFor(person));
      callback.searchParams.delete('code');
      for (const name of ['error', 'error_description', 'error_uri'])
        callback.searchParams.set(name, probe);
      const answer = await person.load(callback.href, { site: 'cross-site' });
      expect(answer.body).not.toContain('alert(1)');
      expectHarmless(answer);
    }
  });

  it('would be seen if it ran', () => {
    const page = (body: string): Hop => ({
      method: 'GET',
      url: '',
      requestHeaders: {},
      requestBody: '',
      status: 200,
      headers: { 'content-security-policy': "script-src 'nonce-n'" },
      body,
    });
    for (const probe of PROBES.slice(0, 4))
      expect(strangersIn(page(`<p title="${probe}">${probe}</p>`))).not.toEqual([]);
    expect(strangersIn(page('<a href="javascript:alert(1)">x</a>'))).toHaveLength(1);
    expect(strangersIn(page('<script nonce="n">location.replace("/");</script>'))).toEqual([]);
    const script = `location.replace("/x"-alert(1)-"");`;
    expect(ours).not.toContain(scriptsOf(page(`<script nonce="n">${script}</script>`))[0]);
  });
});
