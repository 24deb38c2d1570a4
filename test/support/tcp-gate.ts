import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * A TCP relay that can hold back what the client sends, and deliver it later, even after the client has hung
 * up: the network (or a paused server's socket buffer) on demand.
 */
export class TcpGate {
  private held: (() => void)[] | undefined;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly target: number,
  ) {
    server.on('connection', (client) => this.relay(client));
  }

  static async open(target: number): Promise<TcpGate> {
    const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new TcpGate(server, target);
  }

  get port(): number {
    const address = this.server.address();
    if (address === null || typeof address === 'string') throw new Error('the gate is closed');
    return address.port;
  }

  /** From now on nothing reaches the server. */
  hold(): void {
    this.held ??= [];
  }

  /** Delivers what was held, in order; later traffic flows. */
  release(): void {
    const held = this.held ?? [];
    this.held = undefined;
    for (const deliver of held) deliver();
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private relay(client: Socket): void {
    const upstream = connect({ port: this.target, host: '127.0.0.1', allowHalfOpen: true });
    for (const socket of [client, upstream]) {
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => this.sockets.delete(socket));
    }
    client.on('data', (chunk: Buffer) => this.pass(() => upstream.write(chunk)));
    client.on('close', () => this.pass(() => upstream.end()));
    upstream.on('data', (chunk: Buffer) => client.writable && client.write(chunk));
    upstream.on('close', () => client.destroy());
  }

  private pass(deliver: () => void): void {
    if (this.held === undefined) deliver();
    else this.held.push(deliver);
  }
}
