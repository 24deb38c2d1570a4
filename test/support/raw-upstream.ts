import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok';

/** An upstream that keeps the very bytes it was sent: no parser stands between them and the judgement. */
export class RawUpstream {
  /** Everything that came, one entry per connection. */
  readonly connections: string[] = [];
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {
    server.on('connection', (socket) => this.hear(socket));
  }

  static async start(): Promise<RawUpstream> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new RawUpstream(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** All requests' heads, first lines first. */
  get heads(): string[][] {
    return this.connections.flatMap((text) =>
      text
        .split(/(?=(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|TRACE) [^ ]+ HTTP\/1\.1\r\n)/)
        .filter((part) => part !== '')
        .map((part) => (part.split('\r\n\r\n', 1)[0] ?? '').split('\r\n')),
    );
  }

  forget(): void {
    this.connections.length = 0;
    for (const socket of this.sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.forget();
    this.server.close();
    await once(this.server, 'close');
  }

  private hear(socket: Socket): void {
    const at = this.connections.push('') - 1;
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      this.connections[at] = `${this.connections[at] ?? ''}${chunk.toString('latin1')}`;
      if (isComplete(this.connections[at] ?? '')) socket.write(ANSWER);
    });
  }
}

/** Whether the last request of a connection has come in full. */
function isComplete(text: string): boolean {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return false;
  const head = text.slice(0, end).toLowerCase();
  const body = text.slice(end + '\r\n\r\n'.length);
  if (head.includes('\r\ntransfer-encoding: chunked')) return body.endsWith('0\r\n\r\n');
  const length = /\r\ncontent-length: (\d+)/.exec(head)?.[1];
  return body.length >= Number(length ?? 0);
}
