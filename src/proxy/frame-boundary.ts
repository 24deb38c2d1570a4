/** Bytes of a frame's head that say how long the head is (RFC 6455 §5.2). */
const SMALLEST_HEAD = 2;
const MASKED = 0x80;
const MASK_BYTES = 4;
const TWO_BYTES = 126;
const EIGHT_BYTES = 127;

/**
 * Follows what flows through a WebSocket from frame to frame without looking into any: only between two of them
 * may another one be put in.
 */
export class FrameBoundary {
  private head: number[] = [];
  /** Bytes of the frame that are still to come. */
  private left = 0;

  get isBetweenFrames(): boolean {
    return this.head.length === 0 && this.left === 0;
  }

  /** Takes note of what went through. */
  pass(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.left > 0) {
        const skipped = Math.min(this.left, chunk.length - at);
        this.left -= skipped;
        at += skipped;
        continue;
      }
      this.head.push(chunk[at] ?? 0);
      at += 1;
      if (this.head.length < headLength(this.head)) continue;
      this.left = payloadLength(this.head);
      this.head = [];
    }
  }
}

function headLength([, second = 0]: readonly number[]): number {
  return SMALLEST_HEAD + lengthBytes(second) + ((second & MASKED) === 0 ? 0 : MASK_BYTES);
}

function lengthBytes(second: number): number {
  const length = second & ~MASKED;
  if (length === TWO_BYTES) return 2;
  return length === EIGHT_BYTES ? 8 : 0;
}

function payloadLength(head: readonly number[]): number {
  const [, second = 0] = head;
  const count = lengthBytes(second);
  if (count === 0) return second & ~MASKED;
  const bytes = head.slice(SMALLEST_HEAD, SMALLEST_HEAD + count);
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}
