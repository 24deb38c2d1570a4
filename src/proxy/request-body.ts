import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';

/**
 * A request's body for one forwarding of it. Whatever becomes of that, the request lives on, and with it the
 * connection on which the client waits for its answer: a body that is destroyed would take both along. What nobody
 * wants any more is read and thrown away, so that the connection can be used again.
 */
export class RequestBody extends Readable {
  constructor(private readonly request: IncomingMessage) {
    super({ highWaterMark: request.readableHighWaterMark });
    request.on('data', this.onData);
    request.on('end', this.onEnd);
    request.on('error', this.onError);
    request.on('close', this.onClose);
    request.pause();
  }

  override _read(): void {
    this.request.resume();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    const { request } = this;
    request.off('data', this.onData);
    request.off('end', this.onEnd);
    request.off('close', this.onClose);
    // The listener for errors stays: without one they would be nobody's.
    request.resume();
    callback(error);
  }

  private readonly onData = (chunk: Buffer): void => {
    if (!this.push(chunk)) this.request.pause();
  };

  private readonly onEnd = (): void => {
    this.push(null);
  };

  private readonly onError = (error: Error): void => {
    this.destroy(error);
  };

  private readonly onClose = (): void => {
    if (!this.request.complete) this.destroy(new Error('the client broke off'));
  };
}
