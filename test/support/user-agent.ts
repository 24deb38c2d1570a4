import { CookieJar } from 'tough-cookie';
import { exchange, type Hop, type Outgoing } from './http-exchange.js';
import { formsOf, scriptTargetOf, selfSubmitted, type Form } from './html-page.js';

type Site = 'none' | 'same-origin' | 'same-site' | 'cross-site';

interface Sending extends Outgoing {
  readonly site: Site;
  readonly mode: 'navigate' | 'cors' | 'no-cors';
  readonly dest: string;
}

interface Step {
  readonly method?: string;
  readonly body?: string;
  /** The page that posts. */
  readonly from?: string;
}

export interface FetchInit extends Outgoing {
  /** The page whose script sends; by default one of the same origin. */
  readonly from?: string;
  /** Whether the script sends X-CSRF: 1; it does by default. */
  readonly csrf?: boolean;
}

const MAX_HOPS = 20;
const DISTANCE: readonly Site[] = ['none', 'same-origin', 'same-site', 'cross-site'];

/**
 * A person's browser, as far as logins need one: a cookie jar that honours SameSite and prefixes, Sec-Fetch-*
 * headers, redirects, and the one script that our pages have. It remembers every hop.
 */
export class UserAgent {
  readonly hops: Hop[] = [];
  readonly jar = new CookieJar(undefined, {
    prefixSecurity: 'strict',
    rejectPublicSuffixes: false,
  });
  /** The address of the page that is shown, with its fragment. */
  page = 'about:blank';

  constructor(private readonly onHop: (hop: Hop) => void = () => undefined) {}

  get lastHop(): Hop {
    return this.hops.at(-1) ?? raise('nothing was visited yet');
  }

  /** Types an address into the address bar and follows where it leads. */
  visit(url: string): Promise<Hop> {
    return this.navigate(url, 'none');
  }

  /** Comes from a page of another site, such as the provider's. */
  arrive(url: string): Promise<Hop> {
    return this.navigate(url, 'cross-site');
  }

  /** Clicks a link on the page that is shown. */
  click(href: string): Promise<Hop> {
    const url = new URL(href, this.page).href;
    return this.navigate(url, relation(this.page, url));
  }

  /** Submits the form of the page that is shown. */
  submit(fields: Readonly<Record<string, string>> = {}, from: Hop = this.lastHop): Promise<Hop> {
    const form = formsOf(from.body)[0] ?? raise(`no form on ${from.url}`);
    return this.submitForm(form, fields);
  }

  submitForm(form: Form, fields: Readonly<Record<string, string>> = {}): Promise<Hop> {
    const url = new URL(form.action, this.page).href;
    const body = new URLSearchParams({ ...form.fields, ...fields }).toString();
    return this.navigate(url, relation(this.page, url), {
      method: form.method,
      body,
      from: this.page,
    });
  }

  /** One request as a page load, nothing followed. */
  load(
    url: string,
    { site = 'none', ...more }: Outgoing & { readonly site?: Site } = {},
  ): Promise<Hop> {
    return this.send(url, { ...more, site, mode: 'navigate', dest: 'document' });
  }

  /** A script of a page sends; nothing is followed. */
  fetch(url: string, { from, csrf = true, headers = {}, ...more }: FetchInit = {}): Promise<Hop> {
    const page = from ?? url;
    const site = relation(page, url);
    const origin =
      site !== 'same-origin' || (more.method ?? 'GET') !== 'GET'
        ? { origin: new URL(page).origin }
        : {};
    return this.send(url, {
      ...more,
      headers: { accept: '*/*', ...origin, ...(csrf && { 'x-csrf': '1' }), ...headers },
      site,
      mode: 'cors',
      dest: 'empty',
    });
  }

  /** Whatever else a browser loads: images, frames, prefetches. */
  subresource(
    url: string,
    dest: string,
    { site = 'same-origin', ...more }: Outgoing & { readonly site?: Site } = {},
  ): Promise<Hop> {
    const mode = dest === 'iframe' ? 'navigate' : 'no-cors';
    return this.send(url, { ...more, site, mode, dest });
  }

  /** The value of a cookie that would be sent to a page of this address. */
  async cookie(url: string, name: string): Promise<string | undefined> {
    return (await this.jar.getCookies(url)).find((cookie) => cookie.key === name)?.value;
  }

  async cookieNames(url: string): Promise<string[]> {
    return (await this.jar.getCookies(url)).map((cookie) => cookie.key).sort();
  }

  /** Plants a cookie, as an attacker on a sibling site may. */
  async plant(url: string, cookie: string): Promise<void> {
    await this.jar.setCookie(cookie, url);
  }

  private async navigate(start: string, from: Site, first: Step = {}): Promise<Hop> {
    let step: Step & { readonly url: string; readonly site: Site } = {
      ...first,
      url: start,
      site: from,
    };
    for (let count = 0; count < MAX_HOPS; count += 1) {
      const { url, site, method, body, from: page } = step;
      const posting = method === 'POST' && { 'content-type': 'application/x-www-form-urlencoded' };
      const origin = method === 'POST' && page !== undefined && { origin: new URL(page).origin };
      const hop = await this.load(url, {
        ...(method !== undefined && { method }),
        body,
        headers: { ...posting, ...origin },
        site,
      });
      const next = this.redirectOf(hop, url, site) ?? this.scriptOf(hop, url);
      if (next === undefined) return hop;
      step = next;
    }
    throw new Error(`more than ${MAX_HOPS} hops from ${new URL(start).pathname}`);
  }

  private redirectOf(
    hop: Hop,
    url: string,
    site: Site,
  ): { readonly url: string; readonly site: Site } | undefined {
    const { location } = hop.headers;
    if (location === undefined || hop.status < 300 || hop.status > 399) return undefined;
    const next = new URL(location, url);
    // A redirect without a fragment of its own keeps the one before (RFC 9110 §10.2.2).
    if (next.hash === '') next.hash = new URL(url).hash;
    return { url: next.href, site: farther(site, relation(url, next.href)) };
  }

  /** What the scripts do that our pages and the provider's have: go on, or submit the form. */
  private scriptOf(
    hop: Hop,
    url: string,
  ): (Step & { readonly url: string; readonly site: Site }) | undefined {
    this.page = url;
    const target = scriptTargetOf(hop.body);
    if (target !== undefined) {
      const next = new URL(target, url).href;
      return { url: next, site: relation(url, next) };
    }
    const form = selfSubmitted(hop.body);
    if (form === undefined) return undefined;
    const next = new URL(form.action, url).href;
    const body = new URLSearchParams(form.fields).toString();
    return { url: next, site: relation(url, next), method: form.method, body, from: url };
  }

  private async send(
    url: string,
    { site, mode, dest, method = 'GET', headers = {}, body }: Sending,
  ): Promise<Hop> {
    const isCrossSite = site === 'cross-site';
    const safe = method === 'GET' || method === 'HEAD';
    const sameSiteContext = !isCrossSite
      ? 'strict'
      : mode === 'navigate' && dest === 'document' && safe
        ? 'lax'
        : 'none';
    const cookie = await this.jar.getCookieString(url, { sameSiteContext });
    const accept = mode === 'navigate' ? 'text/html,application/xhtml+xml,*/*;q=0.8' : '*/*';
    const hop = await exchange(url, {
      method,
      headers: {
        accept,
        'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Vestibule-Test/1.0',
        'sec-fetch-site': site,
        'sec-fetch-mode': mode,
        'sec-fetch-dest': dest,
        ...(mode === 'navigate' && dest === 'document' && { 'sec-fetch-user': '?1' }),
        ...(cookie !== '' && { cookie }),
        ...headers,
      },
      body,
    });
    for (const line of hop.headers['set-cookie'] ?? []) {
      await this.jar.setCookie(line, url, { ignoreError: false });
    }
    this.hops.push(hop);
    this.onHop(hop);
    return hop;
  }
}

function relation(from: string, to: string): Site {
  const [a, b] = [new URL(from), new URL(to)];
  if (a.origin === b.origin) return 'same-origin';
  return a.protocol === b.protocol && a.hostname === b.hostname ? 'same-site' : 'cross-site';
}

function farther(a: Site, b: Site): Site {
  if (a === 'none' && b !== 'cross-site') return a;
  return DISTANCE.indexOf(a) > DISTANCE.indexOf(b) ? a : b;
}

function raise(message: string): never {
  throw new Error(message);
}
