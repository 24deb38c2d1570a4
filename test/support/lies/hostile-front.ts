import { once } from 'node:events';
import {
  createServer,
  request,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Attack } from './endless.lies.js';

/** Stands before some endpoints of a provider: hands everything on, but for the one path that it attacks. */
export class HostileFront {
  /** Requests since the attack began. */
  asked = 0;
  /** Bytes of the attack that went out. */
  sent = 0;
  private attack: { readonly path: string; readonly act: Attack } | undefined;
  private hungUp: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly server: Server,
    private readonly target: () => URL,
  ) {
    server.on('request', (req: IncomingMessage, res: ServerResponse) => this.handle(req, res));
  }

  /** @param target the provider, once it is there */
  static async start(target: () => URL): Promise<HostileFront> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new HostileFront(server, target);
  }

  url(path: string): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}${path}`;
  }

  attackAt(path: string, act: Attack): void {
    this.attack = { path, act };
    this.asked = 0;
    this.sent = 0;
  }

  behave(): void {
    this.attack = undefined;
  }

  /** Resolves when the connection of the last attack is gone. */
  async untilHungUp(): Promise<void> {
    await this.hungUp;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private handle(req: IncomingMessage, res: ServerResponse): void {
    const { attack } = this;
    if (attack === undefined || !(req.url ?? '').startsWith(attack.path)) {
      this.handOn(req, res);
      return;
    }
    this.asked += 1;
    this.hungUp = once(res, 'close');
    attack.act(req, res, (bytes) => {
      this.sent += bytes;
    });
  }

  private handOn(req: IncomingMessage, res: ServerResponse): void {
    const { hostname, port, host } = this.target();
    const { method, url, headers } = req;
    const onward = request(
      { hostname, port, method, path: url, headers: { ...headers, host } },
      (answer) => {
        res.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(res);
      },
    );
    onward.on('error', () => res.destroy());
    req.pipe(onward);
  }
}
