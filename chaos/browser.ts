import type { Send, Sent } from './balancer.ts';
import { ask, type Answer, type Asked } from './http.ts';

/** A person who is logged in, as far as Vestibule is concerned. */
export interface Person {
  /** Of the provider. */
  readonly subject: string;
  readonly cookie: string;
  /** What `GET /session` must tell of them, and of nobody else. */
  readonly sessionId: string;
}

/** Where a browser finds product and provider. */
export interface Places {
  /** The host of PUBLIC_URL; all replicas serve it. */
  readonly publicHost: string;
  readonly providerPort: number;
}

/** Told of every answer of the product. */
type Seen = (sent: Sent) => void;

const MAX_HOPS = 25;
const NAVIGATION = {
  accept: 'text/html',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': 'none',
};

/**
 * Logs in at the real provider as a browser does, over the bounce page, healing included; undefined when that did not
 * work out.
 */
export async function logIn(
  { publicHost, providerPort }: Places,
  subject: string,
  send: Send,
  seen: Seen = () => undefined,
): Promise<Person | undefined> {
  const told = async (path: string, asked: Asked): Promise<Sent> => {
    const sent = await send(path, asked);
    seen(sent);
    return sent;
  };
  const jars = { app: new Map<string, string>(), op: new Map<string, string>() };
  const providerHost = `127.0.0.1:${providerPort}`;
  let [at, path, asked]: ['app' | 'op', string, Asked] = ['app', '/login', {}];
  for (let hop = 0; hop < MAX_HOPS; hop += 1) {
    const jar = jars[at];
    const host: string = at === 'app' ? publicHost : providerHost;
    const cookie = cookieHeader(jar);
    const navigation = {
      ...asked,
      headers: { ...NAVIGATION, host, ...(cookie && { cookie }), ...asked.headers },
    };
    const answer =
      at === 'app' ? await told(path, navigation) : await twice(providerPort, path, navigation);
    keep(jar, answer.headers['set-cookie']);
    const next = destination(answer.headers.location ?? bounce(answer.body), host);
    const form = /<form method="post" action="([^"]+)"/u.exec(answer.body)?.[1];
    if (next !== undefined) {
      at = next.host === publicHost ? 'app' : 'op';
      [path, asked] = [`${next.pathname}${next.search}`, {}];
      if (at === 'app' && path === '/')
        return recognise(publicHost, subject, cookieHeader(jars.app), send);
    } else if (at === 'op' && form !== undefined) {
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      [path, asked] = [form, { method: 'POST', body: `user=${subject}`, headers }];
    } else return undefined;
  }
  return undefined;
}

/** A browser tries again where the provider has closed an idle connection under its request. */
async function twice(port: number, path: string, asked: Asked): Promise<Answer> {
  const answer = await ask(port, path, asked);
  return answer.isCut ? ask(port, path, asked) : answer;
}

function destination(location: string | undefined, host: string): URL | undefined {
  return location === undefined ? undefined : new URL(location, `http://${host}`);
}

/** Where the page leads that stands between callback and application. */
function bounce(body: string): string | undefined {
  return /<a class="button" href="([^"]+)">Continue/u.exec(body)?.[1]?.replaceAll('&amp;', '&');
}

async function recognise(
  host: string,
  subject: string,
  cookie: string,
  send: Send,
): Promise<Person | undefined> {
  const answer = await send('/session', { headers: { host, cookie } });
  if (answer.status !== 200) return undefined;
  const { session_id: sessionId } = JSON.parse(answer.body) as { session_id: string };
  return { subject, cookie, sessionId };
}

function cookieHeader(jar: ReadonlyMap<string, string>): string {
  return [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
}

function keep(jar: Map<string, string>, lines: readonly string[] = []): void {
  for (const line of lines) {
    const [pair = ''] = line.split(';');
    const equals = pair.indexOf('=');
    jar.set(pair.slice(0, equals), pair.slice(equals + 1));
  }
}
