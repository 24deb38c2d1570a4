import { request, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';

/** One request and its answer, as they went over the wire. */
export interface Hop {
  readonly method: string;
  /** The address as a browser shows it: the scheme is that of PUBLIC_URL. */
  readonly url: string;
  readonly requestHeaders: Readonly<Record<string, string>>;
  readonly requestBody: string;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Outgoing {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** The address of this machine that asks; any, by default. */
  readonly localAddress?: string;
}

/**
 * Sends one request and follows nothing. Every host is this machine, and TLS ends before it: an https address
 * is spoken to in plain text on its port, as a terminator in front would.
 */
export function exchange(
  url: string,
  { method = 'GET', headers = {}, body, localAddress }: Outgoing = {},
): Promise<Hop> {
  const target = new URL(url);
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const sent: OutgoingHttpHeaders = {
    host: target.host,
    connection: 'close',
    ...length,
    ...headers,
  };
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: '127.0.0.1',
        port: target.port,
        method,
        path: `${target.pathname}${target.search}`,
        headers: sent,
        agent: false,
        ...(localAddress !== undefined && { localAddress }),
      },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          const { statusCode: status = 0, headers: got } = answer;
          resolve({
            method,
            url,
            requestHeaders: headers,
            requestBody: body ?? '',
            status,
            headers: got,
            body: text,
          });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** The JSON of an answer, for tests to look into. */
export function jsonOf(hop: { readonly body: string }): Record<string, unknown> {
  return JSON.parse(hop.body) as Record<string, unknown>;
}

/** The Set-Cookie lines of an answer. */
export function cookiesSet(hop: Hop): readonly string[] {
  return hop.headers['set-cookie'] ?? [];
}

/** The place that an answer leads to, resolved. */
export function locationOf(hop: Hop): URL {
  const { location } = hop.headers;
  if (location === undefined)
    throw new Error(
      `${hop.method} ${new URL(hop.url).pathname} answered ${hop.status} without a Location`,
    );
  return new URL(location, hop.url);
}
