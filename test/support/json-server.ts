import { createServer, IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MarkedResponse } from '../../src/http/marked-response.js';

type Handler = (req: IncomingMessage, res: MarkedResponse) => void;

/** A small server on a free loopback port that answers as told and counts what it was asked. */
export class JsonServer {
  readonly asked: string[] = [];
  private handler: Handler = (_req, res) => void res.writeHead(404).end();

  private constructor(
    private readonly server: Server<typeof IncomingMessage, typeof MarkedResponse>,
  ) {}

  static async start(): Promise<JsonServer> {
    const server = createServer<typeof IncomingMessage, typeof MarkedResponse>({
      ServerResponse: MarkedResponse,
    });
    const host = new JsonServer(server);
    server.on('request', (req, res) => {
      host.asked.push(`${req.method} ${req.url}`);
      host.handler(req, res);
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    return host;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  answerWith(handler: Handler): void {
    this.handler = handler;
  }

  answerJson(body: unknown, status = 200): void {
    this.answerWith((_req, res) => {
      res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => {
      this.server.close(resolve);
    });
  }
}
