import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'undici';

/** Said as a browser says it; Node's own fetch would call itself a script. */
const PAGE = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
const MOST_STEPS = 12;

/** Cookies by host and port; good for a login and nothing else. */
class Jar {
  private readonly cookies = new Map<string, Map<string, string>>();

  header({ host }: URL): string {
    return [...(this.cookies.get(host) ?? [])]
      .map(([name, value]) => `${name}=${value}`)
      .join('; ');
  }

  keep({ host }: URL, headers: IncomingHttpHeaders): void {
    const own = this.cookies.get(host) ?? new Map<string, string>();
    for (const line of [headers['set-cookie'] ?? []].flat()) {
      const [pair = ''] = line.split(';', 1);
      const at = pair.indexOf('=');
      own.set(pair.slice(0, at), pair.slice(at + 1));
    }
    this.cookies.set(host, own);
  }
}

/**
 * Logs a demo user in at the product and tells the `Cookie` header of the session.
 * @throws Error when the login does not end in a session
 */
export async function logIn(product: string, user: string): Promise<string> {
  const jar = new Jar();
  let url = new URL('/login', product);
  let form: string | undefined;
  for (let step = 0; step < MOST_STEPS; step += 1) {
    const { headers, body } = await request(url, {
      method: form === undefined ? 'GET' : 'POST',
      headers: {
        ...PAGE,
        cookie: jar.header(url),
        ...(form !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
      },
      body: form ?? null,
    });
    jar.keep(url, headers);
    const page = await body.text();
    form = undefined;
    if (headers.location !== undefined) url = new URL(String(headers.location), url);
    else if (url.pathname === '/login/return') return jar.header(url);
    else {
      url = new URL(formOf(page), url);
      form = new URLSearchParams({ user }).toString();
    }
  }
  throw new Error('the login did not end');
}

function formOf(page: string): string {
  const action = /<form[^>]*action="([^"]+)"/.exec(page)?.[1];
  if (action === undefined)
    throw new Error(`no form where one was expected: ${page.slice(0, 200)}`);
  return action.replaceAll('&amp;', '&');
}
