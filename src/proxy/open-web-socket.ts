import type { Socket } from 'node:net';
import type { SessionListener } from '../session/session-listener.js';
import { FrameBoundary } from './frame-boundary.js';

/** Codes of a Close frame (RFC 6455 §7.4.1). */
const GOING_AWAY = 1001;
const POLICY_VIOLATION = 1008;
/** An end that does not read what is left for it, or does not hang up, is cut off after this time. */
const LAST_WORDS_MS = 2_000;
/** A client or an upstream that vanished without a word is noticed. */
const KEEP_ALIVE_MS = 60_000;

/**
 * The two ends of a WebSocket, joined: bytes both ways, no faster than the other end reads; when one end goes, so
 * does the other. A page hears why where a Close frame can be put in, that is between two messages of the upstream.
 */
export class OpenWebSocket implements SessionListener {
  readonly kind = 'connection';
  private readonly boundary = new FrameBoundary();

  constructor(
    private readonly client: Socket,
    private readonly upstream: Socket,
  ) {}

  /** `head`s: what came from either end behind its request or answer. */
  join(fromClient: Buffer, fromUpstream: Buffer): void {
    const { client, upstream } = this;
    for (const [end, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      end.setTimeout(0);
      end.setKeepAlive(true, KEEP_ALIVE_MS);
      // What breaks also closes.
      end.on('error', () => end.destroy());
      end.once('end', () => cutOffLater(end));
      end.once('close', () => hangUp(other));
    }
    upstream.on('data', (chunk: Buffer) => this.boundary.pass(chunk));
    if (fromUpstream.length > 0) upstream.unshift(fromUpstream);
    if (fromClient.length > 0) client.unshift(fromClient);
    upstream.pipe(client);
    client.pipe(upstream);
    // One of them may have gone before anybody listened.
    if (client.destroyed) hangUp(upstream);
    if (upstream.destroyed) hangUp(client);
  }

  get isOpen(): boolean {
    return !this.client.destroyed && !this.client.writableEnded;
  }

  onClose(listener: () => void): void {
    this.client.once('close', listener);
  }

  send(): void {
    // Nobody at the other end knows our events.
  }

  heartbeat(): void {
    // What flows through is not ours to add to.
  }

  end(): void {
    this.closeWith(POLICY_VIOLATION);
  }

  close(): void {
    this.closeWith(GOING_AWAY);
  }

  private closeWith(code: number): void {
    if (!this.isOpen) return;
    this.upstream.unpipe(this.client);
    if (this.boundary.isBetweenFrames) this.client.write(closeFrame(code));
    this.upstream.destroy();
    hangUp(this.client);
  }
}

/** Closes once the other side has read what is on its way, but not much later. */
function hangUp(end: Socket): void {
  if (end.destroyed) return;
  end.destroySoon();
  cutOffLater(end);
}

function cutOffLater(end: Socket): void {
  const timer = setTimeout(() => end.destroy(), LAST_WORDS_MS).unref();
  end.once('close', () => clearTimeout(timer));
}

/** Unmasked, as servers send (RFC 6455 §5.1, §5.5.1). */
function closeFrame(code: number): Buffer {
  return Buffer.from([0x88, 2, code >> 8, code & 0xff]);
}
