import type { Exchange } from '../http/exchange.js';
import type { EndReason } from '../domain/session.js';
import type { SessionListener } from './session-listener.js';

/** Milliseconds after which a browser comes back by itself. */
const RETRY_MS = 3_000;
/** The id that the last event of a session carries; a browser that comes back with it is told to stay away. */
export const ENDED_ID = 'ended';

/** One open event stream (HTML, Server-sent events). Writes are small; a reader that does not read is cut off. */
export class SessionStream implements SessionListener {
  readonly kind = 'events';

  constructor(private readonly exchange: Exchange) {
    exchange.res.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      // nginx would collect the events otherwise.
      'X-Accel-Buffering': 'no',
    });
    exchange.res.write(`retry: ${RETRY_MS}\n\n`);
  }

  get isOpen(): boolean {
    return !this.exchange.res.writableEnded && !this.exchange.res.destroyed;
  }

  onClose(listener: () => void): void {
    this.exchange.res.once('close', listener);
  }

  send(event: 'expiring' | 'renewed', data: object): void {
    this.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  /** Tells the end and closes. */
  end(reason: EndReason | undefined): void {
    this.write(
      `id: ${ENDED_ID}\nevent: ended\ndata: ${JSON.stringify({ reason: reason ?? null })}\n\n`,
    );
    this.close();
  }

  heartbeat(): void {
    this.write(': \n\n');
  }

  /** Closes; the browser comes back by itself. */
  close(): void {
    this.exchange.res.end();
  }

  private write(text: string): void {
    if (this.isOpen && !this.exchange.res.write(text)) this.exchange.res.destroy();
  }
}
