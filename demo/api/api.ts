import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { JWTPayload } from 'jose';
import { accessTokenCheck, type CheckCaller } from './access-token.ts';

export interface ApiOptions {
  readonly issuer: string;
  readonly audience: string;
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
  if (status === 401) response.setHeader('WWW-Authenticate', 'Bearer error="invalid_token"');
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
function whoAmI(request: IncomingMessage, claims: JWTPayload): Reply {
  const { sub, aud, exp, scope, client_id } = claims;
  const identity = Object.fromEntries(
    Object.entries(request.headers).filter(
      ([name]) => name.startsWith('x-auth-') && name !== 'x-auth-assertion',
    ),
  );
  const received = Object.keys(request.headers).sort();
  return { status: 200, body: { sub, aud, exp, scope, client_id, identity, received } };
}

async function handle(check: CheckCaller, request: IncomingMessage, response: ServerResponse) {
  const { pathname } = new URL(request.url ?? '/', 'http://api.invalid');
  if (pathname === '/healthz') return send(response, { status: 200, body: { status: 'ok' } });
  const caller = await check(request.headers.authorization);
  if (caller.kind === 'refused') return sendProblem(response, 401, 'Unauthorized', caller.detail);
  if (caller.kind === 'unavailable') {
    return sendProblem(response, 503, 'Service Unavailable', caller.detail);
  }
  // Proxies differ in whether they hand on the prefix; this API answers with and without it.
  const route = `${request.method} ${pathname.replace(/^\/api(?=\/)/u, '')}`;
  const { sub } = caller.claims;
  if (route === 'GET /orders')
    return send(response, { status: 200, body: { owner: sub, orders: ORDERS } });
  if (route === 'GET /whoami') return send(response, whoAmI(request, caller.claims));
  if (route !== 'POST /orders')
    return sendProblem(response, 404, 'Not Found', `No route ${route}.`);
  try {
    const order = await readJson(request);
    return send(response, { status: 201, body: { owner: sub, status: 'received', order } });
  } catch {
    return sendProblem(response, 400, 'Bad Request', 'Send one JSON value of at most 64 KiB.');
  }
}

/** Starts the sample API: every route but `/healthz` wants a JWT access token for `audience`. */
export async function startApi(options: ApiOptions): Promise<RunningApi> {
  const check = accessTokenCheck(options.issuer, options.audience);
  const server = createServer((request, response) => {
    handle(check, request, response).catch(() => response.destroy());
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
