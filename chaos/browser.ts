import { Agent, request, type IncomingHttpHeaders } from 'node:http';

export interface Answer {
  /** 0: none within the time limit. */
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly ms: number;
}

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const LIMIT_MS = 10_000;
const MAX_HOPS = 15;
const agent = new Agent({ keepAlive: true, maxSockets: Infinity });

/** One request to a port of this machine; never rejects. */
export function ask(
  port: number,
  path: string,
  { method, headers, body }: Asked = {},
): Promise<Answer> {
  const started = performance.now();
  return new Promise((resolve) => {
    const done = (status: number, got: IncomingHttpHeaders = {}, text = ''): void =>
      resolve({ status, headers: got, body: text, ms: performance.now() - started });
    const sent = request(
      {
        host: '127.0.0.1',
        port,
        path,
        agent,
        method: method ?? 'GET',
        headers: { ...headers, ...(body && { 'content-length': Buffer.byteLength(body) }) },
        signal: AbortSignal.timeout(LIMIT_MS),
      },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (chunk: string) => (text += chunk));
        answer.on('error', () => done(0));
        answer.on('end', () => done(answer.statusCode ?? 0, answer.headers, text));
      },
    );
    sent.on('error', () => done(0));
    sent.end(body);
  });
}

/** Where the parts of the stage listen. */
export interface Places {
  /** The host of PUBLIC_URL; both replicas serve it. */
  readonly publicHost: string;
  readonly replicas: readonly number[];
  readonly opPort: number;
}

/** A person who is logged in, as far as Vestibule is concerned. */
export interface Person {
  readonly cookie: string;
  /** What `GET /session` must tell of them, and of nobody else. */
  readonly sessionId: string;
}

const NAVIGATION = {
  accept: 'text/html',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': 'none',
};

/** Logs in at the demo's provider, through one replica; undefined when that did not work out. */
export async function logIn(places: Places, replica: number): Promise<Person | undefined> {
  const jars = { app: new Map<string, string>(), op: new Map<string, string>() };
  let [at, path, asked]: ['app' | 'op', string, Asked] = ['app', '/login', {}];
  for (let hop = 0; hop < MAX_HOPS; hop += 1) {
    const jar = jars[at];
    const host: string = at === 'app' ? places.publicHost : `127.0.0.1:${places.opPort}`;
    const cookie = cookieHeader(jar);
    const answer = await ask(at === 'app' ? replica : places.opPort, path, {
      ...asked,
      headers: { ...NAVIGATION, host, ...(cookie && { cookie }), ...asked.headers },
    });
    keep(jar, answer.headers['set-cookie']);
    if (path.startsWith('/callback')) break;
    const { location } = answer.headers;
    const form = /<form method="post" action="([^"]+)"/u.exec(answer.body)?.[1];
    if (location !== undefined) {
      const next: URL = new URL(location, `http://${host}`);
      at = next.host === places.publicHost ? 'app' : 'op';
      [path, asked] = [`${next.pathname}${next.search}`, {}];
    } else if (at === 'op' && form !== undefined) {
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      [path, asked] = [form, { method: 'POST', body: 'user=alice', headers }];
    } else return undefined;
  }
  return recognise(places, replica, cookieHeader(jars.app));
}

async function recognise(
  { publicHost: host }: Places,
  replica: number,
  cookie: string,
): Promise<Person | undefined> {
  const answer = await ask(replica, '/session', { headers: { host, cookie } });
  if (answer.status !== 200) return undefined;
  const { session_id: sessionId } = JSON.parse(answer.body) as { session_id: string };
  return { cookie, sessionId };
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
