import { EventEmitter, once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from './processes.ts';

/**
 * What befalls whoever sends: nobody listens; the connection is reset; nothing arrives until it is over, as in a
 * network that swallows; something in front answers 503.
 */
export type Fault = 'down' | 'reset' | 'black hole' | 'unavailable';
export type Grant = 'authorization_code' | 'refresh_token';

/** Under load there is always somebody. */
const LIMIT_MS = 20_000;
const UNAVAILABLE =
  'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';

/** The network between Vestibule and what it needs: slow, or broken. */
export class Relay {
  /** Milliseconds that each packet to the server is held back. */
  delayMs = 0;
  readonly port: number;
  /** When refresh tokens were sent. */
  private readonly refreshes: number[] = [];
  private fault: Fault | undefined;
  private healed = new EventEmitter();
  private readonly seen = new EventEmitter();
  private readonly sockets = new Set<Socket>();

  private readonly server: Server;
  private readonly target: number;

  private constructor(server: Server, target: number) {
    this.server = server;
    this.target = target;
    this.port = (server.address() as AddressInfo).port;
    this.healed.setMaxListeners(0);
    server.on('connection', (client: Socket) => this.join(client));
  }

  static async open(target: number): Promise<Relay> {
    const server = createServer().listen(await freePort(), '127.0.0.1');
    await once(server, 'listening');
    return new Relay(server, target);
  }

  /** From now on it is broken; what is under way breaks as well. */
  async break(fault: Fault): Promise<void> {
    this.fault = fault;
    if (fault === 'down') this.server.close();
    if (fault === 'down' || fault === 'reset')
      for (const socket of this.sockets) socket.resetAndDestroy();
  }

  async heal(): Promise<void> {
    const { fault } = this;
    this.fault = undefined;
    this.healed.emit('healed');
    if (fault !== 'down') return;
    this.server.listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
  }

  /** Resolves when the next request with such a grant has come; rejects when none comes. */
  async next(grant: Grant): Promise<void> {
    await once(this.seen, grant, { signal: AbortSignal.timeout(LIMIT_MS) });
  }

  /** How many refresh tokens were sent between two instants. */
  refreshesBetween(from: number, to: number): number {
    return this.refreshes.filter((instant) => instant >= from && instant <= to).length;
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
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
    upstream.on('data', (chunk) => client.write(chunk));
    // A network may be slow, but TCP keeps the order, also while it gets faster again.
    let last = Promise.resolve();
    client.on('data', (chunk) => {
      if (this.fault === 'unavailable') return void client.end(UNAVAILABLE);
      if (chunk.includes('grant_type=refresh_token')) this.refreshes.push(performance.now());
      if (this.fault === 'reset') return void client.resetAndDestroy();
      this.tell(chunk);
      const held = this.held();
      last = last.then(async () => {
        await held;
        if (upstream.writable) upstream.write(chunk);
      });
    });
  }

  private held(): Promise<unknown> | undefined {
    if (this.fault === 'black hole') return once(this.healed, 'healed');
    return this.delayMs === 0 ? undefined : delay(this.delayMs);
  }

  private tell(chunk: Buffer): void {
    for (const grant of ['authorization_code', 'refresh_token'] as const)
      if (chunk.includes(`grant_type=${grant}`)) this.seen.emit(grant);
  }
}
