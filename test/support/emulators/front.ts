import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Answer, Call } from '../op-host.js';

/** A call, and the listener that took it. */
export interface FrontCall extends Call {
  readonly origin: string;
}

type Handler = (call: FrontCall) => Promise<Answer>;

/** Listeners on free loopback ports, one for each host that a provider has. */
export class Front {
  private handler: Handler | undefined;

  private constructor(
    private readonly servers: readonly Server[],
    readonly origins: readonly string[],
  ) {}

  /** `hosts` are names of this machine, such as `127.0.0.1` and `localhost`. */
  static async open(hosts: readonly string[]): Promise<Front> {
    const servers = hosts.map((host) => createServer().listen(0, host));
    await Promise.all(servers.map((server) => once(server, 'listening')));
    const origins = servers.map(
      (server, at) => `http://${hosts[at] ?? ''}:${(server.address() as AddressInfo).port}`,
    );
    const front = new Front(servers, origins);
    for (const [at, server] of servers.entries()) {
      server.on('request', (req: IncomingMessage, res: ServerResponse) => {
        front.answer(req, res, origins[at] ?? '').catch(() => res.destroy());
      });
    }
    return front;
  }

  handle(handler: Handler): void {
    this.handler = handler;
  }

  async close(): Promise<void> {
    for (const server of this.servers) server.closeAllConnections();
    await Promise.all(
      this.servers.map((server) => new Promise((resolve) => void server.close(resolve))),
    );
  }

  private async answer(req: IncomingMessage, res: ServerResponse, origin: string): Promise<void> {
    const url = new URL(req.url ?? '/', origin);
    const call: FrontCall = {
      origin,
      method: req.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: req.headers,
      body: await readText(req),
    };
    if (this.handler === undefined) return void res.destroy();
    const { status, headers, body } = await this.handler(call);
    res.writeHead(status, headers).end(body);
  }
}

async function readText(stream: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
