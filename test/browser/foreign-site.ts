import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Somebody else's web server. At 127.0.0.1 it is another site than the application, at localhost only another origin. */
export class ForeignSite {
  private readonly server: Server;
  private html = '';

  private constructor(server: Server) {
    this.server = server;
    server.on('request', (_request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(this.html);
    });
  }

  static async open(): Promise<ForeignSite> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new ForeignSite(server);
  }

  /** From now on every address shows this content. */
  shows(body: string): void {
    this.html = `<!doctype html><html lang="en"><title>Elsewhere</title><body>${body}</body></html>`;
  }

  at(host: 'localhost' | '127.0.0.1'): string {
    return `http://${host}:${(this.server.address() as AddressInfo).port}/`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}
