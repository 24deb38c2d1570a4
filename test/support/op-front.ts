import { once } from 'node:events';
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server as HttpServer,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import {
  createServer as createNetServer,
  type AddressInfo,
  type Server,
  type Socket,
} from 'node:net';
import type { TLSSocket } from 'node:tls';
import { freePort } from './redis-host.js';

export interface FrontTls {
  /** PEM of the server. */
  readonly cert: string;
  readonly key: string;
  /** PEM of the authority whose client certificates the second address takes (RFC 8705). */
  readonly clientCa: string;
}

type Handler = (req: IncomingMessage, res: ServerResponse) => void;

const FIRST_BYTE_OF_TLS = 0x16;
const LOOPBACK = '127.0.0.1';

/**
 * Where a provider listens: plain, or over TLS with a second address that asks for the client's certificate. The
 * first address still takes plain requests then: the browsers of the tests have their TLS ended before them.
 */
export class OpFront {
  private readonly port: number;

  private constructor(
    private readonly listener: Server,
    private readonly servers: readonly HttpServer[],
    readonly issuer: string,
    /** The address that asks for a certificate. */
    readonly mutual: string | undefined,
  ) {
    this.port = portOf(listener);
  }

  static async open(tls: FrontTls | undefined, handler: Handler): Promise<OpFront> {
    const plain = createHttpServer(handler);
    if (tls === undefined) {
      await listen(plain);
      return new OpFront(plain, [plain], `http://${LOOPBACK}:${portOf(plain)}`, undefined);
    }
    const { cert, key, clientCa: ca } = tls;
    const secure = createHttpsServer({ cert, key }, handler);
    const asking = { cert, key, ca, requestCert: true, rejectUnauthorized: false };
    const mutual = createHttpsServer(asking, handler);
    const either = createNetServer((socket) => hand(socket, { secure, plain }));
    await Promise.all([listen(either), listen(mutual)]);
    return new OpFront(
      either,
      [plain, secure, mutual],
      `https://${LOOPBACK}:${portOf(either)}`,
      `https://${LOOPBACK}:${portOf(mutual)}`,
    );
  }

  /** Nobody listens any more; the port stays ours by custom. */
  async down(): Promise<void> {
    for (const server of this.servers) server.closeAllConnections();
    if (!this.listener.listening) return;
    this.listener.close();
    await once(this.listener, 'close');
  }

  async up(): Promise<void> {
    this.listener.listen(this.port, LOOPBACK);
    await once(this.listener, 'listening');
  }

  async close(): Promise<void> {
    await this.down();
    for (const server of this.servers) server.close();
  }
}

/** What a terminator in front tells the provider: the certificate that was shown, and whether it is to be trusted. */
export function certificateHeaders({ socket }: IncomingMessage): Record<string, string> {
  const { authorized, getPeerCertificate } = socket as Partial<TLSSocket>;
  const shown = getPeerCertificate?.call(socket as TLSSocket)?.raw;
  if (shown === undefined) return {};
  return {
    'x-client-certificate': shown.toString('base64'),
    'x-client-verified': String(authorized === true),
  };
}

/** The first byte tells a TLS handshake from an HTTP request. */
function hand(
  socket: Socket,
  to: { readonly secure: HttpServer; readonly plain: HttpServer },
): void {
  socket.on('error', () => socket.destroy());
  socket.once('data', (first: Buffer) => {
    socket.pause();
    socket.unshift(first);
    const server = first[0] === FIRST_BYTE_OF_TLS ? to.secure : to.plain;
    server.emit('connection', socket);
    if (server === to.plain) socket.resume();
  });
}

async function listen(server: Server): Promise<void> {
  server.listen(await freePort(), LOOPBACK);
  await once(server, 'listening');
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
