import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  createIdentityGuard,
  identityOf,
  type CallerIdentity,
  type IdentityGuardOptions,
} from 'vestibule/guard';

export interface ApiOptions extends IdentityGuardOptions {
  /** 0 (the default) takes a free port. */
  readonly port?: number;
  readonly host?: string;
}

export interface RunningApi {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

const MAX_BODY = 64 * 1024;

const ORDERS = [
  { id: 1001, item: 'Brass door bell', quantity: 1, status: 'delivered' },
  { id: 1002, item: 'Umbrella stand', quantity: 2, status: 'on its way' },
  { id: 1003, item: 'Welcome mat', quantity: 1, status: 'being woven' },
] as const;

type Reply = { readonly status: number; readonly body: unknown };

function send(response: ServerResponse, { status, body }: Reply): void {
  response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
  response.end(JSON.stringify(body));
}

function sendProblem(
  response: ServerResponse,
  status: number,
  title: string,
  detail: string,
): void {
  response.writeHead(status, {
    'Content-Type': 'application/problem+json',
    'Cache-Control': 'no-store',
  });
  response.end(JSON.stringify({ type: 'about:blank', title, status, detail }));
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    text += String(chunk);
    if (text.length > MAX_BODY) throw new RangeError('body too large');
  }
  return JSON.parse(text);
}

/** Who calls, and with what: header names only, so that no token comes back to a browser. */
function whoAmI(request: IncomingMessage, caller: CallerIdentity): Reply {
  const received = Object.keys(request.headers).sort();
  return { status: 200, body: { caller, received } };
}

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://api.invalid');
  // Proxies differ in whether they hand on the prefix; this API answers with and without it.
  const route = `${request.method} ${pathname.replace(/^\/api(?=\/)/u, '')}`;
  const caller = identityOf(request);
  const owner = caller.subject;
  if (route === 'GET /orders')
    return send(response, { status: 200, body: { owner, orders: ORDERS } });
  if (route === 'GET /whoami') return send(response, whoAmI(request, caller));
  if (route !== 'POST /orders')
    return sendProblem(response, 404, 'Not Found', `No route ${route}.`);
  try {
    const order = await readJson(request);
    return send(response, { status: 201, body: { owner, status: 'received', order } });
  } catch {
    return sendProblem(response, 400, 'Bad Request', 'Send one JSON value of at most 64 KiB.');
  }
}

/** Starts the sample API: every route but `/healthz` wants to be told by Vestibule who calls. */
export async function startApi(options: ApiOptions): Promise<RunningApi> {
  const guard = createIdentityGuard(options);
  const server = createServer((request, response) => {
    if (request.url === '/healthz') return send(response, { status: 200, body: { status: 'ok' } });
    guard(request, response, () => {
      handle(request, response).catch(() => response.destroy());
    }).catch(() => response.destroy());
  });
  const host = options.host ?? '127.0.0.1';
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
