import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { spentBuffers } from './spent-buffers.js';

/**
 * A request's body for one forwarding of it. Whatever becomes of that, the request lives on: what nobody wants any
 * more is read and thrown away, else the client would wait for ever to get rid of it, and could not use its
 * connection again.
 */
export class RequestBody extends Readable {
  constructor(private readonly request: IncomingMessage) {
    super({ highWaterMark: request.readableHighWaterMark });
    // A client may break off when nobody sends its body on any more.
    this.on('error', () => undefined);
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
    request.resume();
    callback(error);
  }

  private readonly onData = (chunk: Buffer): void => {
    spentBuffers.add(chunk.length);
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
