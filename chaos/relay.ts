import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** The network between Vestibule and its Redis, which can be made slow. */
export class Relay {
  /** Milliseconds that each packet to Redis is held back. */
  delayMs = 0;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  private constructor(server: Server, target: number) {
    this.server = server;
    server.on('connection', (client: Socket) => this.join(client, connect(target, '127.0.0.1')));
  }

  static async open(target: number): Promise<Relay> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Relay(server, target);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }

  private join(client: Socket, upstream: Socket): void {
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.sockets.delete(socket);
        other.destroy();
      });
    }
    upstream.on('data', (chunk) => client.write(chunk));
    // A network may be slow, but TCP keeps the order, also while it gets faster again.
    let last = Promise.resolve();
    client.on('data', (chunk) => {
      const held = this.delayMs === 0 ? undefined : delay(this.delayMs);
      last = last.then(async () => {
        await held;
        if (upstream.writable) upstream.write(chunk);
      });
    });
  }
}
