import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * A TCP relay whose answers can be late, in slices, cut off or broken: what a network does to Redis. Only
 * answers are ill-treated, because what is half a request is nothing to Redis.
 */
export class BadNetwork {
  /** Milliseconds that each answer is late. */
  delayMs = 0;
  /** Answers come in pieces of this many bytes. */
  sliceBytes = Number.POSITIVE_INFINITY;
  /** Milliseconds between two pieces. */
  sliceMs = 0;
  /** After this many bytes of answers the connection ends, in the way of `ending`. */
  cutAfterBytes = Number.POSITIVE_INFINITY;
  /** `silent`: the connection stays open and nothing more comes. */
  ending: 'end' | 'reset' | 'silent' = 'end';
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly target: number,
  ) {
    server.on('connection', (client) => this.join(client));
  }

  static async open(target: number): Promise<BadNetwork> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new BadNetwork(server, target);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Everything is well again, for connections that are still there as well. */
  heal(): void {
    this.delayMs = 0;
    this.sliceBytes = Number.POSITIVE_INFINITY;
    this.sliceMs = 0;
    this.cutAfterBytes = Number.POSITIVE_INFINITY;
    this.ending = 'end';
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private join(client: Socket): void {
    const upstream = connect(this.target, '127.0.0.1');
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
    client.on('data', (chunk: Buffer) => upstream.write(chunk));
    let last = Promise.resolve();
    upstream.on('data', (chunk: Buffer) => {
      const due = this.delayMs === 0 ? undefined : delay(this.delayMs);
      last = last.then(async () => {
        await due;
        await this.deliver(client, chunk);
      });
    });
  }

  private async deliver(client: Socket, answer: Buffer): Promise<void> {
    let rest = answer;
    while (rest.length > 0 && client.writable) {
      const size = Math.min(this.sliceBytes, this.cutAfterBytes, rest.length);
      if (size > 0) client.write(rest.subarray(0, size));
      this.cutAfterBytes -= size;
      rest = rest.subarray(size);
      if (this.cutAfterBytes === 0) return this.finish(client);
      if (this.sliceMs > 0) await delay(this.sliceMs);
    }
  }

  private finish(client: Socket): void {
    if (this.ending === 'end') client.end();
    if (this.ending === 'reset') client.resetAndDestroy();
  }
}
