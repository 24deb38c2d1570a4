import type { ServerResponse } from 'node:http';
import type { SessionListener } from '../session/session-listener.js';

/**
 * An answer that streams for longer than its request. It has nothing to be told; it is cut when its session ends,
 * and closed when this instance goes.
 */
export class OpenConnection implements SessionListener {
  readonly kind = 'connection';

  constructor(private readonly answer: ServerResponse) {}

  get isOpen(): boolean {
    return !this.answer.destroyed && !this.answer.writableEnded;
  }

  onClose(listener: () => void): void {
    this.answer.once('close', listener);
  }

  send(): void {
    // Nobody at the other end knows our events.
  }

  heartbeat(): void {
    // What flows through is not ours to add to.
  }

  end(): void {
    this.answer.destroy();
  }

  close(): void {
    this.answer.destroy();
  }
}
