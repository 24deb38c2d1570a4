import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const TEXT = 1;
const CLOSE = 8;
const FINAL = 0x80;
const MASKED = 0x80;
/** Where the length stands in two, or in eight, bytes of its own (RFC 6455 §5.2). */
const TWO_BYTES = 126;
const EIGHT_BYTES = 127;

interface Frame {
  readonly opcode: number;
  readonly payload: Buffer;
  readonly rest: Buffer;
}

/** One end of a WebSocket (RFC 6455), as far as tests need one: whole texts, and how it closed. */
export class WebSocketPeer {
  /** The code of the other end's Close frame; absent where the connection just broke. */
  closeCode: number | undefined;
  readonly closed: Promise<void>;
  private readonly texts: string[] = [];
  private buffered: Buffer;

  constructor(
    private readonly socket: Duplex,
    head: Buffer,
    /** What a client sends is masked. */
    private readonly isClient: boolean,
    readonly headers: IncomingHttpHeaders,
  ) {
    this.buffered = head;
    this.closed = new Promise((resolve) => {
      socket.once('close', () => resolve());
    });
    // A connection that breaks closes, and that is all that these tests ask about.
    socket.on('error', () => undefined);
    socket.on('end', () => socket.end());
    socket.on('data', (chunk: Buffer) => this.take(chunk));
    this.take(Buffer.alloc(0));
  }

  get isOpen(): boolean {
    return !this.socket.closed;
  }

  send(text: string): void {
    this.sendFrame(TEXT, Buffer.from(text));
  }

  /** The next text that was not read yet; rejects when the connection closes without one. */
  async next(): Promise<string> {
    for (;;) {
      const text = this.texts.shift();
      if (text !== undefined) return text;
      if (!this.isOpen) throw new Error('the WebSocket closed without a message');
      await Promise.race([once(this.socket, 'data'), this.closed]);
    }
  }

  /** Says goodbye as the protocol has it. */
  close(code: number): void {
    const payload = Buffer.alloc(2);
    payload.writeUInt16BE(code);
    this.sendFrame(CLOSE, payload);
    this.socket.end();
  }

  /** Breaks the connection off. */
  leave(): void {
    this.socket.destroy();
  }

  /** Bytes as they are. */
  sendRaw(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  private sendFrame(opcode: number, payload: Buffer): void {
    this.socket.write(frameOf(opcode, payload, this.isClient));
  }

  private take(chunk: Buffer): void {
    this.buffered = Buffer.concat([this.buffered, chunk]);
    for (;;) {
      const frame = firstFrame(this.buffered);
      if (frame === undefined) return;
      this.buffered = frame.rest;
      if (frame.opcode === TEXT) this.texts.push(frame.payload.toString('utf8'));
      if (frame.opcode === CLOSE && frame.payload.length >= 2)
        this.closeCode = frame.payload.readUInt16BE(0);
    }
  }
}

export type Opened =
  | { readonly kind: 'open'; readonly peer: WebSocketPeer }
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly headers: IncomingHttpHeaders;
      readonly body: string;
    };

/** The headers by which a client asks for a WebSocket. */
export function upgradeHeaders(): Record<string, string> {
  return {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': randomBytes(16).toString('base64'),
  };
}

/** Asks for a WebSocket; every host is this machine. Throws when the accepted key is wrong (RFC 6455 §4.1). */
export async function openWebSocket(
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Opened> {
  const { host, port, pathname, search } = new URL(url);
  const asked = upgradeHeaders();
  const outgoing = request({
    host: '127.0.0.1',
    port,
    path: `${pathname}${search}`,
    agent: false,
    headers: { host, ...asked, ...headers },
  }).end();
  const switched = once(outgoing, 'upgrade') as Promise<[IncomingMessage, Duplex, Buffer]>;
  const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>;
  const [answer, socket, head] = await Promise.race([switched, answered]);
  if (socket === undefined || head === undefined) {
    const chunks: Buffer[] = [];
    for await (const chunk of answer) chunks.push(chunk as Buffer);
    const { statusCode: status = 0, headers: got } = answer;
    return { kind: 'refused', status, headers: got, body: Buffer.concat(chunks).toString('utf8') };
  }
  if (answer.headers['sec-websocket-accept'] !== acceptOf(asked['sec-websocket-key'] ?? ''))
    throw new Error('another key was accepted than the one that was sent');
  return { kind: 'open', peer: new WebSocketPeer(socket, head, true, answer.headers) };
}

/** The other side: accepts a WebSocket that was asked for. */
export function acceptWebSocket(
  req: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  more: readonly string[] = [],
): WebSocketPeer {
  const accept = acceptOf(req.headers['sec-websocket-key'] ?? '');
  socket.write(
    [
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Accept: ${accept}`,
      ...more,
      '',
      '',
    ].join('\r\n'),
  );
  return new WebSocketPeer(socket, head, false, req.headers);
}

function acceptOf(key: string): string {
  return createHash('sha1').update(`${key}${GUID}`).digest('base64');
}

/** One frame of a whole message. */
export function frameOf(opcode: number, payload: Buffer, isMasked: boolean): Buffer {
  const length = lengthOf(payload.length, isMasked);
  if (!isMasked) return Buffer.concat([Buffer.from([FINAL | opcode]), length, payload]);
  const mask = randomBytes(4);
  return Buffer.concat([Buffer.from([FINAL | opcode]), length, mask, masked(payload, mask)]);
}

function lengthOf(length: number, isMasked: boolean): Buffer {
  const bit = isMasked ? MASKED : 0;
  if (length < TWO_BYTES) return Buffer.from([bit | length]);
  if (length < 65_536) return Buffer.from([bit | TWO_BYTES, length >> 8, length & 0xff]);
  const bytes = Buffer.alloc(9);
  bytes.writeUInt8(bit | EIGHT_BYTES, 0);
  bytes.writeBigUInt64BE(BigInt(length), 1);
  return bytes;
}

function masked(payload: Buffer, mask: Buffer): Buffer {
  return Buffer.from(payload.map((byte, at) => byte ^ (mask[at % 4] ?? 0)));
}

/** Undefined while it is not there in full. */
function firstFrame(bytes: Buffer): Frame | undefined {
  if (bytes.length < 2) return undefined;
  const opcode = bytes.readUInt8(0) & 0x0f;
  const second = bytes.readUInt8(1);
  const short = second & 0x7f;
  const lengthBytes = short === TWO_BYTES ? 2 : short === EIGHT_BYTES ? 8 : 0;
  const maskBytes = (second & MASKED) === 0 ? 0 : 4;
  const start = 2 + lengthBytes + maskBytes;
  if (bytes.length < start) return undefined;
  const length =
    lengthBytes === 0
      ? short
      : lengthBytes === 2
        ? bytes.readUInt16BE(2)
        : Number(bytes.readBigUInt64BE(2));
  if (bytes.length < start + length) return undefined;
  const mask = bytes.subarray(2 + lengthBytes, start);
  const payload = bytes.subarray(start, start + length);
  return {
    opcode,
    payload: maskBytes === 0 ? payload : masked(payload, mask),
    rest: bytes.subarray(start + length),
  };
}
